package template

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// probe is what probeSQL answers.
type probe struct {
	others     int64
	Catalogs   int64
	Tables     []int64
	Maintained int64
	Outside    string
	Last       []int64
	Called     []bool
}

// connectKeeper opens the administrator's session that stays in a clone: it
// looks what a test did, and undoes it. No trigger, rule or foreign key fires for
// it, and it reads statistics as they are, not as they were when it first looked.
func (c *Clone) connectKeeper(ctx context.Context) error {
	cfg := c.config(c.template.store.host.Admin)
	cfg.RuntimeParams["session_replication_role"] = "replica"
	cfg.RuntimeParams["stats_fetch_consistency"] = "none"
	cfg.RuntimeParams["application_name"] = "seedbed keeper"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	c.keeper = conn
	return err
}

// look takes a probe.
func (c *Clone) look(ctx context.Context, l *layout) (p probe, err error) {
	oids := make([]uint32, len(l.Tables))
	for i, t := range l.Tables {
		oids[i] = t.OID
	}
	var ours uint32 // a session that waits for the next test
	if c.session != nil {
		ours = c.session.pid
	}
	err = c.keeper.QueryRow(ctx, l.probe, l.Catalogs, oids, ours).
		Scan(&p.others, &p.Catalogs, &p.Tables, &p.Maintained, &p.Outside, &p.Last, &p.Called)
	return p, err
}

// changes says what has to be undone to get from p back to base, or why that
// cannot be done.
func (l *layout) changes(base, p probe) (tables []int, sequences []int, refused error) {
	switch {
	case p.others > 0:
		return nil, nil, errors.New("somebody is still connected")
	case p.Catalogs != base.Catalogs:
		return nil, nil, errors.New("the catalog has changed")
	case p.Maintained != base.Maintained:
		return nil, nil, errors.New("a table was vacuumed or analyzed")
	case p.Outside != base.Outside:
		return nil, nil, errors.New("settings, roles, statistics, subscriptions, prepared transactions or slots have changed")
	case len(p.Tables) != len(base.Tables) || len(p.Last) != len(base.Last):
		return nil, nil, errors.New("the answer is incomplete")
	}
	for i := range p.Tables {
		if p.Tables[i] == base.Tables[i] {
			continue
		}
		if l.Tables[i].Large {
			return nil, nil, fmt.Errorf("%s has changed and is too large to restore", l.Tables[i].Name)
		}
		tables = append(tables, i)
	}
	for i := range p.Last {
		if p.Last[i] != base.Last[i] || p.Called[i] != base.Called[i] {
			sequences = append(sequences, i)
		}
	}
	return tables, sequences, nil
}

// bloat is how many changed rows a clone may have seen before a fresh one is the
// better one: emptied tables keep their pages.
const bloat = 50_000

// reset undoes what a test did. It returns why it could not, for a clone that
// has to be dropped.
func (c *Clone) reset(ctx context.Context) error {
	p, err := c.lookAlone(ctx)
	if err != nil {
		return err
	}
	tables, sequences, err := c.layout.changes(c.base, p)
	if err != nil || len(tables)+len(sequences) == 0 {
		return err
	}
	if sum(p.Tables) > bloat { // a new database's counts begin at 0
		return errors.New("so many rows have changed that a fresh one is smaller")
	}
	if err := c.undo(ctx, tables, sequences); err != nil {
		return err
	}
	c.base, err = c.look(ctx, c.layout)
	return err
}

// lookAlone waits a little for sessions that are going away.
func (c *Clone) lookAlone(ctx context.Context) (probe, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		p, err := c.look(ctx, c.layout)
		if err != nil || p.others == 0 || wait > time.Second {
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// undo empties the changed tables and puts their rows and the sequences back, in
// one transaction, and in one round trip unless a table had rows.
func (c *Clone) undo(ctx context.Context, tables, sequences []int) error {
	l := c.layout
	var sql strings.Builder
	sql.WriteString("BEGIN;")
	refill := false
	for _, i := range tables {
		fmt.Fprintf(&sql, "DELETE FROM ONLY %s;", l.Tables[i].Name)
		refill = refill || l.Tables[i].Filled
	}
	for _, i := range sequences {
		fmt.Fprintf(&sql, "SELECT setval('%s', %d, %t);", strings.ReplaceAll(l.Sequences[i], "'", "''"), c.base.Last[i], c.base.Called[i])
	}
	if refill {
		if _, err := c.keeper.PgConn().Exec(ctx, sql.String()).ReadAll(); err != nil {
			return err
		}
		sql.Reset()
		for _, i := range tables {
			if l.Tables[i].Filled {
				if err := l.Tables[i].restore(ctx, c.keeper); err != nil {
					return fmt.Errorf("restore %s: %w", l.Tables[i].Name, err)
				}
			}
		}
	}
	// The keeper's own counts have to be in before the next look.
	sql.WriteString("COMMIT; SELECT pg_stat_force_next_flush();")
	_, err := c.keeper.PgConn().Exec(ctx, sql.String()).ReadAll()
	return err
}

func sum(counts []int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}
