package seedbed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// foundPair is a polymorphic pair in terms of the catalog.
type foundPair struct {
	table   *catalog.Relation
	typ, id string
	targets []foundTarget
}

type foundTarget struct {
	value  string
	table  *catalog.Relation
	key    string
	shadow string
}

// typeValue is something that a pair's type column may hold. name is what to look
// for a table by: the value itself, or what a lookup table says of it.
type typeValue struct{ value, name string }

var typeSuffixes = []string{"type", "kind", "class", "model", "table"}

// wellKnown are names of pairs that point at anything: with those, and names on
// -able, a pair counts even where no target is known.
var wellKnown = []string{"resource", "entity", "subject", "target", "object", "record", "item", "owner", "parent", "trackable", "source", "related", "reference", "model"}

// pairs finds the polymorphic pairs of every table.
func (d *discoverer) pairs() error {
	for _, r := range d.tables {
		for _, typ := range r.Columns {
			if err := d.pairAt(r, typ); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *discoverer) pairAt(r *catalog.Relation, typ *catalog.Column) error {
	subject := typeSubject(typ.Name)
	if subject == "" || typ.Generated != "" {
		return nil
	}
	id := partner(r, typ, subject)
	if id == nil {
		return nil
	}
	label := d.name(r) + list([]string{typ.Name, id.Name})
	if why := d.notPair(r, typ, id); why != "" {
		d.out.because("no pair "+label, why)
		return nil
	}
	p := foundPair{table: r, typ: typ.Name, id: id.Name}
	reasons := []string{fmt.Sprintf("%s and %s are named alike, and %s has no foreign key of its own", typ.Name, id.Name, id.Name)}
	reasons = append(reasons, d.shadows(&p)...)
	values, sources, err := d.typeValues(r, typ, len(p.targets) > 0)
	if err != nil {
		return err
	}
	unresolved := d.resolve(&p, id, values)
	reasons = append(reasons, sources...)
	d.conclude(p, subject, label, reasons, unresolved)
	return nil
}

// typeSubject is what a type column is named for: "resource" of resource_type,
// resourceKind and resource_type_id; "" of any other column.
func typeSubject(column string) string {
	w := words(column)
	if n := len(w); n > 2 && w[n-1] == "id" && slices.Contains(typeSuffixes, w[n-2]) {
		w = w[:n-1]
	}
	n := len(w)
	switch {
	case n >= 2 && slices.Contains(typeSuffixes, w[n-1]):
		return strings.Join(w[:n-1], "_")
	case n == 2 && w[1] == "name" && slices.Contains([]string{"table", "model", "entity"}, w[0]):
		return w[0]
	}
	return ""
}

// partner is the id column that belongs to a type column.
func partner(r *catalog.Relation, typ *catalog.Column, subject string) *catalog.Column {
	wanted := []string{subject}
	switch words(typ.Name)[0] {
	case "content": // Django: content_type_id with object_id
		wanted = append(wanted, "object")
	case "table", "model", "entity": // audit logs: table_name with record_id
		if w := words(typ.Name); w[len(w)-1] == "name" {
			wanted = append(wanted, "record", "row", "object", "entity")
		}
	}
	for _, s := range wanted {
		for _, c := range r.Columns {
			w := words(c.Name)
			if n := len(w) - 1; n > 0 && slices.Contains(idSuffixes, w[n]) && strings.Join(w[:n], "_") == s && c != typ && c.Generated == "" {
				return c
			}
		}
	}
	return nil
}

// notPair gives the reason why two columns only look like a pair.
func (d *discoverer) notPair(r *catalog.Relation, typ, id *catalog.Column) string {
	for _, fk := range r.ForeignKeys() {
		if slices.Contains(fk.Columns, id.Name) && !quotesPair(fk, typ, id) {
			return fmt.Sprintf("%s references %s", id.Name, d.name(fk.Ref.Root()))
		}
	}
	for _, l := range d.accept {
		if l.carriers[r] == id {
			return fmt.Sprintf("%s carries the %s", id.Name, l.name)
		}
	}
	t := typ.Type.Underlying()
	lookup := len(d.refs[typ]) > 0
	if t.Kind != catalog.EnumType && t.Category != "S" && !lookup {
		return fmt.Sprintf("%s is %s, which names no table", typ.Name, typ.SQLType)
	}
	return ""
}

// quotesPair recognises a reference to a row with the same pair, such as from a
// reply to the comment that it answers: it says nothing of what the pair points at.
func quotesPair(fk *catalog.Constraint, typ, id *catalog.Column) bool {
	same := func(c *catalog.Column) bool {
		i := slices.Index(fk.Columns, c.Name)
		return i >= 0 && fk.RefColumns[i] == c.Name
	}
	return same(typ) && same(id)
}

// conclude takes a pair in, or says why it stays open.
func (d *discoverer) conclude(p foundPair, subject, label string, reasons []string, unresolved []typeValue) {
	named := slices.Contains(wellKnown, subject) || strings.HasSuffix(subject, "able")
	var odd []string
	for _, v := range unresolved {
		what := fmt.Sprintf("%q", v.value)
		if v.name != v.value {
			what += " (" + v.name + ")"
		}
		odd = append(odd, what)
	}
	own := d.byName[subjectKey(subject)]
	switch {
	case len(p.targets) == 0 && len(own) > 0 && !strings.HasSuffix(subject, "able"):
		d.out.doubt("%s looks like a polymorphic pair, but more likely is a reference to %s without a foreign key: no type names another table", label, d.name(own[0]))
		return
	case len(p.targets) == 0 && !named:
		d.out.doubt("%s looks like a polymorphic pair, but no type of it is known to name a table%s", label, orNone(odd))
		return
	case len(p.targets) == 0:
		d.out.doubt("%s is taken for a polymorphic pair by its name alone: nothing says what it points at%s", label, orNone(odd))
	case len(odd) > 0:
		d.out.doubt("%s: no table was found for %s", label, strings.Join(odd, ", "))
	}
	slices.SortStableFunc(p.targets, func(a, b foundTarget) int { return strings.Compare(a.value, b.value) })
	d.found = append(d.found, p)
	d.out.because("pair "+label, reasons...)
}

func orNone(odd []string) string {
	if len(odd) == 0 {
		return ""
	}
	return ": not " + strings.Join(odd, ", not ")
}

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
