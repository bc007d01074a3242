package factory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// coverage is a Linting at work.
type coverage struct {
	schema *schema
	tx     pgx.Tx
	world  world
	report LintReport
	makers map[*table]*blueprint
}

func (c *coverage) run(ctx context.Context, volumes []Volume) error {
	if err := c.stepUp(ctx); err != nil {
		return err
	}
	c.makers = map[*table]*blueprint{}
	for _, v := range volumes {
		t, err := c.schema.table(v.bp.table)
		if err != nil {
			c.report.Failures = append(c.report.Failures, err)
			continue
		}
		if c.makers[t] == nil {
			c.makers[t] = v.bp
		}
		if _, err := c.create(ctx, v.bp, int(v.n), v.options, false); err != nil {
			c.report.Failures = append(c.report.Failures, err)
		}
	}
	for _, rel := range c.schema.cat.Tables() {
		if rel.Extension != "" {
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
	_, err := c.tx.Exec(ctx, stepUpSQL, seederRole, guarded)
	return err
}

// create makes rows in a savepoint. Where keep says so it is kept, but for the last
// row, which is made and not written: it serves as a valid one that is not there yet.
func (c *coverage) create(ctx context.Context, bp *blueprint, n int, options []Option, keep bool) ([]*draft, error) {
	sp, err := c.tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	var made []*draft
	err = persist(ctx, sp, c.world.database, nil, func() error {
		s, err := schemaOf(ctx, sp, c.world.database, &c.schema.model)
		if err != nil {
			return err
		}
		b := newBuild(s, c.world, fake.Epoch)
		if made, err = b.wishes(bp, n, options); err != nil {
			return fmt.Errorf("create %s: %w", bp.table, err)
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
		bp = &blueprint{table: t.name, typ: recordType}
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

// violation is a row that one constraint should refuse.
type violation struct {
	name       string
	definition string
	code       string         // the error expected
	row        map[string]any // the valid row, changed
	reason     string         // why there is none
	check      *catalog.Constraint
}

// violations of a table, made of two valid rows: the second one, changed so that one
// constraint minds.
func (t *table) violations(first, second *draft) []violation {
	var out []violation
	for _, c := range t.columns {
		if c.NotNull && c.Writable() && c.Identity == "" {
			v := violation{name: c.name, definition: "NOT NULL", code: "23502"}
			v.row = second.changed(map[string]any{c.name: nil})
			out = append(out, v)
		}
	}
	for _, k := range t.rel.Constraints {
		v := violation{name: k.Name, definition: k.Definition}
		switch k.Kind {
		case catalog.PrimaryKey, catalog.Unique:
			v.code, v.row, v.reason = "23505", second.changed(first.only(k.Columns)), t.notWritable(k.Columns)
		case catalog.Exclusion:
			v.code, v.row = "23P01", second.changed(first.all())
			v.row = second.without(v.row)
		case catalog.ForeignKey:
			if k.Inherited || !k.Enforced {
				continue
			}
			v.code = "23503"
			v.row, v.reason = t.orphan(k, second)
		case catalog.Check:
			v.code, v.check, v.row = "23514", k, second.changed(nil)
		default:
			continue
		}
		out = append(out, v)
	}
	return out
}

// all is the draft's row by column, generated ones left out.
func (d *draft) all() map[string]any {
	out := map[string]any{}
	if d == nil {
		return out
	}
	for i, c := range d.table.columns {
		if d.set[i] && c.Writable() {
			out[c.name] = d.values[i]
		}
	}
	return out
}

func (d *draft) only(columns []string) map[string]any {
	all, out := d.all(), map[string]any{}
	for _, name := range columns {
		if v, ok := all[name]; ok {
			out[name] = v
		}
	}
	return out
}

// changed is the row with a new key and some columns exchanged.
func (d *draft) changed(with map[string]any) map[string]any {
	out := d.without(d.all())
	for name, v := range with {
		out[name] = v
	}
	return out
}

// without gives the row a key that no other row has, as far as that is the row's own.
func (d *draft) without(row map[string]any) map[string]any {
	if d == nil {
		return row
	}
	cells := fake.New(99, d.table.name, fake.Epoch.Add(48*time.Hour))
	cells.At(d.number + 1<<30)
	for _, c := range d.table.columns {
		switch {
		case c.Identity != "" || c.inKey && c.left() && c.base != uuidOID:
			delete(row, c.name)
		case c.inKey && c.base == uuidOID && !c.inEdge:
			row[c.name] = cells.Of(c.name).UUID()
		}
	}
	return row
}

func (t *table) notWritable(columns []string) string {
	for _, name := range columns {
		if c := t.byName[name]; !c.Writable() {
			return "its column " + name + " is written by Postgres only"
		}
	}
	return ""
}

// orphan points a foreign key at nothing. A shadow key is reached through its pair.
func (t *table) orphan(k *catalog.Constraint, d *draft) (map[string]any, string) {
	cells := fake.New(77, t.name, fake.Epoch)
	cells.At(1 << 30) // a number that nobody has reached
	change := map[string]any{}
	for _, name := range k.Columns {
		c := t.byName[name]
		if c.Generated != "" || t.tenantColumn(c.index) && len(k.Columns) > 1 {
			continue
		}
		change[name] = guess(&column{Column: c.Column, name: c.name, base: c.base, unique: true, index: c.index})(cells.Of(name + " orphan"))
		if c.Type.Underlying().Name == "int2" {
			change[name] = 32_000
		}
		if c.base == uuidOID {
			change[name] = cells.Of(name).UUIDv4()
		}
	}
	if len(change) > 0 {
		return d.changed(change), ""
	}
	for _, e := range t.edges {
		target, ok := seedTarget(e)
		if ok && slices.Contains(k.Columns, target) {
			row := d.changed(map[string]any{e.pair.ID: cells.Of("orphan").UUIDv4()})
			row[e.pair.Type] = e.label
			return row, ""
		}
	}
	last := t.byName[k.Columns[len(k.Columns)-1]]
	if last.Writable() && last.base == uuidOID {
		return d.changed(map[string]any{last.name: cells.Of(last.name).UUIDv4()}), ""
	}
	return nil, "its columns are the tenant's, or written by Postgres only"
}

func seedTarget(e *edge) (shadow string, ok bool) {
	if e.pair == nil {
		return "", false
	}
	target, ok := e.pair.Target(e.label)
	return target.Shadow, ok && target.Shadow != ""
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
