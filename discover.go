package seedbed

import (
	"context"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// discoverer holds what is known so far. Its steps run in the order of Discover.
type discoverer struct {
	ctx     context.Context
	db      DB
	cat     *catalog.Catalog
	tables  []*catalog.Relation
	order   map[*catalog.Relation]int
	refs    map[*catalog.Column][]*catalog.Column
	policy  map[*catalog.Relation][]compared
	byName  map[string][]*catalog.Relation
	accept  []*level
	scopes  map[*catalog.Relation][]scope
	found   []foundPair
	base    []Inheritance
	out     *Discovery
	readers map[string]string
}

// scope is how one table belongs to one level.
type scope struct {
	level    *level
	columns  []string
	via      Ref
	optional bool
	across   *level // of an aggregate, the level that reads
	outer    []string
}

func newDiscoverer(ctx context.Context, db DB, cat *catalog.Catalog) *discoverer {
	d := &discoverer{
		ctx: ctx, db: db, cat: cat, out: &Discovery{}, readers: readers(cat),
		order:  map[*catalog.Relation]int{},
		refs:   map[*catalog.Column][]*catalog.Column{},
		policy: map[*catalog.Relation][]compared{},
		byName: map[string][]*catalog.Relation{},
		scopes: map[*catalog.Relation][]scope{},
	}
	for _, r := range cat.Tables() {
		if !r.Bookkeeping() {
			d.add(r)
		}
	}
	return d
}

func (d *discoverer) add(r *catalog.Relation) {
	d.order[r] = len(d.tables)
	d.tables = append(d.tables, r)
	d.policy[r] = comparisons(r, d.readers)
	d.byName[subjectKey(r.Name)] = append(d.byName[subjectKey(r.Name)], r)
	for _, fk := range r.ForeignKeys() {
		ref := fk.Ref.Root()
		for i, name := range fk.Columns {
			from, to := r.Column(name), ref.Column(fk.RefColumns[i])
			if from != nil && to != nil && from != to {
				d.refs[from] = append(d.refs[from], to)
			}
		}
	}
}

func (d *discoverer) name(r *catalog.Relation) string { return d.cat.Name(r) }

// reaches reports whether foreign keys lead from a column to another one, through
// as many tables as it takes: in a composite key each column has a way of its own.
func (d *discoverer) reaches(from, to *catalog.Column) bool {
	seen := map[*catalog.Column]bool{from: true}
	queue := []*catalog.Column{from}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		for _, next := range d.refs[c] {
			if next == to {
				return true
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return false
}

func required(r *catalog.Relation, columns []string) bool {
	for _, name := range columns {
		if c := r.Column(name); c == nil || !c.Required() {
			return false
		}
	}
	return true
}

func subset(small, large []string) bool {
	for _, s := range small {
		if !slices.Contains(large, s) {
			return false
		}
	}
	return true
}
