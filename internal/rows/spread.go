package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// connect finds the tenants that a set is spread over, and has the keys known that
// it needs of its parents.
func (f *filling) connect(s *set) error {
	if len(s.call.links) > 0 {
		return nil
	}
	if err := f.tenancy(s); err != nil {
		return err
	}
	if s.base != nil {
		if err := f.followBase(s); err != nil {
			return err
		}
	} else {
		s.planParents()
	}
	for _, c := range s.edges {
		for i, e := range c.edges {
			for k, ref := range e.refs {
				if e.child.tenantColumn(e.cols[k]) {
					continue
				}
				f.need(c.sets[i], ref)
			}
		}
	}
	return nil
}

// layOut divides a set's rows among the tenants. Parents have been laid out before,
// except where references run in a circle.
func (f *filling) layOut(ctx context.Context, s *set) error {
	if s.laidOut {
		return nil
	}
	s.laidOut = true
	if s.over != nil {
		if err := f.layOut(ctx, s.over); err != nil {
			return err
		}
	}
	switch {
	case len(s.call.links) > 0:
		return f.place(ctx, s)
	case s.base != nil:
		return nil
	case s.only != nil:
		return f.loadOnly(s)
	case s.found:
		return f.load(ctx, s)
	}
	if f.there[s.table] {
		if err := f.loadTaken(ctx, s); err != nil {
			return err
		}
	}
	if err := f.divide(s); err != nil {
		return err
	}
	for _, v := range s.keys {
		if !v.serial {
			continue
		}
		var err error
		if v.first, err = f.reserve(ctx, s.table.byName[v.column], s.n); err != nil {
			return err
		}
	}
	return nil
}

// tenancy finds the tenants that a set is spread over, innermost first, and has
// their keys known.
func (f *filling) tenancy(s *set) error {
	for i, l := range s.table.levels {
		rel := f.schema.cat.Table(l.tenant.Table)
		if rel == nil || l.tenant.Table == "" {
			f.house(s, l)
			continue
		}
		t := f.byTable[f.schema.tables[rel.Root()]]
		if t == nil {
			continue
		}
		if i == 0 && t != s {
			s.over = t
		}
		for _, name := range l.tenant.Key {
			f.need(t, t.table.byName[name].index)
		}
	}
	return nil
}

// followBase gives a subtype's rows the keys of their base rows.
func (f *filling) followBase(s *set) error {
	for _, e := range s.table.edges {
		if len(e.fixes) == 0 || e.parent != s.base.table {
			continue
		}
		others := slices.DeleteFunc(s.edges, func(c *choice) bool { return slices.Contains(c.edges, e) })
		s.edges = append([]*choice{{edges: []*edge{e}, sets: []*set{s.base}, cell: "base"}}, others...)
		for _, ref := range e.refs {
			f.need(s.base, ref)
		}
		return nil
	}
	return fmt.Errorf("%s is a subtype of %s without a reference to it", s.table.name, s.base.table.name)
}

// house gives all rows of a plan one tenant of a level that has no table.
func (f *filling) house(s *set, l level) {
	if len(l.cols) == 0 {
		return
	}
	key := f.homes[l.tenant.Name]
	if key == nil {
		number := f.world.next(&table{name: "tenant " + l.tenant.Name})
		key = s.table.inventTenant(l, f.world.seed, f.now, number)
		f.homes[l.tenant.Name] = key
	}
	for i, col := range l.cols {
		if s.fixed == nil {
			s.fixed = map[int]any{}
		}
		s.fixed[col] = key[i]
	}
}

// divide gives rows to tenants that have the parents for them.
func (f *filling) divide(s *set) error {
	tenants := int64(1)
	if s.over != nil {
		tenants = s.over.n
	}
	room := make([]int64, tenants)
	for p := range room {
		room[p] = s.room(int64(p))
	}
	counts := divide(min(s.n, s.limit()), room)
	s.spans = spansOf(counts)
	made := s.spans[len(counts)]
	if made < s.n && s.asked {
		if f.supplies.grow(s) {
			return errMoreParents
		}
		return fmt.Errorf("%s: %d rows asked for, its parents leave room for %d: ask for more of %s in the plan",
			s.table.name, s.n, made, strings.Join(s.scarce(), " and of "))
	}
	s.n = made
	return nil
}

// scarce are the parents that may have few children each.
func (s *set) scarce() []string {
	var out []string
	for _, c := range s.edges {
		if name := c.edges[0].parent.name; !c.maybe && (c.joint != nil || c.edges[0].exclusive) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if s.over != nil && !slices.Contains(out, s.over.table.name) {
		out = append(out, s.over.table.name)
	}
	return out
}

// within is the range of a parent set's rows that rows of tenant p may belong to;
// false where the parent is not laid out yet.
func (s *set) within(parent *set, p int64) (lo, hi int64, known bool) {
	over := s.over
	for at := over; at != nil; at = at.over {
		if at == parent {
			return p, p + 1, true
		}
		if at == parent.over {
			if parent.spans == nil {
				return 0, 0, false
			}
			return parent.spans[p], parent.spans[p+1], true
		}
		if at.over != nil {
			p = int64(at.tenant(p))
		}
	}
	return 0, parent.n, parent.spans != nil || parent.found
}

// above is the index, at the level of the tenants given, of the one that p is in.
func (s *set) above(tenants *set, p int64) (int64, bool) {
	for at := s.over; at != nil; at = at.over {
		if at == tenants {
			return p, true
		}
		if at.over != nil {
			p = int64(at.tenant(p))
		}
	}
	return 0, false
}

// place fixes the columns that the caller's rows decide, once for all rows: the
// engine of Create finds or makes the parents.
func (f *filling) place(ctx context.Context, s *set) error {
	b := newBuild(f.schema, f.world, f.now)
	b.looker(ctx, f.tx)
	d, err := b.begin(s.bp, s.table, s.first, nil)
	if err != nil {
		return err
	}
	if err := b.say(d, s.call); err != nil {
		return err
	}
	if err := d.load(); err != nil {
		return err
	}
	d.example = true
	if err := b.resolve(d, []*draft{d}); err != nil {
		return err
	}
	if err := unused(s.table, s.call.links); err != nil {
		return err
	}
	if len(b.order) > 0 {
		if err := b.write(ctx, f.tx); err != nil {
			return err
		}
	}
	d.ready()
	s.fixed = map[int]any{}
	for _, e := range s.table.edges {
		for _, col := range e.cols {
			if d.set[col] {
				s.fixed[col] = d.values[col]
			}
		}
		if e.pair != nil && d.set[e.typ] {
			s.fixed[e.typ] = d.values[e.typ]
		}
	}
	s.spans = []int64{0, s.n}
	return nil
}
