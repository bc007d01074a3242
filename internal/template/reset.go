package template

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// connectAdmin opens the admin connection, which stays in the database: it looks what
// a test did, and puts rows back. Ordinary triggers, rules and foreign keys do not fire
// for it, and it reads statistics as they are, not as they were when it first looked.
func (d *Database) connectAdmin(ctx context.Context) error {
	cfg := waiting(d.template.store.server.AdminConfig(d.Name), d.template.store.holders)
	cfg.RuntimeParams["session_replication_role"] = "replica"
	cfg.RuntimeParams["stats_fetch_consistency"] = "none"
	cfg.RuntimeParams["application_name"] = "seedbed admin connection"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	d.admin = conn
	return err
}

// manyRows is how many changed rows cost more to delete than a clone does to make.
const manyRows = 10_000

// reset puts back what a test has changed. It returns why that cannot be done, for a
// database that has to be dropped, or nil if the database is identical to its template.
func (d *Database) reset(ctx context.Context) error {
	plan := d.template.plan
	before, err := d.observeAlone(ctx)
	if err != nil {
		return err
	}
	c, err := plan.compare(d.baseline, before)
	if err != nil || c.empty() {
		return err
	}
	rows := int64(0)
	for _, i := range c.tables {
		if t := plan.Tables[i]; t.Obstacle != "" {
			return fmt.Errorf("%s has changed: %s", t.Name, t.Obstacle)
		}
		rows += before.Tables[i] - d.baseline.Tables[i]
	}
	if rows > manyRows {
		return fmt.Errorf("%d rows have changed: a clone is cheaper", rows)
	}
	if err := d.putBack(ctx, c); err != nil {
		return err
	}
	return d.prove(ctx, c, before)
}

// observeAlone waits a little for sessions that are about to end.
func (d *Database) observeAlone(ctx context.Context) (baseline, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		b, err := d.template.plan.observe(ctx, d)
		if err != nil || b.otherSessions == 0 || wait > time.Second {
			return b, err
		}
		select {
		case <-ctx.Done():
			return b, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// putBack empties the changed tables and restores their rows and the sequences, in one
// transaction, and in one round trip unless a table had rows.
func (d *Database) putBack(ctx context.Context, c changes) error {
	plan := d.template.plan
	var sql strings.Builder
	sql.WriteString("BEGIN;")
	var filled []planTable
	for _, i := range c.tables {
		t := plan.Tables[i]
		fmt.Fprintf(&sql, "DELETE FROM ONLY %s;", t.Name)
		if t.Filled {
			filled = append(filled, t)
		}
	}
	for _, i := range c.sequences {
		fmt.Fprintf(&sql, "SELECT setval(%s, %d, %t);", literal(plan.Sequences[i]), d.baseline.Last[i], d.baseline.Called[i])
	}
	if len(filled) > 0 {
		if _, err := d.admin.PgConn().Exec(ctx, sql.String()).ReadAll(); err != nil {
			return err
		}
		sql.Reset()
		for _, t := range filled {
			if err := t.restore(ctx, d.admin); err != nil {
				return fmt.Errorf("restore %s: %w", t.Name, err)
			}
		}
	}
	// The admin connection's own counts have to be in before the next look.
	sql.WriteString("COMMIT; SELECT pg_stat_force_next_flush();")
	_, err := d.admin.PgConn().Exec(ctx, sql.String()).ReadAll()
	return err
}

// restore fills the table, which has been emptied, in the order that its rows had.
func (t *planTable) restore(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.PgConn().CopyFrom(ctx, io.NopCloser(bytes.NewReader(t.Rows)), fmt.Sprintf("COPY %s (%s) FROM STDIN", t.Name, t.Columns))
	return err
}

// prove looks again at a database in which c was put back. Nothing else may have
// changed meanwhile, the filled tables must hold the template's rows, and no table may
// have grown so that the planner would see it. What it finds is the new baseline.
func (d *Database) prove(ctx context.Context, c changes, before baseline) error {
	plan := d.template.plan
	after, err := plan.observe(ctx, d)
	if err != nil {
		return err
	}
	touched, err := plan.compare(before, after)
	if err != nil {
		return fmt.Errorf("while rows were put back: %w", err)
	}
	for _, i := range touched.tables {
		if !slices.Contains(c.tables, i) {
			return fmt.Errorf("%s has changed while rows were put back", plan.Tables[i].Name)
		}
	}
	if !slices.Equal(after.Last, d.baseline.Last) || !slices.Equal(after.Called, d.baseline.Called) {
		return errors.New("a sequence has changed while rows were put back")
	}
	for _, i := range c.tables {
		t := plan.Tables[i]
		if !t.Filled {
			continue
		}
		sum, err := t.sum(ctx, d.admin)
		if err == nil && sum != t.Sum {
			err = errors.New("its rows differ from the template's, or stand in another order")
		}
		if err != nil {
			return fmt.Errorf("restore %s: %w", t.Name, err)
		}
	}
	if err := d.grown(ctx, c.tables); err != nil {
		return err
	}
	d.baseline = after
	return nil
}

// grown returns an error where a table has more pages than in the template, as far as
// that matters: a DELETE leaves pages, and the planner looks at them.
func (d *Database) grown(ctx context.Context, tables []int) error {
	var oids []uint32
	var most []int64
	for _, i := range tables {
		for _, r := range d.template.plan.Tables[i].Relation {
			oids, most = append(oids, r.OID), append(most, r.Most)
		}
	}
	var relation *string
	err := d.admin.QueryRow(ctx, `SELECT min(oid::regclass::text) FROM unnest($1::oid[], $2::int8[]) r(oid, most)
		WHERE pg_relation_size(oid) > most * current_setting('block_size')::int8`, oids, most).Scan(&relation)
	if err == nil && relation != nil {
		err = fmt.Errorf("%s has grown: plans would differ", *relation)
	}
	return err
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
