package factory

import (
	"context"
	"fmt"
	"slices"
)

// supply is for parents that the plan leaves out: those in the database, or else as
// many as are believable.
func (f *filling) supply(ctx context.Context, s *set, candidates []*edge) (*set, *edge, error) {
	for _, e := range candidates {
		if len(e.fixes) > 0 || !f.mayUse(e.parent) {
			continue
		}
		n, err := f.count(ctx, e.parent)
		if err != nil {
			return nil, nil, err
		}
		free := true
		if e.exclusive {
			if free, err = f.empty(ctx, s.table); err != nil {
				return nil, nil, err
			}
			free = free && n >= f.believable(s, e)
		}
		if n > 0 && free {
			f.borrowed = f.borrowed || e.exclusive
			p := &set{table: e.parent, n: n, found: true}
			f.byTable[e.parent] = p
			return p, e, nil
		}
	}
	e := candidates[0]
	p, err := f.extra(e.parent, s.bp.maker(f.schema, e.parent))
	if err != nil {
		return nil, nil, err
	}
	p.n = f.believable(s, e)
	for _, o := range s.table.edges {
		if o.parent == e.parent && !o.optional {
			p.n = max(p.n, f.believable(s, o))
		}
	}
	for col, v := range e.fixes {
		if p.fixed == nil {
			p.fixed = map[int]any{}
		}
		p.fixed[col] = v
	}
	f.byTable[e.parent] = p
	return p, e, nil
}

// extra is a set that nobody asked for: its factory speaks for it.
func (f *filling) extra(t *table, bp *blueprint) (*set, error) {
	c, err := newCall(f.schema, bp.options)
	if err != nil {
		return nil, err
	}
	s := &set{table: t, bp: bp, call: c}
	if err := f.streams(t, bp, c); err != nil {
		return nil, err
	}
	return s, f.listen(s)
}

// mayUse says no to rows of tenants that the plan does not spread over.
func (f *filling) mayUse(t *table) bool {
	for _, l := range t.levels {
		if rel := f.schema.cat.Table(l.tenant.Table); rel != nil {
			if p := f.byTable[f.schema.tables[rel.Root()]]; p != nil && !p.found {
				return false
			}
		}
	}
	return true
}

// count says how many rows a table has, up to as many as can serve.
func (f *filling) count(ctx context.Context, t *table) (n int64, err error) {
	err = f.tx.QueryRow(ctx, fmt.Sprintf(`select count(*) from (select from %s limit %d) x`, t.rel.Ident(), mostKeys)).Scan(&n)
	return n, err
}

// empty reports whether a table has no rows: parents that can have one child each
// have none then.
func (f *filling) empty(ctx context.Context, t *table) (empty bool, err error) {
	err = f.tx.QueryRow(ctx, fmt.Sprintf(`select not exists (select from %s)`, t.rel.Ident())).Scan(&empty)
	return empty, err
}

// believable is how many parents n children have.
func (f *filling) believable(s *set, e *edge) int64 {
	switch {
	case len(e.fixes) > 0, e.exclusive && !s.shared(e):
		return s.n
	case e.tenant:
		return min(max(s.n/10, 1), 100)
	case e.exclusive && len(e.parent.levels) == 0 && f.manyTenants(s):
		return max(s.n/2, 3) // members of several: no tenant has half of the rows
	case e.exclusive:
		return s.n
	}
	for _, p := range f.byTable {
		if len(e.parent.levels) > 0 && p.table.name == e.parent.levels[0].tenant.Table {
			return max(s.n/20, 3*p.n)
		}
	}
	return max(s.n/20, 3)
}

func (f *filling) manyTenants(s *set) bool {
	for _, p := range f.byTable {
		if len(s.table.levels) > 0 && p.table.name == s.table.levels[0].tenant.Table && p.n >= 4 {
			return true
		}
	}
	return false
}

// subtypes adds a set for each subtype's table: its rows follow from the base's.
func (f *filling) subtypes(s *set) error {
	inherits, ok := f.schema.model.Inherits(s.table.name)
	if !ok || s.found {
		return nil
	}
	s.sub = map[string]*set{}
	for _, sub := range inherits.Subtypes {
		if sub.Table == "" {
			continue
		}
		t, err := f.schema.table(sub.Table)
		if err != nil {
			return err
		}
		child := f.byTable[t]
		if child == nil {
			if child, err = f.extra(t, s.bp.maker(f.schema, t)); err != nil {
				return err
			}
			f.byTable[t] = child
		}
		child.base, child.value = s, sub.Value
		s.sub[sub.Value] = child
		if !slices.Contains(f.sets, child) {
			f.sets = append(f.sets, child)
		}
	}
	return nil
}
