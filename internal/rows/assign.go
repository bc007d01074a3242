package rows

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// choice is how a set's rows find their parents on an edge, or on one of the edges
// of a polymorphic pair.
type choice struct {
	edges []*edge
	sets  []*set
	cell  string // column whose cell decides
	maybe bool   // optional: some rows do without
	joint *joint // the unique key that it decides together with others
	// overlaps says that a column of it belongs to another choice as well.
	overlaps bool
}

// joint is a unique key that references decide, and nothing else: a join table's. Rows
// go through the combinations of their parents.
type joint struct {
	choices []int            // of the set
	tenant  bool             // the tenant is part of the key
	global  bool             // rows of all tenants share the combinations
	taken   map[string]bool  // keys of rows that are there
	used    map[string]int64 // how many of them each tenant has
}

// parentOf is a row's parent: the edge of the choice, -1 for none, and which row.
type parentOf struct {
	edge  int
	index int64
}

// planParents puts choices in the order in which they are decided, those of more
// columns first, and finds what they have in common.
func (s *set) planParents() {
	slices.SortStableFunc(s.edges, func(a, b *choice) int { return len(b.edges[0].own) - len(a.edges[0].own) })
	for i, c := range s.edges {
		for j, other := range s.edges {
			c.overlaps = c.overlaps || i != j && slices.ContainsFunc(c.edges[0].own, func(col int) bool { return slices.Contains(other.edges[0].cols, col) })
		}
	}
	for _, ix := range s.table.uniqueIndexes() {
		s.addJoint(ix.Columns(), len(ix.Keys))
	}
}

func (s *set) addJoint(columns []string, keys int) {
	j := &joint{}
	for _, name := range columns {
		c := s.table.byName[name]
		if c == nil {
			return
		}
		if s.table.tenantColumn(c.index) {
			j.tenant = true
			continue
		}
		at := slices.IndexFunc(s.edges, func(o *choice) bool {
			return len(o.edges) == 1 && !o.maybe && slices.Contains(o.edges[0].own, c.index)
		})
		if at < 0 {
			return
		}
		if !slices.Contains(j.choices, at) {
			j.choices = append(j.choices, at)
		}
	}
	if len(columns) < keys || len(j.choices) == 0 || len(j.choices) == 1 && !j.tenant {
		return
	}
	for _, at := range j.choices {
		c := s.edges[at]
		if c.joint != nil || c.overlaps || len(c.edges[0].fixes) > 0 || c.edges[0].exclusive && !s.shared(c.edges[0]) {
			return
		}
	}
	j.global = s.over == nil
	for _, at := range j.choices {
		s.edges[at].joint = j
	}
}

// assign finds the parents of the row at hand.
func (g *generator) assign(inTenant int64) error {
	if g.s.base != nil {
		g.parents[0] = parentOf{0, g.s.rows[g.index]}
	}
	g.combine(inTenant)
	for i, c := range g.s.edges {
		if c.joint != nil || i == 0 && g.s.base != nil {
			continue
		}
		g.parents[i].edge = -1
		if c.overlaps && g.decided(i) {
			continue
		}
		v := g.cells.Of(c.cell)
		if c.maybe && !v.Chance(0.7) {
			continue
		}
		g.pick(i, v, inTenant)
		if g.parents[i].edge < 0 && !c.maybe {
			return g.noParent(c)
		}
	}
	return nil
}

func (g *generator) noParent(c *choice) error {
	return fmt.Errorf("%s: no row of %s is left for %s: ask for more of those in the plan", g.s.table.name, c.edges[0].parent.name, c.edges[0])
}

// pick takes one of the rows that may be the parent.
func (g *generator) pick(i int, v *fake.Value, inTenant int64) {
	c := g.s.edges[i]
	first := v.Index(len(c.edges))
	for try := range c.edges {
		k := (first + try) % len(c.edges)
		lo, hi, _ := g.s.within(c.sets[k], g.tenant)
		if c.overlaps {
			if at, ok := g.matching(i, k, lo, hi, v); ok {
				g.parents[i] = parentOf{k, at}
				return
			}
			continue
		}
		at := lo + int64(v.Skewed(int(max(hi-lo, 1))))
		if e := c.edges[k]; e.exclusive {
			at = g.exclusive(e, c, lo, hi, inTenant)
		}
		if at < hi {
			g.parents[i] = parentOf{k, at}
			return
		}
	}
}

// exclusive gives every row another parent.
func (g *generator) exclusive(e *edge, c *choice, lo, hi, inTenant int64) int64 {
	switch {
	case hi <= lo:
		return hi
	case g.s.shared(e):
		return lo + (inTenant+int64(fake.Derive(uint64(g.tenant), c.cell)%uint64(hi-lo)))%(hi-lo)
	case lo == 0 && hi == c.sets[0].n:
		return g.index // parents of all tenants: rows of all tenants go through them
	}
	return lo + inTenant
}

// combine takes the next combination of the parents of each joint key.
func (g *generator) combine(inTenant int64) {
	for _, c := range g.s.edges {
		j := c.joint
		if j == nil || g.s.edges[j.choices[0]] != c {
			continue
		}
		number := inTenant
		if j.global {
			number = g.index
		}
		for number += g.skipped[j]; ; number, g.skipped[j] = number+1, g.skipped[j]+1 {
			g.combination(j, number)
			if len(j.taken) == 0 || !j.taken[g.keyOf(j)] {
				break
			}
		}
	}
}

// combination is the parents of a number: each is moved on by the one before it, so
// that children spread, and the first by the tenant.
func (g *generator) combination(j *joint, number int64) {
	before := int64(0)
	for n, at := range j.choices {
		c := g.s.edges[at]
		lo, hi, _ := g.s.within(c.sets[0], g.tenant)
		size := max(hi-lo, 1)
		if n == 0 && !j.global {
			before = int64(fake.Derive(uint64(g.tenant), c.cell) % uint64(size))
		}
		before = (number%size + before) % size
		number /= size
		g.parents[at] = parentOf{0, lo + before}
	}
}

// keyOf is a combination's key, as the rows that are there have it.
func (g *generator) keyOf(j *joint) string {
	key := g.s.tenantPart(j, g.tenant)
	for _, at := range j.choices {
		e, p := g.s.edges[at].edges[0], g.parents[at]
		for i, ref := range e.refs {
			if slices.Contains(e.own, e.cols[i]) {
				key += text(e.parent.columns[ref], g.s.edges[at].sets[0].keys[ref].at(p.index)) + "\x00"
			}
		}
	}
	return key
}

// tenantPart is what the tenant gives to a joint key.
func (s *set) tenantPart(j *joint, p int64) string {
	if !j.tenant || s.over == nil {
		return ""
	}
	key := ""
	for _, name := range s.table.levels[0].tenant.Key {
		c := s.over.table.byName[name]
		key += text(c, s.over.keys[c.index].at(p)) + "\x00"
	}
	return key
}

// loadTaken reads the joint keys of rows that are there, where all of their parents may
// be parents of those: no key with a new parent is taken.
func (f *filling) loadTaken(ctx context.Context, s *set) error {
	for _, c := range s.edges {
		made := func(at int) bool { return !s.edges[at].sets[0].found }
		if c.joint == nil || c.joint.taken != nil || slices.ContainsFunc(c.joint.choices, made) {
			continue
		}
		if err := f.loadJoint(ctx, s, c.joint); err != nil {
			return err
		}
	}
	return nil
}

func (f *filling) loadJoint(ctx context.Context, s *set, j *joint) error {
	j.taken, j.used = map[string]bool{}, map[string]int64{}
	var cols []*column
	if j.tenant {
		for _, col := range s.table.levels[0].cols {
			cols = append(cols, s.table.columns[col])
		}
	}
	tenantCols := len(cols)
	for _, at := range j.choices {
		e := s.edges[at].edges[0]
		for _, col := range e.cols {
			if slices.Contains(e.own, col) {
				cols = append(cols, s.table.columns[col])
			}
		}
	}
	rows, err := f.tx.Query(ctx, fmt.Sprintf("select %s from %s limit %d", catalog.Idents(namesOf(cols)), s.table.rel.Ident(), mostKeys))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		key, tenant := "", ""
		for i, c := range cols {
			key += text(c, values[i]) + "\x00"
			if i == tenantCols-1 {
				tenant = key
			}
		}
		j.taken[key] = true
		j.used[tenant]++
	}
	return rows.Err()
}

// decided reports whether the parents chosen before give all columns of a choice.
func (g *generator) decided(i int) bool {
	for _, col := range g.s.edges[i].edges[0].own {
		if _, ok := g.chosen(i, col); !ok {
			return false
		}
	}
	return true
}

// chosen is what a parent chosen before choice i gives a column.
func (g *generator) chosen(i, col int) (any, bool) {
	for j, c := range g.s.edges[:i] {
		at := g.parents[j]
		if at.edge < 0 {
			continue
		}
		if k := slices.Index(c.edges[at.edge].cols, col); k >= 0 {
			return c.sets[at.edge].keys[c.edges[at.edge].refs[k]].at(at.index), true
		}
	}
	return nil, false
}

// matching is a parent that agrees with those chosen before.
func (g *generator) matching(i, k int, lo, hi int64, v *fake.Value) (int64, bool) {
	c := g.s.edges[i]
	e, p := c.edges[k], c.sets[k]
	var found []int64
	narrowed := false
	for n, col := range e.cols {
		want, ok := g.chosen(i, col)
		if !ok || g.s.table.tenantColumn(col) {
			continue
		}
		rows := p.rowsWith(e.refs[n], want)
		if narrowed {
			rows = slices.DeleteFunc(slices.Clone(rows), func(at int64) bool { return !slices.Contains(found, at) })
		}
		found, narrowed = rows, true
	}
	if !narrowed {
		return lo + int64(v.Skewed(int(max(hi-lo, 1)))), hi > lo
	}
	from := sort.Search(len(found), func(n int) bool { return found[n] >= lo })
	to := sort.Search(len(found), func(n int) bool { return found[n] >= hi })
	if from == to {
		return 0, false
	}
	return found[from+v.Skewed(to-from)], true
}

// rowsWith are a set's rows that have a value in a column, in order.
func (s *set) rowsWith(col int, value any) []int64 {
	if s.byValue == nil {
		s.byValue = map[int]map[any][]int64{}
	}
	if s.byValue[col] == nil {
		s.byValue[col] = map[any][]int64{}
		for i := range s.n {
			x := s.keys[col].at(i)
			s.byValue[col][x] = append(s.byValue[col][x], i)
		}
	}
	return s.byValue[col][value]
}

// room is how many rows tenant p can have.
func (s *set) room(p int64) int64 {
	const plenty = math.MaxInt64 / 4
	room := int64(plenty)
	for _, c := range s.edges {
		if c.maybe {
			continue
		}
		if c.joint != nil {
			n, known := s.combinations(c.joint, p)
			if !known {
				return room
			}
			room = min(room, n)
			continue
		}
		var size int64
		for i, e := range c.edges {
			lo, hi, known := s.within(c.sets[i], p)
			if !known {
				return room
			}
			if n := hi - lo; !e.exclusive && n > 0 {
				size = plenty
			} else {
				size = max(size, n)
			}
		}
		room = min(room, size)
	}
	return room
}

// combinations of a joint key's parents in a tenant.
func (s *set) combinations(j *joint, p int64) (int64, bool) {
	n := int64(1)
	for _, at := range j.choices {
		lo, hi, known := s.within(s.edges[at].sets[0], p)
		if !known {
			return 0, false
		}
		if hi > lo && n > math.MaxInt64/8/(hi-lo) {
			n = math.MaxInt64 / 8
		} else {
			n *= hi - lo
		}
	}
	return max(n-j.used[s.tenantPart(j, p)], 0), true
}

// limit is how many rows the parents leave room for that rows of all tenants share.
func (s *set) limit() int64 {
	limit := int64(math.MaxInt64 / 4)
	for _, c := range s.edges {
		if c.joint != nil && c.joint.global {
			if n, known := s.combinations(c.joint, 0); known {
				limit = min(limit, n)
			}
			continue
		}
		p := c.sets[0]
		if c.maybe || c.joint != nil || len(c.edges) > 1 || !c.edges[0].exclusive || s.shared(c.edges[0]) {
			continue
		}
		if p.spans != nil || p.found {
			limit = min(limit, p.n)
		}
	}
	return limit
}
