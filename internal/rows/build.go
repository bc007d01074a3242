package rows

import (
	"fmt"
	"slices"
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// build is one call: the rows it was asked for and those they need.
type build struct {
	schema *schema
	world  world
	now    time.Time
	plans  map[planKey]*rowPlan
	gens   map[string]*fake.Cells
	homes  map[string][]any // made-up tenants
	drafts []*draft         // in the making or made: what later rows may share
	// query asks the database about rows of a table; nil: it is not asked. seen are the
	// parents that it told, tenantsOf the tenants of parents.
	query     func(d *draft, of *table, sql string, args []any, read func(values []any)) error
	seen      []*node
	tenantsOf map[string][][]any
	order     []*draft // parents first: what is written
}

func newBuild(s *schema, w world, now time.Time) *build {
	return &build{schema: s, world: w, now: now, plans: map[planKey]*rowPlan{}, gens: map[string]*fake.Cells{}, homes: map[string][]any{}}
}

func (b *build) cells(table string) *fake.Cells {
	c := b.gens[table]
	if c == nil {
		c = fake.New(b.world.seed, table, b.now)
		b.gens[table] = c
	}
	return c
}

// order of a row that somebody wants.
type wish struct {
	bp    *Definition
	table *table
	call  *call // what was said about it
	links []link
	fixes map[int]string
	// as a parent: what its child knows already, and on which edge
	child *draft
	edge  *edge
	chain []*draft
}

// add makes a row and all it needs.
func (b *build) add(w wish) (*draft, error) {
	d, err := b.begin(w.bp, w.table, b.world.next(w.table), w.fixes)
	if err != nil {
		return nil, err
	}
	d.links = w.links
	if w.call != nil {
		if err := b.say(d, w.call); err != nil {
			return nil, err
		}
	}
	if err := d.load(); err != nil {
		return nil, err
	}
	for col, v := range w.fixes {
		d.values[col], d.set[col] = v, true
	}
	if w.child != nil {
		if err := d.inherit(w.child, w.edge); err != nil {
			return nil, err
		}
	}
	b.drafts = append(b.drafts, d)
	if err := b.resolve(d, append(slices.Clip(w.chain), d)); err != nil {
		return nil, err
	}
	return d, nil
}

// say applies what a call says about its rows.
func (b *build) say(d *draft, c *call) error {
	if c.hostile {
		if err := d.corrupt(b.cells(d.table.name)); err != nil {
			return err
		}
	}
	for _, say := range c.says {
		say(d.row.Addr().Interface())
	}
	d.links, d.has = append(slices.Clip(d.links), c.links...), c.has
	return nil
}

// inherit gives a parent made for a child what the child knows: its tenant, and
// whatever columns of the reference are set.
func (d *draft) inherit(child *draft, e *edge) error {
	via := "its child " + child.table.name
	d.link = d.linkRow()
	d.subtypes[child.table] = e.fixes != nil
	for i, col := range e.cols {
		if child.set[col] {
			if err := d.give(e.refs[i], child.values[col], via); err != nil {
				return err
			}
		}
	}
	for _, l := range d.table.levels {
		if err := d.giveTenant(l.tenant.Name, child.tenantKey(l.tenant.Name), via); err != nil {
			return err
		}
	}
	return nil
}

// resolve finds or makes every row that d needs, in the order that lets what the
// caller gave decide first.
func (b *build) resolve(d *draft, chain []*draft) error {
	if err := b.follow(d, chain); err != nil {
		return err
	}
	if err := b.byHand(d); err != nil {
		return err
	}
	if err := d.adopt(); err != nil {
		return err
	}
	if err := b.homeless(d); err != nil {
		return err
	}
	for _, e := range d.table.edges {
		if e.pair == nil && !d.open(e) {
			if err := b.agree(d, e, chain); err != nil {
				return err
			}
		}
		if e.optional || !d.open(e) {
			continue
		}
		if e.pair != nil {
			e = b.choose(d, e)
		}
		if err := b.satisfy(d, e, d.links, chain); err != nil {
			return err
		}
	}
	d.complete(b.cells(d.table.name))
	d.resolved = true
	if d.example {
		return nil
	}
	b.order = append(b.order, d)
	return b.children(d, chain)
}

// homeless tenants have no table here: where nobody has named one, the call makes
// one up, for all its rows.
func (b *build) homeless(d *draft) error {
	for _, l := range d.table.levels {
		if l.tenant.Table != "" || len(l.cols) == 0 || d.tenantKey(l.tenant.Name) != nil {
			continue
		}
		key := b.homes[l.tenant.Name]
		if key == nil {
			number := b.world.next(&table{name: "tenant " + l.tenant.Name})
			key = d.table.inventTenant(l, b.world.seed, b.now, number)
			b.homes[l.tenant.Name] = key
		}
		if err := d.giveTenant(l.tenant.Name, key, "the call's own "+l.tenant.Name); err != nil {
			return err
		}
	}
	return nil
}

// inventTenant makes a key for a tenant that has no row.
func (t *table) inventTenant(l level, seed uint64, now time.Time, number int64) []any {
	var key []any
	cells := fake.New(seed, "tenant "+l.tenant.Name, now)
	cells.At(number)
	for i, col := range l.cols {
		c := *t.columns[col]
		c.unique = true
		key = append(key, canon(&c, guess(&c)(cells.Of(fmt.Sprint(i)))))
	}
	return key
}

// complete makes up what is still missing: a required field that was left zero.
func (d *draft) complete(cells *fake.Cells) {
	cells.At(d.number)
	for _, c := range d.table.columns {
		if d.set[c.index] {
			continue
		}
		if make := d.plan.maker(c); make != nil {
			d.values[c.index], d.set[c.index] = make(cells.Of(c.name)), true
		}
	}
}

// adopt takes the tenant of any row that was given, where nothing closer told it.
func (d *draft) adopt() error {
	for _, l := range d.table.levels {
		for _, k := range d.links {
			if d.tenantKey(l.tenant.Name) != nil {
				break
			}
			if err := d.giveTenant(l.tenant.Name, k.node.tenantKey(l.tenant.Name), k.node.label); err != nil {
				return err
			}
		}
	}
	return nil
}

// satisfy finds the parent on an edge, or makes it.
func (b *build) satisfy(d *draft, e *edge, links []link, chain []*draft) error {
	n := b.find(d, e, links, chain)
	if n == nil {
		var err error
		if n, err = b.named(d, e); err != nil {
			return err
		}
	}
	if n == nil {
		p, err := b.parent(wish{bp: d.bp.maker(b.schema, e.parent), table: e.parent, links: links,
			fixes: e.fixes, child: d, edge: e, chain: chain})
		if err != nil {
			return err
		}
		n = p.node()
		if asked := chain[0]; e.tenant && asked.table.livesIn(e.parent) {
			asked.tenantsMade = append(asked.tenantsMade, p)
		}
	}
	return d.attach(e, n)
}

// livesIn reports whether the rows, which are no tenants themselves, belong to tenants
// of another table first of all.
func (t *table) livesIn(tenants *table) bool {
	_, is := t.schema.model.TenantTable(t.name)
	return !is && len(t.levels) > 0 && t.levels[0].tenant.Table == tenants.name
}

// parent makes a row that a child needs, as its factory says.
func (b *build) parent(w wish) (*draft, error) {
	if len(w.bp.Options) > 0 {
		var err error
		if w.call, err = newCall(b.schema, w.bp.Options); err != nil {
			return nil, err
		}
	}
	return b.add(w)
}

// find looks for a row that may be shared: what the caller gave, what that implies,
// what this call has made. Rows that are themselves waiting for a parent count only
// where references run in a circle.
func (b *build) find(d *draft, e *edge, links []link, chain []*draft) *node {
	for _, k := range links {
		if d.fits(e, k.node) && (!e.exclusive || k.kind != linkRecycle) {
			*k.used = true
			return k.node
		}
	}
	if e.exclusive {
		return nil
	}
	for _, k := range links {
		for _, n := range k.node.implied() {
			if d.fits(e, n) {
				*k.used = true
				return n
			}
		}
	}
	for _, other := range b.drafts {
		if other.table == e.parent && other != d && other.resolved && d.fits(e, other.node()) {
			return other.node()
		}
	}
	for _, other := range chain {
		if other.table == e.parent && d.fits(e, other.node()) {
			return other.node()
		}
	}
	return nil
}

// choose picks the target of a polymorphic pair that nobody has decided: one that
// is there to be shared, otherwise any, by the row's cell.
func (b *build) choose(d *draft, e *edge) *edge {
	var targets []*edge
	for _, other := range d.table.edges {
		if other.pair == e.pair && (!d.set[e.typ] || text(d.table.columns[e.typ], d.values[e.typ]) == other.label) {
			targets = append(targets, other)
		}
	}
	for _, k := range d.links {
		for _, target := range targets {
			if d.fits(target, k.node) {
				return target
			}
		}
	}
	if len(targets) == 0 {
		return e
	}
	cells := b.cells(d.table.name)
	cells.At(d.number)
	return targets[cells.Of(d.table.columns[e.typ].name).Index(len(targets))]
}
