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
