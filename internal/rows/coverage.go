package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/fake"
)

// coverage is a Linting at work.
type coverage struct {
	schema *schema
	tx     pgx.Tx
	world  world
	report LintReport
	makers map[*table]*Definition
}

func (c *coverage) run(ctx context.Context, volumes []Volume) error {
	if err := c.stepUp(ctx); err != nil {
		return err
	}
	c.makers = map[*table]*Definition{}
	for _, v := range volumes {
		t, err := c.schema.table(v.Definition.Table)
		if err != nil {
			c.report.Failures = append(c.report.Failures, err)
			continue
		}
		if c.makers[t] == nil {
			c.makers[t] = v.Definition
		}
		if _, err := c.create(ctx, v.Definition, int(v.N), v.Options, false); err != nil {
			c.report.Failures = append(c.report.Failures, err)
		}
	}
	for _, rel := range c.schema.cat.Tables() {
		if rel.Extension != "" || rel.Bookkeeping() {
			continue
		}
		if err := c.cover(ctx, c.schema.tables[rel]); err != nil {
			return err
		}
	}
	return nil
}

func (c *coverage) stepUp(ctx context.Context) error {
	var guarded []string
	for _, t := range c.schema.tables {
		if t.rel.RLS {
			guarded = append(guarded, t.rel.Ident())
		}
	}
	slices.Sort(guarded)
	if len(guarded) == 0 {
		return nil
	}
	sql, args := StepUp(Guarded, guarded)
	_, err := c.tx.Exec(ctx, sql, args...)
	return err
}

// create makes rows in a savepoint. Where keep says so it is kept, but for the last
// row, which is made and not written: it serves as a valid one that is not there yet.
func (c *coverage) create(ctx context.Context, bp *Definition, n int, options []Option, keep bool) ([]*draft, error) {
	sp, err := c.tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	var made []*draft
	d := database{address: c.world.database, model: &c.schema.model}
	err = persist(ctx, sp, d, func() error {
		s, err := d.schema(ctx, sp)
		if err != nil {
			return err
		}
		b := newBuild(s, c.world, fake.Epoch)
		b.looker(ctx, sp)
		if made, err = b.wishes(bp, n, options); err != nil {
			return fmt.Errorf("create %s: %w", bp.Table, err)
		}
		subtype := slices.ContainsFunc(made[0].table.edges, func(e *edge) bool { return len(e.fixes) > 0 })
		if keep && !subtype { // a base needs its subtype's row, and so that one must be there
			b.order = b.order[:slices.Index(b.order, made[n-1])]
		}
		if err := b.write(ctx, sp); err != nil {
			return err
		}
		made[n-1].ready()
		// what is deferred would come at the commit, which never comes
		_, err = sp.Exec(ctx, "set constraints all immediate; set constraints all deferred")
		return err
	})
	if err != nil || !keep {
		return made, errors.Join(err, sp.Rollback(ctx))
	}
	return made, sp.Commit(ctx)
}

// cover tries to break every constraint of a table.
func (c *coverage) cover(ctx context.Context, t *table) error {
	bp := c.makers[t]
	if bp == nil {
		bp = &Definition{Table: t.name}
	}
	sp, err := c.tx.Begin(ctx)
	if err != nil {
		return err
	}
	made, err := (&coverage{schema: c.schema, tx: sp, world: c.world}).create(ctx, bp, 2, nil, true)
	if err != nil {
		for _, v := range t.violations(nil, nil) {
			c.unproven(t, v, "no valid row could be made to begin with: "+err.Error())
		}
		return sp.Rollback(ctx)
	}
	for _, v := range t.violations(made[0], made[1]) {
		if err := c.violate(ctx, sp, t, v); err != nil {
			return err
		}
	}
	return sp.Rollback(ctx)
}

// violate inserts the row and looks who refuses it.
func (c *coverage) violate(ctx context.Context, tx pgx.Tx, t *table, v violation) error {
	if v.check != nil {
		if err := c.breakCheck(ctx, tx, t, &v); err != nil {
			return err
		}
	}
	if v.reason != "" {
		c.unproven(t, v, v.reason)
		return nil
	}
	sp, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	refused := insertRow(ctx, sp, t, v.row)
	if err := sp.Rollback(ctx); err != nil {
		return err
	}
	var pg *pgconn.PgError
	switch {
	case refused == nil:
		c.unproven(t, v, "a row that breaks it was accepted")
	case !errors.As(refused, &pg):
		c.unproven(t, v, refused.Error())
	case pg.Code == v.code && (pg.ConstraintName == v.name || pg.ColumnName == v.name):
		c.report.Proven++
	case pg.Code == v.code && c.sameKey(pg, v):
		c.report.Proven++
	default:
		c.unproven(t, v, "another one was faster: "+pg.Message)
	}
	return nil
}

// sameKey knows a partition's constraint for its parent's.
func (c *coverage) sameKey(pg *pgconn.PgError, v violation) bool {
	rel := c.schema.cat.Table(pg.SchemaName + "." + pg.TableName)
	if rel == nil || pg.ConstraintName == "" {
		return false
	}
	k := rel.Constraint(pg.ConstraintName)
	for k != nil && k.Name != v.name {
		k = k.Parent
	}
	return k != nil
}

func (c *coverage) unproven(t *table, v violation, reason string) {
	c.report.Unproven = append(c.report.Unproven, Unproven{Table: t.name, Constraint: v.name, Definition: v.definition, Reason: reason})
}

// breakCheck searches for values that this CHECK minds and no other.
func (c *coverage) breakCheck(ctx context.Context, tx pgx.Tx, t *table, v *violation) error {
	q := &quest{table: t, cells: fake.New(2, t.name, fake.Epoch), broken: v.check}
	q.cluster(v.check)
	if len(q.columns) == 0 {
		v.reason = "its columns are keys or references"
		return nil
	}
	rows, err := q.run(ctx, tx)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		v.reason = "no row was found that breaks it alone"
		return nil
	}
	for i, col := range q.columns {
		v.row[col.name] = nil
		if rows[0][i] != nil {
			v.row[col.name] = *rows[0][i]
		}
	}
	return nil
}

func insertRow(ctx context.Context, tx pgx.Tx, t *table, row map[string]any) error {
	d := &draft{table: t, values: make([]any, len(t.columns)), set: make([]bool, len(t.columns))}
	var args []any
	for i, c := range t.columns {
		if v, ok := row[c.name]; ok {
			d.values[i], d.set[i] = v, true
			args = append(args, v)
		}
	}
	if _, err := tx.Exec(ctx, d.insertSQL(nil), args...); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "set constraints all immediate")
	return err
}
