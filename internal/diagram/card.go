package diagram

import (
	"slices"
	"strings"
)

// card collects a table's rows and the lines that leave from them.
type card struct {
	*builder
	n    *node
	seen map[string]bool // columns that are in a row, or need none
	rows map[string]int  // of columns
}

func (b *builder) fill(n *node) {
	d := &card{builder: b, n: n, seen: map[string]bool{}, rows: map[string]int{}}
	d.key()
	d.scopes()
	d.pairs()
	d.base()
	d.references()
	for _, c := range n.table.Relation.Columns {
		if !d.seen[c.Name] {
			n.more++
		}
	}
	if b.g.terse {
		d.shorten()
	}
}

// shorten keeps the rows that lines leave from.
func (d *card) shorten() {
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

func (d *card) row(text string, marks ...mark) int {
	d.n.rows = append(d.n.rows, row{text: text, marks: marks})
	return len(d.n.rows) - 1
}

// at finds the row of a column, or adds one.
func (d *card) at(column string) int {
	if i, ok := d.rows[column]; ok {
		return i
	}
	d.seen[column], d.rows[column] = true, d.row(column)
	return d.rows[column]
}

func (d *card) mark(column string, m mark) {
	i := d.at(column)
	d.n.rows[i].marks = append(d.n.rows[i].marks, m)
}

func (d *card) line(i int, to *node, k kind, color int, title string) {
	if to == nil {
		return
	}
	if to == d.n {
		d.n.rows[i].self = true
		return
	}
	d.g.edges = append(d.g.edges, edge{from: d.n, row: i, to: to, kind: k, color: color, title: title})
}

func (d *card) key() {
	if pk := d.n.table.Relation.PrimaryKey(); pk != nil {
		for _, c := range pk.Columns {
			d.mark(c, mark{shape: "key"})
		}
	}
}

// scopes marks the columns that carry tenants. Where the box says it already, that
// is all; otherwise a line leads to the tenant's table.
func (d *card) scopes() {
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
			if !d.n.zone.within(s.Tenant) || d.n.role == aggregate && s.Tenant != d.n.zone.level.Name {
				d.line(d.at(s.Columns[len(s.Columns)-1]), t, tenancy, z.color, d.n.name+" belongs to "+s.Tenant)
			}
		}
		if ref := d.nodeNamed(s.Via.Table); ref != nil {
			last := s.Via.Columns[len(s.Via.Columns)-1]
			d.line(d.at(last), ref, owning, z.color, d.n.name+" has its "+s.Tenant+" from "+ref.name)
		}
	}
}

func (d *card) nodeNamed(name string) *node { return d.byTable[d.graph.Table(name)] }

func (d *card) pairs() {
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
		}
	}
}

// base marks the discriminator of a base table, and draws a subtype's line to its base.
func (d *card) base() {
	if i, ok := d.model.Inherits(d.n.name); ok {
		d.mark(i.Discriminator, mark{shape: "type"})
		d.generated()
	}
	for _, i := range d.model.Inheritance {
		for _, s := range i.Subtypes {
			base := d.nodeNamed(i.Table)
			if base == nil || d.nodeNamed(s.Table) != d.n || len(s.Key) == 0 {
				continue
			}
			d.line(d.at(s.Key[len(s.Key)-1]), base, subtype, 0, d.n.name+" is the "+s.Value+" of "+base.name)
		}
	}
}

// generated counts columns as seen that Postgres computes so that a base can require its
// subtype's row.
func (d *card) generated() {
	for _, fk := range d.n.table.ForeignKeys {
		if !fk.JoinsSubtype() {
			continue
		}
		for _, c := range fk.Columns {
			if d.n.table.Relation.Column(c).Generated != "" {
				d.seen[c] = true
			}
		}
	}
}

// references draws the foreign keys that say more than the Model does, each from its
// own column.
func (d *card) references() {
	for _, fk := range d.n.table.ForeignKeys {
		ref := d.byTable[fk.To]
		if ref == nil || fk.Modelled() {
			continue
		}
		d.line(d.at(fk.OwnColumn()), ref, plain, 0, d.n.name+"("+strings.Join(fk.Columns, ", ")+") references "+ref.name)
	}
}
