package review

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/sqltext"
)

// observerPoll is how often the observer looks whether a statement has come to wait.
const observerPoll = 2 * time.Millisecond

// lockObserver reads the locks of a command that works through several transactions and
// has let go of everything when it returns. Another session holds ROW EXCLUSIVE on
// every table, as writers do, so that the command stops where it waits for them;
// there its locks are read. Then the session steps down to ACCESS SHARE, as readers
// hold, and they are read again. A partition that is detached is read a third time:
// its own lock is taken only when no session uses the parent any more.
type lockObserver struct {
	scratch           *scratch
	pid               uint32 // of the session that runs the command
	tables            []string
	detachedPartition []string // the partition that is detached
	seen              locks
}

// run runs do, which sends the command, and returns what it returned.
func (p *lockObserver) run(ctx context.Context, name string, do func() error) error {
	var holders []*pgx.Conn
	for _, hold := range p.stages() {
		conn, err := p.scratch.connect(ctx, name, nil, nil)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		holders = append(holders, conn)
		if _, err := conn.PgConn().Exec(ctx, hold).ReadAll(); err != nil {
			return fmt.Errorf("stand in a statement's way to read its locks: %w", err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	for _, h := range holders {
		if finished, err := p.watch(ctx, done); finished {
			return err
		}
		if _, err := h.Exec(ctx, "rollback"); err != nil {
			return errors.Join(err, <-done)
		}
	}
	return <-done
}

// stages are the transactions that stand in the command's way, one after the other.
func (p *lockObserver) stages() []string {
	hold := func(tables []string, mode Lock) string {
		if len(tables) == 0 {
			return "begin"
		}
		return fmt.Sprintf("begin; lock table %s in %s mode", strings.Join(tables, ", "), mode)
	}
	all := []string{hold(p.tables, RowExclusive), hold(p.tables, AccessShare)}
	if len(p.detachedPartition) > 0 {
		all = append(all, hold(p.detachedPartition, AccessShare))
	}
	return all
}

// watch waits until the command waits, or has finished.
func (p *lockObserver) watch(ctx context.Context, done <-chan error) (finished bool, err error) {
	for {
		select {
		case err := <-done:
			return true, err
		case <-time.After(observerPoll):
		}
		waits, err := p.read(ctx)
		if err != nil {
			return true, errors.Join(err, <-done)
		}
		if waits {
			return false, nil
		}
	}
}

// read notes the locks of now, and reports whether the command waits for one.
func (p *lockObserver) read(ctx context.Context) (waits bool, err error) {
	rows, err := p.scratch.admin.Query(ctx, `select coalesce(case when locktype = 'relation' then relation end, 0)::int8, mode, granted
		from pg_locks where pid = $1 and (not granted or locktype = 'relation' and relation >= 16384)`, int64(p.pid))
	if err != nil {
		return false, err
	}
	var oid int64
	var mode string
	var granted bool
	_, err = pgx.ForEachRow(rows, []any{&oid, &mode, &granted}, func() error {
		waits = waits || !granted
		if oid > 0 {
			p.seen[uint32(oid)] = max(p.seen[uint32(oid)], lockModes[mode])
		}
		return nil
	})
	return waits, err
}

// observeLocks runs a command that ends its transactions itself and returns the locks it
// was seen with.
func (r *run) observeLocks(ctx context.Context, stmt statement) (locks, error) {
	p := &lockObserver{scratch: r.scratch, pid: r.sess.conn.PgConn().PID(), seen: locks{}}
	for _, rel := range r.state.rels {
		if rel.table() && !rel.Extension {
			p.tables = append(p.tables, "only "+rel.sql())
		}
	}
	if part := r.detachedPartition(stmt); part != nil {
		p.detachedPartition = []string{"only " + part.sql()}
	}
	err := p.run(ctx, r.sess.database, func() error { return r.sess.exec(ctx, stmt.Text) })
	return p.seen, err
}

// detachedPartition is the partition that DETACH PARTITION names; nil for anything else.
func (r *run) detachedPartition(stmt statement) *relation {
	at := sqltext.Index(stmt.Tokens, "detach", "partition")
	if at < 0 || at+2 >= len(stmt.Tokens) {
		return nil
	}
	name := stmt.Tokens[at+2:]
	if len(name) > 2 && name[1].Is(".") {
		return r.state.find(name[0].Text, name[2].Text)
	}
	return r.state.find("", name[0].Text)
}
