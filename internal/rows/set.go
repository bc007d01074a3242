package rows

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
)

// set is the rows of one table that a filling makes, or finds and uses as parents.
type set struct {
	table   *table
	bp      *Definition
	call    *call
	n       int64
	first   int64 // number of the first row
	asked   bool
	found   bool // rows that the database had before
	ready   bool // its rows are written
	laidOut bool
	only    *node // of those, this one alone
	// freeFor is the reference whose parents have one child each: of rows that were there,
	// those without one.
	freeFor *edge

	over  *set    // the tenants that rows are spread over; nil: none
	spans []int64 // where each tenant's rows begin, and the end
	edges []*choice
	said  map[int]bool    // references that a trait has decided
	fixed map[int]any     // columns that all rows have in common
	keys  map[int]*vector // of columns that other sets' rows need

	sub   map[string]*set // the subtypes' sets, by discriminator
	base  *set            // of a subtype's set
	value string          // its discriminator
	rows  []int64         // which rows of the base it has a row for

	byValue map[int]map[any][]int64 // see rowsWith
}

// require makes sure that every reference of a set's rows finds a set, and puts
// sets in order: parents first.
func (f *filling) require(ctx context.Context, s *set, chain []*set) error {
	if slices.Contains(f.sets, s) || slices.Contains(chain, s) {
		return nil
	}
	chain = append(slices.Clip(chain), s)
	if s.call == nil {
		s.call = &call{schema: f.schema}
	}
	if len(s.call.links) > 0 {
		f.sets = append(f.sets, s) // placed: the engine of Create finds its parents
		return f.subtypes(ctx, s, chain)
	}
	for i, e := range s.table.edges {
		if e.never || s.base != nil && e.parent == s.base.table && len(e.fixes) > 0 {
			continue
		}
		if s.found && !e.tenant || s.decided(e) {
			continue
		}
		if e.pair != nil && slices.ContainsFunc(s.table.edges[:i], func(o *edge) bool { return o.pair == e.pair }) {
			continue
		}
		if err := f.offer(ctx, s, e, chain); err != nil {
			return err
		}
	}
	if !slices.Contains(f.sets, s) {
		f.sets = append(f.sets, s)
	}
	return f.subtypes(ctx, s, chain)
}

// listen finds out which references the traits decide, on an example row.
func (f *filling) listen(s *set) error {
	if len(s.call.says) == 0 {
		return nil
	}
	b := newBuild(f.schema, f.world, f.now)
	d, err := b.begin(s.bp, s.table, 0, nil)
	if err != nil {
		return err
	}
	for _, say := range s.call.says {
		say(d.row.Addr().Interface())
	}
	if err := d.load(); err != nil {
		return err
	}
	s.said = map[int]bool{}
	for _, c := range s.table.columns {
		s.said[c.index] = c.inEdge && d.set[c.index]
	}
	return nil
}

// decided reports whether traits leave an edge nothing to say.
func (s *set) decided(e *edge) bool {
	for _, c := range e.own {
		if !s.said[c] {
			return false
		}
	}
	return true
}

// offer finds the sets that an edge may lead to.
func (f *filling) offer(ctx context.Context, s *set, e *edge, chain []*set) error {
	c := &choice{cell: s.table.columns[e.own[0]].name + " →"}
	candidates := []*edge{e}
	if e.pair != nil {
		candidates = slices.DeleteFunc(slices.Clone(s.table.edges), func(o *edge) bool { return o.pair != e.pair })
	}
	for _, o := range candidates {
		if p := f.byTable[o.parent]; p != nil && p.base == nil && (o.parent != s.table || !e.optional) {
			c.edges, c.sets = append(c.edges, o), append(c.sets, p)
		}
	}
	c.maybe = e.optional
	if e.optional && !f.mayDefer && slices.ContainsFunc(c.sets, func(p *set) bool { return p != s && p.table.needs(s.table) }) {
		return nil // NULL: rows of the parent come after these, and references are checked at once
	}
	if len(c.sets) == 0 && e.optional {
		return nil
	}
	if e.optional && (e.exclusive || slices.ContainsFunc(chain, func(p *set) bool { return slices.Contains(c.sets, p) })) {
		return nil
	}
	if len(c.sets) == 0 && s.found {
		p := &set{table: e.parent, found: true} // rows that are there belong to rows that are there
		f.byTable[e.parent] = p
		c.edges, c.sets = []*edge{e}, []*set{p}
	}
	if len(c.sets) == 0 {
		p, o, err := f.supply(ctx, s, candidates)
		if err != nil {
			return err
		}
		c.edges, c.sets = []*edge{o}, []*set{p}
	}
	for _, p := range c.sets {
		if err := f.require(ctx, p, chain); err != nil {
			return err
		}
		if p.call != nil && len(p.call.links) > 0 {
			return fmt.Errorf("%s: its parents, %s, are placed by On or By: place it as well, or fill it in a plan of its own", s.table.name, p.table.name)
		}
	}
	if !e.tenant || e.exclusive { // a tenant's columns follow from how rows are spread
		s.edges = append(s.edges, c)
	}
	return nil
}

// needs reports whether rows of a table cannot be without rows of another one.
func (t *table) needs(other *table) bool {
	seen := map[*table]bool{}
	var reach func(*table) bool
	reach = func(t *table) bool {
		if seen[t] {
			return false
		}
		seen[t] = true
		return slices.ContainsFunc(t.edges, func(e *edge) bool { return !e.optional && (e.parent == other || reach(e.parent)) })
	}
	return reach(t)
}

// weights of tenants fall as a power of their rank: with a thousand of them, the
// largest tenth has half of the rows.
func weight(rank int) float64 { return 1 / math.Pow(float64(rank+1), 0.7) }

// divide spreads n rows over tenants: at least one each where there are enough, and
// never more than a tenant has room for.
func divide(n int64, room []int64) []int64 {
	counts := make([]int64, len(room))
	var total float64
	open := int64(0)
	for i, r := range room {
		if r > 0 {
			total += weight(i)
			open++
		}
	}
	left := n
	for i, r := range room {
		if r > 0 && n >= open {
			counts[i], left = 1, left-1
		}
	}
	for i, r := range room {
		if r > 0 {
			more := min(int64(float64(left)*weight(i)/total), r-counts[i])
			counts[i] += more
		}
	}
	rest := n
	for _, c := range counts {
		rest -= c
	}
	for rest > 0 { // what rounding and full tenants left over
		moved := false
		for i, r := range room {
			if rest > 0 && counts[i] < r {
				more := min(max(rest/int64(len(room)), 1), r-counts[i], rest)
				counts[i], rest, moved = counts[i]+more, rest-more, true
			}
		}
		if !moved {
			break
		}
	}
	return counts
}

func spansOf(counts []int64) []int64 {
	spans := make([]int64, len(counts)+1)
	for i, c := range counts {
		spans[i+1] = spans[i] + c
	}
	return spans
}

// tenant of the row at an index: the last one whose rows begin no later.
func (s *set) tenant(index int64) int {
	return sort.Search(len(s.spans), func(i int) bool { return s.spans[i] > index }) - 1
}
