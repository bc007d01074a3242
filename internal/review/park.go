package review

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// parkingPoll is how often is looked whether a statement has come to wait.
const parkingPoll = 2 * time.Millisecond

// parking reads the locks of a command that works through several transactions and
// has let go of everything when it returns. Another session holds ROW EXCLUSIVE on
// every table, as writers do, so that the command stops where it waits for them;
// there its locks are read. Then the session steps down to ACCESS SHARE, as readers
// hold, and they are read again.
type parking struct {
	scratch *scratch
	pid     uint32 // of the session that runs the command
	tables  []string
	seen    locks
}

// run runs do, which sends the command, and returns what it returned.
func (p *parking) run(ctx context.Context, name string, do func() error) error {
	var holders [2]*pgx.Conn
	for i, mode := range []Lock{RowExclusive, AccessShare} {
		conn, err := p.scratch.connect(ctx, name, nil, nil)
		if err != nil {
			return err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		holders[i] = conn
		if err := p.hold(ctx, conn, mode); err != nil {
			return err
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

func (p *parking) hold(ctx context.Context, conn *pgx.Conn, mode Lock) error {
	sql := "begin"
	if len(p.tables) > 0 {
		sql += fmt.Sprintf("; lock table %s in %s mode", strings.Join(p.tables, ", "), mode)
	}
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("stand in a statement's way to read its locks: %w", err)
	}
	return nil
}

// watch waits until the command waits, or has finished.
func (p *parking) watch(ctx context.Context, done <-chan error) (finished bool, err error) {
	for {
		select {
		case err := <-done:
			return true, err
		case <-time.After(parkingPoll):
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
func (p *parking) read(ctx context.Context) (waits bool, err error) {
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

// parked runs a command that ends its transactions itself and returns the locks it
// was seen with.
func (r *run) parked(ctx context.Context, sql string) (locks, error) {
	p := &parking{scratch: r.scratch, pid: r.sess.conn.PgConn().PID(), seen: locks{}}
	for _, rel := range r.now.rels {
		if rel.table() && !rel.Extension {
			p.tables = append(p.tables, "only "+rel.sql())
		}
	}
	err := p.run(ctx, r.sess.database, func() error { return r.sess.exec(ctx, sql) })
	return p.seen, err
}
