package seedbed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// shadows reads the targets off generated columns that carry the id for one type.
func (d *discoverer) shadows(p *foundPair) []string {
	var reasons []string
	for _, c := range p.table.Columns {
		if c.Generated == "" || !mentions(c.Expr, p.typ, p.id) {
			continue
		}
		target, key, fk := d.shadowKey(p.table, c)
		for _, value := range literals(c.Expr) {
			if target == nil {
				if target, key = d.shadowName(value, p.table.Column(p.id), c); key == "" {
					continue
				}
			}
			p.targets = append(p.targets, foundTarget{value, target, key, c.Name})
			if fk != nil {
				reasons = append(reasons, fmt.Sprintf("%s is %s: shadow column %s holds the foreign key %s", value, d.name(target), c.Name, fk.Name))
			} else {
				reasons = append(reasons, fmt.Sprintf("%s is %s by name; shadow column %s has no foreign key", value, d.name(target), c.Name))
			}
		}
	}
	return reasons
}

// shadowName finds the target of a shadow column without a foreign key by what it
// is for, or by what it is called.
func (d *discoverer) shadowName(value string, id, shadow *catalog.Column) (*catalog.Relation, string) {
	for _, name := range []string{value, subjectOf(shadow.Name)} {
		if table, _ := d.tableFor(name, shadow.Table); table != nil {
			return table, d.targetKey(table, id)
		}
	}
	return nil, ""
}

func (d *discoverer) shadowKey(r *catalog.Relation, c *catalog.Column) (*catalog.Relation, string, *catalog.Constraint) {
	for _, fk := range r.ForeignKeys() {
		if i := slices.Index(fk.Columns, c.Name); i >= 0 {
			return fk.Ref.Root(), fk.RefColumns[i], fk
		}
	}
	return nil, "", nil
}

// resolve finds tables for the values that have none yet, and returns the rest.
func (d *discoverer) resolve(p *foundPair, id *catalog.Column, values []typeValue) []typeValue {
	var rest []typeValue
	for _, v := range values {
		if slices.ContainsFunc(p.targets, func(t foundTarget) bool { return t.value == v.value }) {
			continue
		}
		table, ambiguous := d.tableFor(v.name, p.table)
		if ambiguous {
			d.out.doubt("%s%s: more than one table could be meant by %q", d.name(p.table), list([]string{p.typ, p.id}), v.value)
		}
		key := ""
		if table != nil {
			key = d.targetKey(table, id)
		}
		if key == "" {
			rest = append(rest, v)
			continue
		}
		p.targets = append(p.targets, foundTarget{value: v.value, table: table, key: key})
	}
	return rest
}

// subjectKey is a name in words without separators, the last one singular.
func subjectKey(name string) string { return strings.Join(singularName(name), "") }

// tableFor finds the table that a type names: dataset, Dataset, datasets,
// Quality::Check, App\Models\Post, quality-check, billing.invoice.
func (d *discoverer) tableFor(name string, near *catalog.Relation) (table *catalog.Relation, ambiguous bool) {
	if r := d.cat.Table(name); r != nil && r.IsTable() {
		return r.Root(), false
	}
	segments := strings.FieldsFunc(name, func(c rune) bool { return c == ':' || c == '\\' || c == '.' || c == '/' })
	for i := range segments {
		found := d.byName[subjectKey(strings.Join(segments[i:], "_"))]
		switch {
		case len(found) == 1:
			return found[0], false
		case len(found) > 1:
			return d.nearest(found, segments[0], near)
		}
	}
	return nil, false
}

// nearest chooses between tables of one name: of the schema that the value names,
// or of the schema that the pair is in.
func (d *discoverer) nearest(found []*catalog.Relation, schema string, near *catalog.Relation) (*catalog.Relation, bool) {
	for _, wanted := range []string{strings.ToLower(schema), near.Schema} {
		for _, r := range found {
			if r.Schema == wanted {
				return r, false
			}
		}
	}
	return found[0], true
}

// targetKey is the column of a target that the pair's id can equal: the primary
// key without the columns that tenants take, or another unique column of its type.
func (d *discoverer) targetKey(t *catalog.Relation, id *catalog.Column) string {
	fits := func(c *catalog.Column) bool {
		return c != nil && (alike(c.Type.Underlying(), id.Type.Underlying()) || id.Type.Underlying().Category == "S")
	}
	if pk := t.PrimaryKey(); pk != nil {
		var own []string
		for _, name := range pk.Columns {
			if len(d.refs[t.Column(name)]) == 0 && !d.carries(t, name) || len(pk.Columns) == 1 {
				own = append(own, name)
			}
		}
		if len(own) == 1 && fits(t.Column(own[0])) {
			return own[0]
		}
	}
	for _, k := range t.Uniques() {
		if len(k.Columns) == 1 && fits(t.Column(k.Columns[0])) {
			return k.Columns[0]
		}
	}
	if c := t.Column("id"); fits(c) {
		return "id"
	}
	return ""
}

func (d *discoverer) carries(r *catalog.Relation, column string) bool {
	return slices.ContainsFunc(d.accept, func(l *level) bool {
		c := l.carriers[r]
		return c != nil && c.Name == column
	})
}
