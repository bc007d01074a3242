package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

var typeSuffixes = []string{"type", "kind", "class", "model", "table"}

// wellKnown are names of pairs that point at anything: with those, and names on
// -able, a pair counts even where no target is known.
var wellKnown = []string{"resource", "entity", "subject", "target", "object", "record", "item", "owner", "parent", "trackable", "source", "related", "reference", "model"}

// bareTypes are columns that say of which table a row is without a word for "type":
// object beside object_id.
var bareTypes = []string{"resource", "entity", "object", "record"}

// pairs finds the polymorphic pairs of every table.
func (n *inference) pairs() error {
	keys := n.keyTypes()
	for _, t := range n.tables {
		for _, typ := range t.Columns {
			if typ.Generated != "" {
				continue
			}
			subject := typeSubject(typ.Name)
			id := shadowed(t, typ)
			if id == nil && subject != "" {
				id = partner(t, typ, subject)
			}
			if id == nil {
				n.perhapsPair(t, typ)
				continue
			}
			if err := n.pairAt(t, typ, id, subject, keys); err != nil {
				return err
			}
		}
	}
	return nil
}

// shadowed is the column whose value a generated one takes for certain values of
// typ, and references with: then the two are a pair, whatever they are called. A row's
// own key is none: with that, a base row requires the row of its subtype.
func shadowed(t *table, typ *catalog.Column) *catalog.Column {
	for _, ref := range t.References() {
		for _, name := range ref.Columns {
			shadow := t.Column(name)
			if shadow.Generated == "" || !sqltext.Mentions(shadow.Expr, typ.Name) || len(cases(shadow.Expr, typ)) == 0 {
				continue
			}
			for _, c := range t.Columns {
				if c != typ && c.Generated == "" && !t.inPrimaryKey(c) && alike(c.Type, shadow.Type) && sqltext.Mentions(shadow.Expr, c.Name) {
					return c
				}
			}
		}
	}
	return nil
}

// perhapsPair says so where two values that a column may hold are names of tables,
// and one other column, which has no type column of its own, could hold the keys of
// both.
func (n *inference) perhapsPair(t *table, typ *catalog.Column) {
	values, _ := listed(t.Relation, typ)
	if len(values) == 0 {
		values = n.commented(t, typ)
	}
	var named []*table
	for _, v := range values {
		if found := n.named(v, t); len(found) > 0 && !slices.Contains(named, found[0].table) {
			named = append(named, found[0].table)
		}
	}
	if len(named) < 2 {
		return
	}
	holds := func(c *catalog.Column) bool {
		keys := 0
		for _, to := range named {
			if key := n.targetKey(to, c); key != "" && alike(to.Column(key).Type, c.Type) {
				keys++
			}
		}
		return keys >= 2
	}
	var free []string
	for _, c := range t.Columns {
		if c != typ && c.Generated == "" && len(n.references[c]) == 0 && !t.inPrimaryKey(c) && !t.typed(c) && !n.namesTable(c) && holds(c) {
			free = append(free, c.Name)
		}
	}
	if len(free) == 1 {
		n.addDoubt("%s%s may be a polymorphic pair: values of the one are names of tables, and the other could hold their keys", t.name, list([]string{typ.Name, free[0]}))
	}
}

// namesTable reports whether a column is called like the key of one table, such as
// previous_post_id of posts.
func (n *inference) namesTable(c *catalog.Column) bool {
	w := strings.Split(subjectOf(c.Name), "_")
	for i := range w {
		if len(n.byName[subjectKey(strings.Join(w[i:], "_"))]) > 0 {
			return true
		}
	}
	return false
}

// typed reports whether another column says of which type an id column's rows are.
func (t *table) typed(id *catalog.Column) bool {
	return slices.ContainsFunc(t.Columns, func(typ *catalog.Column) bool {
		subject := typeSubject(typ.Name)
		return typ.Generated == "" && (shadowed(t, typ) == id || subject != "" && partner(t, typ, subject) == id)
	})
}

// keyTypes are the types of the columns that are in a primary key.
func (n *inference) keyTypes() []*catalog.Type {
	var out []*catalog.Type
	for _, t := range n.tables {
		if pk := t.PrimaryKey(); pk != nil {
			for _, name := range pk.Columns {
				if typ := t.Column(name).Type; !slices.Contains(out, typ) {
					out = append(out, typ)
				}
			}
		}
	}
	return out
}

func (n *inference) pairAt(t *table, typ, id *catalog.Column, subject string, keys []*catalog.Type) error {
	label := t.name + list([]string{typ.Name, id.Name})
	if why := n.notPair(t, typ, id, keys); why != "" {
		n.addReason("no pair "+label, why)
		return nil
	}
	s := &search{pair: &Pair{Table: t.Relation, Type: typ, ID: id}, table: t, subject: subject, label: label}
	s.reasons = []string{fmt.Sprintf("%s and %s are named alike, and %s has no foreign key of its own", typ.Name, id.Name, id.Name)}
	if subject == "" {
		s.reasons = []string{fmt.Sprintf("generated columns take %s for certain values of %s", id.Name, typ.Name)}
	}
	n.shadows(s)
	if err := n.typeValues(s); err != nil {
		return err
	}
	if err := n.resolveTargets(s); err != nil {
		return err
	}
	n.concludePair(s)
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
	case n == 1 && slices.Contains(bareTypes, w[0]):
		return w[0]
	}
	return ""
}

// partner is the id column that belongs to a type column.
func partner(t *table, typ *catalog.Column, subject string) *catalog.Column {
	w := words(typ.Name)
	wanted := []string{subject}
	switch w[0] {
	case "content": // Django: content_type_id with object_id
		wanted = append(wanted, "object")
	case "table", "model", "entity": // audit logs: table_name with record_id
		if w[len(w)-1] == "name" {
			wanted = append(wanted, "record", "row", "object", "entity")
		}
	}
	for _, s := range wanted {
		for _, c := range t.Columns {
			w := words(c.Name)
			if last := len(w) - 1; last > 0 && slices.Contains(idSuffixes, w[last]) && strings.Join(w[:last], "_") == s && c != typ && c.Generated == "" {
				return c
			}
		}
	}
	return nil
}

// notPair gives the reason why two columns only look like a pair.
func (n *inference) notPair(t *table, typ, id *catalog.Column, keys []*catalog.Type) string {
	for _, ref := range t.References() {
		if slices.Contains(ref.Columns, id.Name) && !quotesPair(ref, typ, id) {
			return fmt.Sprintf("%s references %s", id.Name, n.cat.Name(ref.To))
		}
	}
	if pk := t.PrimaryKey(); pk != nil && slices.Equal(pk.Columns, []string{id.Name}) {
		return fmt.Sprintf("%s is the key of the table itself", id.Name)
	}
	for _, l := range n.accepted {
		if u, ok := l.candidate.carriers[t]; ok && u.column == id {
			return fmt.Sprintf("%s carries the %s", id.Name, l.Name)
		}
	}
	text := id.Type.Underlying().Category == "S"
	if !text && !slices.ContainsFunc(keys, func(k *catalog.Type) bool { return alike(k, id.Type) }) {
		return fmt.Sprintf("%s is %s, and no table has a key like that", id.Name, id.SQLType)
	}
	switch k := typ.Type.Underlying(); {
	case k.Kind == catalog.EnumType, k.Category == "S", len(n.references[typ]) > 0, k.Category == "N" && numbered(t, typ, id):
		return ""
	}
	return fmt.Sprintf("%s is %s, which names no table", typ.Name, typ.SQLType)
}

// numbered reports whether something tells what the numbers in a type column stand
// for: a generated column, or a comment.
func numbered(t *table, typ, id *catalog.Column) bool {
	return typ.Comment != "" || slices.ContainsFunc(t.Columns, func(c *catalog.Column) bool {
		return c.Generated != "" && sqltext.Mentions(c.Expr, typ.Name, id.Name)
	})
}

// quotesPair recognises a reference to a row with the same pair, such as from a
// reply to the comment that it answers: it says nothing of what the pair points at.
func quotesPair(ref *catalog.Reference, typ, id *catalog.Column) bool {
	same := func(c *catalog.Column) bool {
		i := slices.Index(ref.Columns, c.Name)
		return i >= 0 && ref.RefColumns[i] == c.Name
	}
	return same(typ) && same(id)
}

// concludePair takes a pair in, or says why it stays open.
func (n *inference) concludePair(s *search) {
	w := words(s.pair.Type.Name)
	named := strings.HasSuffix(s.subject, "able") && s.subject != "table" || slices.Contains(wellKnown, s.subject) && w[len(w)-1] != "name" && !s.free()
	targets := s.pair.Targets
	own := n.byName[subjectKey(s.subject)]
	switch {
	case len(targets) == 0 && len(own) > 0 && !named:
		n.addDoubt("%s looks like a polymorphic pair, but more likely is a reference to %s without a foreign key: no type names another table", s.label, own[0].name)
		return
	case len(targets) == 0 && !named:
		n.addDoubt("%s looks like a polymorphic pair, but nothing says that a type of it is a table%s", s.label, s.openEnds())
		return
	case len(targets) == 0:
		n.addDoubt("%s is taken for a polymorphic pair by its name alone: nothing says what it points at%s", s.label, s.openEnds())
	case len(s.open) > 0:
		n.addDoubt("%s: no table was found%s", s.label, s.openEnds())
	}
	if len(s.byName) > 0 {
		n.addDoubt("%s: no row shows what table is meant by %s: taken by name", s.label, strings.Join(s.byName, ", "))
	}
	slices.SortStableFunc(s.pair.Targets, func(a, b Target) int { return strings.Compare(a.Value, b.Value) })
	s.table.pairs = append(s.table.pairs, s.pair)
	n.addReason("pair "+s.label, s.reasons...)
}

// free reports whether type and id are any texts: such a pair may as well be of
// another system. Where the table's own key is a text, ids of this database are texts.
func (s *search) free() bool {
	text := func(c *catalog.Column) bool { return c.Type.Underlying().Category == "S" }
	listed := slices.ContainsFunc(s.values, func(v value) bool { return v.listed })
	pk := s.table.PrimaryKey()
	ownText := pk != nil && len(pk.Columns) == 1 && text(s.table.Column(pk.Columns[0]))
	return !listed && !ownText && text(s.pair.Type) && text(s.pair.ID)
}

// openEnds names the types for which no table was found, and why.
func (s *search) openEnds() string {
	if len(s.open) == 0 {
		return ""
	}
	return " for " + strings.Join(s.open, ", ")
}
