package diagram

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// drawn collects a card's rows and the lines that leave from them.
type drawn struct {
	*builder
	n    *node
	seen map[string]bool // columns that are in a row, or need none
	rows map[string]int  // of columns
	fks  map[*catalog.Constraint]bool
}

func (b *builder) fill(n *node) {
	d := &drawn{builder: b, n: n, seen: map[string]bool{}, rows: map[string]int{}, fks: map[*catalog.Constraint]bool{}}
	d.key()
	d.scopes()
	d.pairs()
	d.base()
	d.references()
	for _, c := range n.table.Columns {
		if !d.seen[c.Name] {
			n.more++
		}
	}
	if b.g.terse {
		d.shorten()
	}
}

// shorten keeps the rows that lines leave from.
func (d *drawn) shorten() {
	renamed := make([]int, len(d.n.rows))
	var kept []row
	for i, r := range d.n.rows {
		used := slices.ContainsFunc(d.g.edges, func(e edge) bool { return e.from == d.n && e.row == i })
		renamed[i] = len(kept)
		if used {
			kept = append(kept, r)
		}
	}
	for i, e := range d.g.edges {
		if e.from == d.n {
			d.g.edges[i].row = renamed[e.row]
		}
	}
	d.n.rows, d.n.more = kept, 0
}

func (d *drawn) row(text string, marks ...mark) int {
	d.n.rows = append(d.n.rows, row{text: text, marks: marks})
	return len(d.n.rows) - 1
}

// at finds the row of a column, or adds one.
func (d *drawn) at(column string) int {
	if i, ok := d.rows[column]; ok {
		return i
	}
	d.seen[column], d.rows[column] = true, d.row(column)
	return d.rows[column]
}

func (d *drawn) mark(column string, m mark) {
	i := d.at(column)
	d.n.rows[i].marks = append(d.n.rows[i].marks, m)
}

func (d *drawn) line(i int, to *node, k kind, color int, title string) {
	if to == nil {
		return
	}
	if to == d.n {
		d.n.rows[i].self = true
		return
	}
	d.g.edges = append(d.g.edges, edge{from: d.n, row: i, to: to, kind: k, color: color, title: title})
}

func (d *drawn) key() {
	if pk := d.n.table.PrimaryKey(); pk != nil {
		for _, c := range pk.Columns {
			d.mark(c, mark{shape: "key"})
		}
	}
}

// scopes marks the columns that carry tenants. Where the box says it already, that
// is all; otherwise a line leads to the tenant's table.
func (d *drawn) scopes() {
	for _, s := range d.model.Scopes(d.n.name) {
		z := d.byName[s.Tenant]
		if z == nil {
			continue
		}
		t := d.nodeNamed(z.level.Table)
		for _, c := range s.Columns {
			d.mark(c, mark{shape: "tenant", color: z.color})
		}
		if len(s.Columns) > 0 && t != nil {
			d.implied(t.table, s.Columns)
			if !d.n.zone.within(s.Tenant) || d.n.role == aggregate && s.Tenant != d.n.zone.level.Name {
				d.line(d.at(s.Columns[len(s.Columns)-1]), t, tenancy, z.color, d.n.name+" belongs to "+s.Tenant)
			}
		}
		if ref := d.nodeNamed(s.Via.Table); ref != nil {
			d.owning(ref, s, z)
		}
	}
}

func (d *drawn) owning(ref *node, s seedbed.Scoped, z *zone) {
	last := s.Via.Columns[len(s.Via.Columns)-1]
	d.line(d.at(last), ref, owning, z.color, d.n.name+" has its "+s.Tenant+" from "+ref.name)
	d.hide(ref.table, s.Via.Columns)
}

// hide counts a foreign key as drawn.
func (d *drawn) hide(ref *catalog.Relation, columns []string) {
	for _, fk := range d.n.table.ForeignKeys() {
		if fk.Ref.Root() == ref && slices.Equal(fk.Columns, columns) {
			d.fks[fk] = true
		}
	}
}

// implied counts every foreign key to a tenant's table as drawn that has nothing
// beside tenants in it.
func (d *drawn) implied(ref *catalog.Relation, columns []string) {
	for _, fk := range d.n.table.ForeignKeys() {
		if fk.Ref.Root() == ref && slices.Contains(fk.Columns, columns[len(columns)-1]) {
			d.fks[fk] = true
		}
	}
}

func (d *drawn) nodeNamed(name string) *node {
	if name == "" {
		return nil
	}
	r := d.cat.Table(name)
	if r == nil {
		return nil
	}
	return d.byRel[r.Root()]
}

func (d *drawn) pairs() {
	for _, p := range d.model.Pairs(d.n.name) {
		i := d.row(p.Type+" + "+p.ID, mark{shape: "pair"})
		for _, c := range []string{p.Type, p.ID} {
			if d.seen[c] = true; d.rows[c] == 0 {
				d.rows[c] = i
			}
		}
		for _, t := range p.Targets {
			k, how := pair, ", held by nothing"
			if t.Shadow != "" {
				k, how = shadowed, ", held by shadow key "+t.Shadow
				d.seen[t.Shadow] = true
			}
			d.line(i, d.nodeNamed(t.Table), k, 0, d.n.name+" of type "+t.Type+" points at "+t.Table+how)
			d.hideShadow(t.Shadow)
		}
	}
}

func (d *drawn) hideShadow(column string) {
	for _, fk := range d.n.table.ForeignKeys() {
		if column != "" && slices.Contains(fk.Columns, column) {
			d.fks[fk] = true
		}
	}
}

// base marks the discriminator of a base table; a subtype's line to its base
// replaces its foreign key, and so does the base's own way back.
func (d *drawn) base() {
	if i, ok := d.model.Inherits(d.n.name); ok {
		d.mark(i.Discriminator, mark{shape: "type"})
		for _, s := range i.Subtypes {
			if sub := d.nodeNamed(s.Table); sub != nil {
				d.hideBack(sub.table)
			}
		}
	}
	for _, i := range d.model.Inheritance {
		for _, s := range i.Subtypes {
			base := d.nodeNamed(i.Table)
			if base == nil || d.nodeNamed(s.Table) != d.n || len(s.Key) == 0 {
				continue
			}
			d.line(d.at(s.Key[len(s.Key)-1]), base, subtype, 0, d.n.name+" is the "+s.Value+" of "+base.name)
			for _, fk := range d.n.table.ForeignKeys() {
				if fk.Ref.Root() == base.table {
					d.fks[fk] = true
				}
			}
		}
	}
}

// hideBack hides the foreign keys by which a base requires its subtype's row.
func (d *drawn) hideBack(sub *catalog.Relation) {
	for _, fk := range d.n.table.ForeignKeys() {
		if fk.Ref.Root() == sub {
			d.fks[fk] = true
			for _, c := range fk.Columns {
				if d.n.table.Column(c).Generated != "" {
					d.seen[c] = true
				}
			}
		}
	}
}

// references draws the foreign keys that are left, from their own column: of a
// composite one, that is the one which carries no tenant.
func (d *drawn) references() {
	for _, fk := range d.n.table.ForeignKeys() {
		ref := d.byRel[fk.Ref.Root()]
		if d.fks[fk] || fk.Inherited || ref == nil {
			continue
		}
		d.line(d.at(d.ownColumn(fk)), ref, plain, 0, d.n.name+"("+strings.Join(fk.Columns, ", ")+") references "+ref.name)
	}
}

func (d *drawn) ownColumn(fk *catalog.Constraint) string {
	carried := map[string]bool{}
	for _, s := range d.model.Scopes(d.n.name) {
		for _, c := range s.Columns {
			carried[c] = true
		}
	}
	for _, p := range d.model.Pairs(d.n.name) {
		carried[p.Type], carried[p.ID] = true, true
	}
	own := fk.Columns[len(fk.Columns)-1]
	for _, c := range fk.Columns {
		if !carried[c] {
			own = c
		}
	}
	return own
}
