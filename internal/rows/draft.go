package rows

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// draft is a row in the making.
type draft struct {
	table  *table
	bp     *Definition
	plan   *rowPlan
	row    reflect.Value // the struct; a Record where there is none
	number int64         // of the row, from which its cells come
	values []any         // by column
	set    []bool
	paths  map[int]Path         // how a value came about
	via    map[string]tenantKey // tenants of a row that has no column for them
	links  []link
	has    []children
	// subtypes are the tables that already have a row for this base.
	subtypes map[*table]bool
	link     bool // all of its key is references: it may be there already
	resolved bool
	written  bool
	example  bool // it is not written, and comes with nothing
	// tenantsMade are tenants that this call made because none was given.
	tenantsMade []*draft
}

type tenantKey struct {
	key  []any
	path Path
}

// link is a row that a trait places a draft by.
type link struct {
	node *node
	kind linkKind
	used *bool
}

type linkKind int

const (
	linkIn      linkKind = iota // the tenant
	linkOn                      // what the row is about
	linkBy                      // who made it
	linkRecycle                 // to be used wherever it fits
)

// node of the draft itself, for those that will belong to it.
func (d *draft) node() *node {
	return &node{table: d.table, draft: d, label: "the new " + d.table.name}
}

// give sets a column, or finds that another path has set it differently.
func (d *draft) give(col int, v any, via string) error {
	c := d.table.columns[col]
	if v = canon(c, v); v == nil {
		return nil
	}
	if !d.set[col] || d.values[col] == nil {
		d.values[col], d.set[col] = v, true
		d.paths[col] = Path{Via: via}
		return nil
	}
	if old := canon(c, d.values[col]); old != v {
		first := d.paths[col]
		return &DisagreeError{Table: d.table.name, Column: c.name,
			First: Path{first.Via, show(old)}, Second: Path{via, show(v)}}
	}
	return nil
}

// giveTenant places the draft in a tenant, by columns if it has any.
func (d *draft) giveTenant(name string, key []any, via string) error {
	l, ok := d.table.level(name)
	if !ok || key == nil {
		return nil
	}
	if len(l.cols) == len(key) {
		for i, col := range l.cols {
			if err := d.give(col, key[i], via); err != nil {
				return err
			}
		}
		return nil
	}
	old, known := d.via[name]
	if !known {
		d.via[name] = tenantKey{key, Path{via, show(key[0])}}
		return nil
	}
	if !slices.Equal(old.key, key) {
		return &DisagreeError{Table: d.table.name, Column: name, First: old.path, Second: Path{via, show(key[0])}}
	}
	return nil
}

// tenants that the draft's place is known by.
func (d *draft) tenantKey(name string) []any { return d.node().knownTenant(name) }

// knownTenant is the tenant where it is settled already.
func (n *node) knownTenant(name string) []any {
	l, ok := n.table.level(name)
	if n.draft != nil && ok {
		for _, c := range l.cols {
			if !n.draft.set[c] {
				return nil
			}
		}
	}
	return n.tenantKey(name)
}

// fits reports whether a row may be the parent on an edge: whatever both sides
// know already must be equal.
func (d *draft) fits(e *edge, n *node) bool {
	if n.table != e.parent {
		return false
	}
	for i, col := range e.cols {
		v, ok := n.value(e.refs[i])
		if !ok || v == nil {
			return false
		}
		if d.set[col] && d.values[col] != nil && canon(d.table.columns[col], d.values[col]) != v {
			return false
		}
	}
	for col, want := range e.fixes {
		if v, ok := n.value(col); ok && v != want {
			return false
		}
	}
	if e.pair != nil && d.set[e.typ] && text(d.table.columns[e.typ], d.values[e.typ]) != e.label {
		return false
	}
	for _, l := range d.table.levels {
		mine, theirs := d.tenantKey(l.tenant.Name), n.knownTenant(l.tenant.Name)
		if mine != nil && theirs != nil && !slices.Equal(mine, theirs) {
			return false
		}
	}
	return true
}

// attach makes a row the parent on an edge.
func (d *draft) attach(e *edge, n *node) error {
	via := e.String() + n.key() + ", " + n.label
	if n.label == "" {
		via = e.String() + n.key()
	}
	if e.pair != nil {
		if err := d.give(e.typ, e.label, via); err != nil {
			return err
		}
	}
	given := false
	for i, col := range e.cols {
		v, ok := n.value(e.refs[i])
		if given = given || ok && v != nil; !ok {
			continue
		}
		if err := d.give(col, v, via); err != nil {
			return err
		}
	}
	if !given || !e.tenant && d.open(e) {
		return fmt.Errorf("%s: %s: that row does not say its %s; was it created?", d.table.name, orElse(n.label, n.table.name), e.refNames())
	}
	for _, l := range d.table.levels {
		if err := d.giveTenant(l.tenant.Name, n.tenantKey(l.tenant.Name), via); err != nil {
			return err
		}
	}
	return nil
}

// open reports whether nothing has decided an edge yet.
func (d *draft) open(e *edge) bool {
	for _, c := range e.own {
		if !d.set[c] || d.values[c] == nil {
			return true
		}
	}
	return false
}

// linkRow reports whether the draft's whole key is references, so that another call
// may have written the same row.
func (d *draft) linkRow() bool {
	pk := d.table.rel.PrimaryKey()
	if pk == nil {
		return false
	}
	for _, name := range pk.Columns {
		if !d.table.byName[name].inEdge {
			return false
		}
	}
	return true
}

// fields of a base row that a subtype's row dictates.
func (d *draft) fix(fixes map[int]string) error {
	for _, col := range slices.Sorted(maps.Keys(fixes)) {
		if err := d.put(col, fixes[col]); err != nil {
			return err
		}
	}
	return nil
}

// put sets a column before the caller has a say: in the row, or where that has no
// such field, in the draft.
func (d *draft) put(col int, v any) error {
	b := d.plan.binding
	switch {
	case b == nil:
		d.record().Set(d.table.columns[col].name, v)
	case b.byCol[col] < 0:
		d.values[col], d.set[col] = v, true
	default:
		return b.store(d.row, col, v)
	}
	return nil
}

func (d *draft) record() *Record { return recordOf(d.row) }

// load takes over what the definition and the traits said.
func (d *draft) load() error {
	if d.plan.binding == nil {
		return d.record().load(d)
	}
	d.plan.binding.load(d, d.row)
	return nil
}

// store writes a value that the engine or Postgres chose back into the row.
func (d *draft) store(col int, v any) error {
	if d.plan.binding == nil {
		d.record().Set(d.table.columns[col].name, v)
		return nil
	}
	return d.plan.binding.store(d.row, col, v)
}
