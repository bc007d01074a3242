package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// ProofError says which constraint the rows of a Plan would have broken. Nothing of
// the plan is kept.
type ProofError struct {
	Table      string
	Constraint string // the name, or what the Model calls it
	Definition string
	Rows       int64    // that break it
	Sample     []string // a few of them
}

func (e *ProofError) Error() string {
	return fmt.Sprintf("%d rows of %s break %s, %s:\n  %s", e.Rows, e.Table, e.Constraint, e.Definition, strings.Join(e.Sample, "\n  "))
}

// prove looks at everything that COPY did not: with triggers off, references and
// deferred uniqueness; always, what only the Model knows. CHECK, NOT NULL and
// unique indexes held when each row was written. One hash join a constraint, over
// the rows of this transaction.
func (load *bulkLoad) prove(ctx context.Context) error {
	if err := load.markTransaction(ctx); err != nil {
		return err
	}
	_, err := load.tx.Exec(ctx, `set local enable_nestloop = off; set local enable_mergejoin = off; set local work_mem = '64MB'`)
	if err != nil {
		return err
	}
	for _, tb := range load.order {
		if tb.found || tb.n == 0 {
			continue
		}
		load.progress(tb, Proving, 0)
		if err := load.proveSet(ctx, tb); err != nil {
			return err
		}
		load.progress(tb, Proving, tb.n)
	}
	_, err = load.tx.Exec(ctx, `set local enable_nestloop to default; set local enable_mergejoin to default; set local work_mem to default`)
	return err
}

func (load *bulkLoad) proveSet(ctx context.Context, tb *tableBatch) error {
	if !load.report.Triggers {
		if err := load.proveReferences(ctx, tb); err != nil {
			return err
		}
		if err := load.proveDeferred(ctx, tb); err != nil {
			return err
		}
	}
	for _, ref := range tb.table.references {
		if ref.pair != nil {
			load.report.Proven++
			if target, ok := ref.pair.Target(ref.label); ok && target.Shadow != "" {
				continue // its shadow's foreign key was proven
			}
			if err := load.provePair(ctx, tb, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// markTransaction notes how rows of this transaction are told: other rows were proven when they
// came. Within a savepoint rows bear numbers of their own, later than the
// transaction's, as may rows that other sessions have committed since.
func (load *bulkLoad) markTransaction(ctx context.Context) error {
	var xid string
	if err := load.tx.QueryRow(ctx, `select pg_current_xact_id()::xid::text`).Scan(&xid); err != nil {
		return err
	}
	load.isWrittenSQL = fmt.Sprintf("c.xmin = '%s'::xid", xid)
	if load.nested {
		load.isWrittenSQL = fmt.Sprintf("age(c.xmin) <= age('%s'::xid)", xid)
	}
	return nil
}

func (load *bulkLoad) proveReferences(ctx context.Context, tb *tableBatch) error {
	var keys []*catalog.Constraint
	for _, fk := range tb.table.rel.ForeignKeys() {
		if !fk.Inherited && fk.Enforced {
			keys = append(keys, fk)
		}
	}
	load.report.Proven += len(keys)
	if len(keys) == 0 {
		return nil
	}
	broken, err := load.anyBroken(ctx, tb, keys)
	if err != nil || !broken {
		return err
	}
	for _, fk := range keys {
		where := fmt.Sprintf("%s and %s and not exists (select from %s p where %s)", load.isWrittenSQL, present(fk), fk.Ref.Ident(), joined(fk, "p"))
		if err := load.findViolations(ctx, tb, fk.Name, fk.Definition, where); err != nil {
			return err
		}
	}
	return nil
}

// anyBroken looks at all foreign keys of a table in one pass over its rows.
func (load *bulkLoad) anyBroken(ctx context.Context, tb *tableBatch, keys []*catalog.Constraint) (bool, error) {
	var from, where strings.Builder
	for i, fk := range keys {
		p := fmt.Sprintf("p%d", i)
		fmt.Fprintf(&from, " left join %s %s on %s", fk.Ref.Ident(), p, joined(fk, p))
		if i > 0 {
			where.WriteString(" or ")
		}
		fmt.Fprintf(&where, "%s and %s.ctid is null", present(fk), p)
	}
	var broken bool
	sql := fmt.Sprintf("select exists (select from %s c%s where %s and (%s))", tb.table.rel.Ident(), from.String(), load.isWrittenSQL, where.String())
	err := load.tx.QueryRow(ctx, sql).Scan(&broken)
	return broken, err
}

// present: MATCH SIMPLE looks at keys without NULLs only.
func present(fk *catalog.Constraint) string {
	var parts []string
	for _, name := range fk.Columns {
		if c := fk.Table.Column(name); !c.Required() {
			parts = append(parts, "c."+catalog.Ident(name)+" is not null")
		}
	}
	if len(parts) == 0 {
		return "true"
	}
	return strings.Join(parts, " and ")
}

func joined(fk *catalog.Constraint, p string) string {
	var parts []string
	for i, name := range fk.Columns {
		parts = append(parts, fmt.Sprintf("%s.%s = c.%s", p, catalog.Ident(fk.RefColumns[i]), catalog.Ident(name)))
	}
	return strings.Join(parts, " and ")
}

// provePair looks at a target of a polymorphic pair that no foreign key watches.
func (load *bulkLoad) provePair(ctx context.Context, tb *tableBatch, ref *reference) error {
	target, _ := ref.pair.Target(ref.label)
	match := fmt.Sprintf("p.%s = c.%s", catalog.Ident(target.Key), catalog.Ident(ref.pair.ID))
	for i, l := range tb.table.levels {
		parent, ok := ref.parent.level(l.tenant.Name)
		if !ok || i > 0 || len(parent.cols) != len(l.cols) {
			continue
		}
		for k, col := range l.cols {
			match += fmt.Sprintf(" and p.%s = c.%s", catalog.Ident(ref.parent.columns[parent.cols[k]].name), catalog.Ident(tb.table.columns[col].name))
		}
	}
	where := fmt.Sprintf("%s and c.%s::text = %s and not exists (select from %s p where %s)", load.isWrittenSQL, catalog.Ident(ref.pair.Type),
		catalog.Literal(ref.label), ref.parent.rel.Ident(), match)
	name := "the pair " + ref.pair.Type + ", " + ref.pair.ID
	return load.findViolations(ctx, tb, name, "as the Model declares it for "+ref.label, where)
}

// findViolations counts the rows that a condition finds, and shows some.
func (load *bulkLoad) findViolations(ctx context.Context, tb *tableBatch, name, definition, where string) error {
	var n int64
	if err := load.tx.QueryRow(ctx, fmt.Sprintf("select count(*) from %s c where %s", tb.table.rel.Ident(), where)).Scan(&n); err != nil || n == 0 {
		return err
	}
	rows, err := load.tx.Query(ctx, fmt.Sprintf("select c::text from %s c where %s limit 3", tb.table.rel.Ident(), where))
	if err != nil {
		return err
	}
	sample, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return &ProofError{Table: tb.table.name, Constraint: name, Definition: definition, Rows: n, Sample: slices.Clip(sample)}
}

// proveDeferred looks at keys and exclusions that may be deferred: a trigger checks
// those, and triggers were off.
func (load *bulkLoad) proveDeferred(ctx context.Context, tb *tableBatch) error {
	for _, k := range tb.table.rel.Constraints {
		unique := k.Kind == catalog.PrimaryKey || k.Kind == catalog.Unique
		if !k.Deferrable || !unique && k.Kind != catalog.Exclusion {
			continue
		}
		load.report.Proven++
		var err error
		if len(k.Operators) > 0 || k.NullsNotDistinct {
			err = load.proveExclusion(ctx, tb, k)
		} else {
			err = load.proveUnique(ctx, tb, k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (load *bulkLoad) proveUnique(ctx context.Context, tb *tableBatch, k *catalog.Constraint) error {
	cols := catalog.Idents(k.Columns)
	where := fmt.Sprintf("%s and (%s) in (select %s from %s group by %s having count(*) > 1)", load.isWrittenSQL, cols, cols, tb.table.rel.Ident(), cols)
	return load.findViolations(ctx, tb, k.Name, k.Definition, where)
}

// proveExclusion looks for another row that the constraint's index leads to: no hash
// knows what overlaps.
func (load *bulkLoad) proveExclusion(ctx context.Context, tb *tableBatch, k *catalog.Constraint) error {
	if k.Index == nil {
		return nil
	}
	if _, err := load.tx.Exec(ctx, "set local enable_nestloop = on"); err != nil {
		return err
	}
	if err := load.findViolations(ctx, tb, k.Name, k.Definition, load.excluded(tb.table.rel, k)); err != nil {
		return err
	}
	_, err := load.tx.Exec(ctx, "set local enable_nestloop = off")
	return err
}

// excluded is the condition for rows c that another row excludes. The index's
// expressions name columns without a table: inside the subquery only c has those,
// for the other row's keys have names of ours.
func (load *bulkLoad) excluded(t *catalog.Relation, k *catalog.Constraint) string {
	var keys, match []string
	for i, key := range k.Index.Keys {
		expr := key.Expr
		if key.Column != "" {
			expr = catalog.Ident(key.Column)
		}
		op := "is not distinct from"
		if len(k.Operators) > i {
			op = k.Operators[i]
		}
		name := fmt.Sprintf(`"seedbed key %d"`, i)
		keys = append(keys, fmt.Sprintf("(%s) %s", expr, name))
		match = append(match, fmt.Sprintf("p.%s %s (%s)", name, op, expr))
	}
	predicate := "true"
	if k.Index.Predicate != "" {
		predicate = k.Index.Predicate
	}
	return fmt.Sprintf(`%s and (%s) and exists (select from
 (select tableoid "seedbed table", ctid "seedbed row", %s from %s where %s) p
 where (p."seedbed table", p."seedbed row") <> (c.tableoid, c.ctid) and %s)`,
		load.isWrittenSQL, predicate, strings.Join(keys, ", "), t.Ident(), predicate, strings.Join(match, " and "))
}
