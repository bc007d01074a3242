package rows

import (
	"context"
	"errors"
	"fmt"
)

// errMoreParents begins a plan anew with more parents than it had supplied.
var errMoreParents = errors.New("more parents are needed")

// supplies remembers, from one attempt of a plan to the next, which parents were not
// enough. Its keys name references.
type supplies struct {
	fresh  map[string]bool  // to be made, although some are there
	factor map[string]int64 // how many times more than believable
	raced  bool             // another session may have been faster once
}

// grow asks for more parents of a set; false where the plan says how many there are.
func (s *supplies) grow(short *set) bool {
	const most = 1 << 20
	grown := false
	need := func(p *set, name string) {
		switch {
		case p == nil || p.asked:
		case p.found:
			grown = grown || !s.fresh[name]
			s.fresh[name] = true
		case s.factor[name] < most:
			s.factor[name] = max(s.factor[name], 1) * 2
			grown = true
		}
	}
	for _, c := range short.edges {
		if !c.maybe {
			need(c.sets[0], c.edges[0].name())
		}
	}
	for _, e := range short.table.edges {
		if e.tenant && short.over != nil && short.over.table == e.parent {
			need(short.over, e.name())
		}
	}
	return grown
}

func (e *edge) name() string { return e.child.name + ": " + e.String() }

// supply is for parents that the plan leaves out: those in the database, or else as
// many as are believable.
func (f *filling) supply(ctx context.Context, s *set, candidates []*edge) (*set, *edge, error) {
	for _, e := range candidates {
		if p, err := f.findParents(ctx, s, e); p != nil || err != nil {
			return p, e, err
		}
	}
	e := candidates[0]
	p, err := f.extra(e.parent, s.bp.maker(f.schema, e.parent))
	if err != nil {
		return nil, nil, err
	}
	for _, o := range s.table.edges {
		if o == e || o.parent == e.parent && !o.optional {
			p.n = max(p.n, f.believable(s, o)*max(f.supplies.factor[o.name()], 1))
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
func (f *filling) extra(t *table, bp *Definition) (*set, error) {
	c, err := newCall(f.schema, bp.Options)
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

// findParents is the rows of a parent table that are there, where they will do.
func (f *filling) findParents(ctx context.Context, s *set, e *edge) (*set, error) {
	if len(e.fixes) > 0 || !f.mayUse(e.parent) || f.supplies.fresh[e.name()] {
		return nil, nil
	}
	p := &set{table: e.parent, found: true}
	least := int64(1)
	if e.exclusive && !s.shared(e) {
		p.freeFor, least = e, s.n
	}
	sql := fmt.Sprintf(`select count(*) from (select from %s t%s limit %d) x`, e.parent.rel.Ident(), p.free(), mostKeys)
	if err := f.tx.QueryRow(ctx, sql).Scan(&p.n); err != nil {
		return nil, err
	}
	if p.n < least {
		return nil, nil
	}
	f.borrowed = f.borrowed || e.exclusive
	f.byTable[e.parent] = p
	return p, nil
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
func (f *filling) subtypes(ctx context.Context, s *set, chain []*set) error {
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
		if err := f.require(ctx, child, chain); err != nil {
			return err
		}
	}
	return nil
}
