package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// proveDeferred looks at keys and exclusions that may be deferred: a trigger checks
// those, and triggers were off.
func (f *filling) proveDeferred(ctx context.Context, s *set) error {
	for _, k := range s.table.rel.Constraints {
		unique := k.Kind == catalog.PrimaryKey || k.Kind == catalog.Unique
		if !k.Deferrable || !unique && k.Kind != catalog.Exclusion {
			continue
		}
		f.report.Proven++
		var err error
		if len(k.Operators) > 0 || k.NullsNotDistinct {
			err = f.proveExclusion(ctx, s, k)
		} else {
			err = f.proveUnique(ctx, s, k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filling) proveUnique(ctx context.Context, s *set, k *catalog.Constraint) error {
	cols := catalog.Idents(k.Columns)
	where := fmt.Sprintf("%s and (%s) in (select %s from %s group by %s having count(*) > 1)", f.written, cols, cols, s.table.rel.Ident(), cols)
	return f.blame(ctx, s, k.Name, k.Definition, where)
}

// proveExclusion looks for another row that the constraint's index leads to: no hash
// knows what overlaps.
func (f *filling) proveExclusion(ctx context.Context, s *set, k *catalog.Constraint) error {
	if k.Index == nil {
		return nil
	}
	if _, err := f.tx.Exec(ctx, "set local enable_nestloop = on"); err != nil {
		return err
	}
	if err := f.blame(ctx, s, k.Name, k.Definition, f.excluded(s.table.rel, k)); err != nil {
		return err
	}
	_, err := f.tx.Exec(ctx, "set local enable_nestloop = off")
	return err
}

// excluded is the condition for rows c that another row excludes. The index's
// expressions name columns without a table: inside the subquery only c has those,
// for the other row's keys have names of ours.
func (f *filling) excluded(t *catalog.Relation, k *catalog.Constraint) string {
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
		f.written, predicate, strings.Join(keys, ", "), t.Ident(), predicate, strings.Join(match, " and "))
}
