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
func (f *filling) prove(ctx context.Context) error {
	if err := f.mark(ctx); err != nil {
		return err
	}
	_, err := f.tx.Exec(ctx, `set local enable_nestloop = off; set local enable_mergejoin = off; set local work_mem = '64MB'`)
	if err != nil {
		return err
	}
	for _, s := range f.sets {
		if s.found || s.n == 0 {
			continue
		}
		f.progress(s, Proving, 0)
		if err := f.proveSet(ctx, s); err != nil {
			return err
		}
		f.progress(s, Proving, s.n)
	}
	_, err = f.tx.Exec(ctx, `set local enable_nestloop to default; set local enable_mergejoin to default; set local work_mem to default`)
	return err
}

func (f *filling) proveSet(ctx context.Context, s *set) error {
	if !f.report.Triggers {
		if err := f.proveReferences(ctx, s); err != nil {
			return err
		}
		if err := f.proveDeferred(ctx, s); err != nil {
			return err
		}
	}
	for _, e := range s.table.edges {
		if e.pair != nil {
			f.report.Proven++
			if target, ok := e.pair.Target(e.label); ok && target.Shadow != "" {
				continue // its shadow's foreign key was proven
			}
			if err := f.provePair(ctx, s, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark notes how rows of this transaction are told: other rows were proven when they
// came. Within a savepoint rows bear numbers of their own, later than the
// transaction's, as may those that others have committed since.
func (f *filling) mark(ctx context.Context) error {
	var xid string
	if err := f.tx.QueryRow(ctx, `select pg_current_xact_id()::xid::text`).Scan(&xid); err != nil {
		return err
	}
	f.written = fmt.Sprintf("c.xmin = '%s'::xid", xid)
	if f.nested {
		f.written = fmt.Sprintf("age(c.xmin) <= age('%s'::xid)", xid)
	}
	return nil
}

func (f *filling) proveReferences(ctx context.Context, s *set) error {
	var keys []*catalog.Constraint
	for _, fk := range s.table.rel.ForeignKeys() {
		if !fk.Inherited && fk.Enforced {
			keys = append(keys, fk)
		}
	}
	f.report.Proven += len(keys)
	if len(keys) == 0 {
		return nil
	}
	broken, err := f.anyBroken(ctx, s, keys)
	if err != nil || !broken {
		return err
	}
	for _, fk := range keys {
		where := fmt.Sprintf("%s and %s and not exists (select from %s p where %s)", f.written, present(fk), fk.Ref.Ident(), joined(fk, "p"))
		if err := f.blame(ctx, s, fk.Name, fk.Definition, where); err != nil {
			return err
		}
	}
	return nil
}

// anyBroken looks at all foreign keys of a table in one pass over its rows.
func (f *filling) anyBroken(ctx context.Context, s *set, keys []*catalog.Constraint) (bool, error) {
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
	sql := fmt.Sprintf("select exists (select from %s c%s where %s and (%s))", s.table.rel.Ident(), from.String(), f.written, where.String())
	err := f.tx.QueryRow(ctx, sql).Scan(&broken)
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
func (f *filling) provePair(ctx context.Context, s *set, e *edge) error {
	target, _ := e.pair.Target(e.label)
	match := fmt.Sprintf("p.%s = c.%s", catalog.Ident(target.Key), catalog.Ident(e.pair.ID))
	for i, l := range s.table.levels {
		parent, ok := e.parent.level(l.tenant.Name)
		if !ok || i > 0 || len(parent.cols) != len(l.cols) {
			continue
		}
		for k, col := range l.cols {
			match += fmt.Sprintf(" and p.%s = c.%s", catalog.Ident(e.parent.columns[parent.cols[k]].name), catalog.Ident(s.table.columns[col].name))
		}
	}
	where := fmt.Sprintf("%s and c.%s::text = %s and not exists (select from %s p where %s)", f.written, catalog.Ident(e.pair.Type),
		catalog.Literal(e.label), e.parent.rel.Ident(), match)
	name := "the pair " + e.pair.Type + ", " + e.pair.ID
	return f.blame(ctx, s, name, "as the Model declares it for "+e.label, where)
}

// blame counts the rows that a condition finds, and shows some.
func (f *filling) blame(ctx context.Context, s *set, name, definition, where string) error {
	var n int64
	if err := f.tx.QueryRow(ctx, fmt.Sprintf("select count(*) from %s c where %s", s.table.rel.Ident(), where)).Scan(&n); err != nil || n == 0 {
		return err
	}
	rows, err := f.tx.Query(ctx, fmt.Sprintf("select c::text from %s c where %s limit 3", s.table.rel.Ident(), where))
	if err != nil {
		return err
	}
	sample, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return &ProofError{Table: s.table.name, Constraint: name, Definition: definition, Rows: n, Sample: slices.Clip(sample)}
}
