package diagram

import (
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// kind of a line.
type kind int

const (
	plain    kind = iota // a foreign key
	owning               // … from which a row has its tenant
	tenancy              // to a tenant whose box the table does not stand in
	pair                 // a polymorphic pair, held by nothing
	shadowed             // … held by a shadow key
	subtype              // from a subtype's table to its base
	entry                // from a tenant's table into its box
)

// role of a table.
type role int

const (
	undeclared role = iota
	global
	scoped
	aggregate
	tenant
)

// drawing is what stands where and what leads to what, before it has places.
type drawing struct {
	zones []*zone
	nodes []*node
	edges []edge
	// terse leaves out the rows that nothing leads from: large schemas.
	terse bool
}

// zone is a box: a level of tenancy. zones[0] is what is outside of all of them.
type zone struct {
	level  seedbed.Tenant
	color  int // of the palette
	depth  int
	parent *zone
	left   float64 // where the box begins
}

// node is a card, a place where a line passes a layer, or the gate of a box.
type node struct {
	table   *graph.Table // nil of the others
	name    string
	role    role
	own     *zone // whose tenants the table holds, or that the gate leads into
	zone    *zone
	rows    []row
	more    int  // columns not shown
	open    bool // row-level security is off, where other tables have it
	layer   int
	x, y    float64
	w, h    float64
	gate    bool
	outputs []*bundle // lines that leave to the right, in order
	through *bundle   // of a passing place
	index   int       // among nodes: a last resort of orders
}

// row is a line of a card.
type row struct {
	text  string
	marks []mark
	self  bool // references its own table
}

// mark is a symbol before a row.
type mark struct {
	shape string // key, tenant, pair, type
	color int    // of a tenant
}

// edge leads from a row of one card to another card.
type edge struct {
	from  *node
	row   int
	to    *node
	kind  kind
	color int
	title string
}

// many is the number of tables from which cards are terse.
const many = 60

type builder struct {
	model   seedbed.Model
	graph   *graph.Graph
	g       *drawing
	byTable map[*graph.Table]*node
	byName  map[string]*zone
}

// build makes the drawing of every table that is no migration tool's.
func build(m seedbed.Model, cat *catalog.Catalog) *drawing {
	b := &builder{model: m, graph: graph.New(cat, m), g: &drawing{}, byTable: map[*graph.Table]*node{}, byName: map[string]*zone{}}
	b.zones()
	for _, t := range b.graph.Tables {
		if !t.Relation.Bookkeeping() {
			b.node(t)
		}
	}
	b.g.terse = len(b.g.nodes) > many
	for _, n := range b.g.nodes {
		b.fill(n)
	}
	b.open()
	return b.g
}

// open marks the tables with rows of tenants whose row-level security is off, in a
// schema that relies on it.
func (b *builder) open() {
	if !slices.ContainsFunc(b.g.nodes, func(n *node) bool { return n.table.Relation.RLS }) {
		return
	}
	for _, n := range b.g.nodes {
		n.open = !n.table.Relation.RLS && (n.role == scoped || n.role == aggregate || n.role == tenant)
	}
}

// zones nests the levels: each is followed by those below it.
func (b *builder) zones() {
	outside := &zone{depth: 0}
	b.g.zones = []*zone{outside}
	var add func(parent *zone, name string, depth int)
	add = func(parent *zone, name string, depth int) {
		for _, t := range b.model.Tenants {
			if t.Parent != name || b.byName[t.Name] != nil {
				continue
			}
			z := &zone{level: t, color: len(b.g.zones) - 1, depth: depth, parent: parent}
			b.byName[t.Name] = z
			b.g.zones = append(b.g.zones, z)
			add(z, t.Name, depth+1)
		}
	}
	add(outside, "", 1)
}

func (b *builder) node(t *graph.Table) {
	n := &node{table: t, name: t.Name, zone: b.g.zones[0], index: len(b.g.nodes)}
	n.role = b.roleOf(n.name)
	if t.Tenant != nil {
		n.own = b.byName[t.Tenant.Name]
	}
	if s, ok := b.home(n.name); ok && b.byName[s.Tenant] != nil {
		n.zone = b.byName[s.Tenant]
	}
	b.byTable[t] = n
	b.g.nodes = append(b.g.nodes, n)
}

func (b *builder) roleOf(name string) role {
	_, isTenant := b.model.TenantTable(name)
	_, isAggregate := b.model.Aggregate(name)
	switch {
	case isTenant:
		return tenant
	case isAggregate:
		return aggregate
	case b.model.IsGlobal(name):
		return global
	case len(b.model.Scopes(name)) > 0:
		return scoped
	}
	return undeclared
}

// home is the scope whose box a table stands in: the innermost that every row has.
func (b *builder) home(name string) (seedbed.Scoped, bool) {
	for _, s := range b.model.Scopes(name) {
		if !s.Optional {
			return s, true
		}
	}
	return seedbed.Scoped{}, false
}

// within reports whether z is inside, or is, the box of a level.
func (z *zone) within(level string) bool {
	for ; z != nil; z = z.parent {
		if z.level.Name == level {
			return true
		}
	}
	return false
}
