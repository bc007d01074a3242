package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

var typeSuffixes = []string{"type", "kind", "class", "model", "table"}

// genericSubjects are usual names of polymorphic pairs. A pair of such a name, or one
// that ends in -able, is accepted without a known target.
var genericSubjects = []string{"resource", "entity", "subject", "target", "object", "record", "item", "owner", "parent", "trackable", "source", "related", "reference", "model"}

// bareTypeNames are names of type columns without a word for type, such as object beside
// object_id.
var bareTypeNames = []string{"resource", "entity", "object", "record"}

// findPairs finds the polymorphic pairs of every table.
func (n *inference) findPairs() error {
	keys := n.keyTypes()
	n.readTypeUses()
	for _, t := range n.tables {
		for _, typ := range t.Columns {
			if typ.Generated != "" {
				continue
			}
			subject := typeSubject(typ.Name)
			id := shadowedColumn(t, typ)
			if id == nil && subject != "" {
				id = idColumnFor(t, typ, subject)
			}
			if id == nil {
				id = n.joinedColumn(t, typ)
			}
			if id == nil {
				n.reportPossiblePair(t, typ)
				continue
			}
			if err := n.inferPair(t, typ, id, subject, keys); err != nil {
				return err
			}
		}
	}
	return nil
}

// shadowedColumn returns the column that a generated column copies for certain values of
// typ, and references with: the two are a pair, whatever their names. A column of the
// row's own key does not count: there, a base row requires the row of its subtype.
func shadowedColumn(t *table, typ *catalog.Column) *catalog.Column {
	for _, ref := range t.References() {
		for _, name := range ref.Columns {
			shadow := t.Column(name)
			if shadow.Generated == "" || !sqltext.Mentions(shadow.Expr, typ.Name) || len(shadowedValues(shadow.Expr, typ)) == 0 {
				continue
			}
			for _, c := range t.Columns {
				if c != typ && c.Generated == "" && !t.inPrimaryKey(c) && comparableTypes(c.Type, shadow.Type) && sqltext.Mentions(shadow.Expr, c.Name) {
					return c
				}
			}
		}
	}
	return nil
}

// keyTypes returns the types of all columns of primary keys.
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

// inferPair adds the pair of typ and id, or says why it is none.
func (n *inference) inferPair(t *table, typ, id *catalog.Column, subject string, keys []*catalog.Type) error {
	label := t.name + columnList([]string{typ.Name, id.Name})
	if why := n.whyNoPair(t, typ, id, keys); why != "" {
		n.addReason("no pair "+label, why)
		return nil
	}
	s := &pairSearch{pair: &Pair{Table: t.Relation, Type: typ, ID: id}, table: t, subject: subject, label: label}
	s.reasons = []string{fmt.Sprintf("%s and %s are named alike, and %s has no foreign key of its own", typ.Name, id.Name, id.Name)}
	if subject == "" {
		s.reasons = []string{fmt.Sprintf("generated columns take %s for certain values of %s", id.Name, typ.Name)}
		if shadowedColumn(t, typ) != id {
			s.reasons = []string{fmt.Sprintf("queries join %s with several tables, by %s", id.Name, typ.Name)}
		}
	}
	n.addShadowTargets(s)
	n.addJoinedTargets(s)
	if err := n.typeValues(s); err != nil {
		return err
	}
	if err := n.resolveTargets(s); err != nil {
		return err
	}
	n.dropMisspelled(s)
	n.addPair(s)
	return nil
}

// typeSubject returns the thing that a type column is named for: "resource" of
// resource_type, resourceKind and resource_type_id; "" for any other column.
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
	case n == 1 && slices.Contains(bareTypeNames, w[0]):
		return w[0]
	}
	return ""
}

// idColumnFor returns the id column that belongs to a type column, by their names, or nil.
func idColumnFor(t *table, typ *catalog.Column, subject string) *catalog.Column {
	w := words(typ.Name)
	subjects := []string{subject}
	switch w[0] {
	case "content": // Django: content_type_id with object_id
		subjects = append(subjects, "object")
	case "table", "model", "entity": // audit logs: table_name with record_id
		if w[len(w)-1] == "name" {
			subjects = append(subjects, "record", "row", "object", "entity")
		}
	}
	for _, s := range subjects {
		for _, c := range t.Columns {
			w := words(c.Name)
			if last := len(w) - 1; last > 0 && slices.Contains(idSuffixes, w[last]) && strings.Join(w[:last], "_") == s && c != typ && c.Generated == "" {
				return c
			}
		}
	}
	return nil
}

// whyNoPair returns the reason why two columns are no pair in spite of their names, or "".
func (n *inference) whyNoPair(t *table, typ, id *catalog.Column, keys []*catalog.Type) string {
	for _, ref := range t.References() {
		if slices.Contains(ref.Columns, id.Name) && !copiesPair(ref, typ, id) {
			return fmt.Sprintf("%s references %s", id.Name, n.catalog.Name(ref.To))
		}
	}
	if pk := t.PrimaryKey(); pk != nil && slices.Equal(pk.Columns, []string{id.Name}) {
		return fmt.Sprintf("%s is the key of the table itself", id.Name)
	}
	for _, l := range n.levels {
		if u, ok := l.candidate.keyColumns[t]; ok && u.column == id {
			return fmt.Sprintf("%s carries the %s", id.Name, l.Name)
		}
	}
	text := id.Type.Underlying().Category == "S"
	if !text && !slices.ContainsFunc(keys, func(k *catalog.Type) bool { return comparableTypes(k, id.Type) }) {
		return fmt.Sprintf("%s is %s, and no table has a key like that", id.Name, id.SQLType)
	}
	switch k := typ.Type.Underlying(); {
	case k.Kind == catalog.EnumType, k.Category == "S", len(n.referencesOf[typ]) > 0, k.Category == "N" && explainsNumbers(t, typ, id):
		return ""
	}
	return fmt.Sprintf("%s is %s, which names no table", typ.Name, typ.SQLType)
}

// explainsNumbers reports whether a generated column or a comment explains the numbers in
// a type column.
func explainsNumbers(t *table, typ, id *catalog.Column) bool {
	return typ.Comment != "" || slices.ContainsFunc(t.Columns, func(c *catalog.Column) bool {
		return c.Generated != "" && sqltext.Mentions(c.Expr, typ.Name, id.Name)
	})
}

// copiesPair reports whether a foreign key references a row with the same pair, as a reply
// references the comment that it answers. Such a key says nothing about the pair's
// targets.
func copiesPair(ref *catalog.Reference, typ, id *catalog.Column) bool {
	same := func(c *catalog.Column) bool {
		i := slices.Index(ref.Columns, c.Name)
		return i >= 0 && ref.RefColumns[i] == c.Name
	}
	return same(typ) && same(id)
}

// addPair adds the pair if it has targets or a usual name, and a doubt about what is
// missing.
func (n *inference) addPair(s *pairSearch) {
	w := words(s.pair.Type.Name)
	named := strings.HasSuffix(s.subject, "able") && s.subject != "table" || slices.Contains(genericSubjects, s.subject) && w[len(w)-1] != "name" && !s.isFreeText()
	targets := s.pair.Targets
	own := n.byName[normalizedName(s.subject)]
	switch {
	case len(targets) == 0 && !named && n.isKeyWithinTenant(s.table, s.pair.ID):
		n.addReason("no pair "+s.label, fmt.Sprintf("%s is the key of the table itself within its tenant", s.pair.ID.Name))
		return
	case len(targets) == 0 && len(own) > 0 && !named:
		n.addDoubt("%s looks like a polymorphic pair, but more likely is a reference to %s without a foreign key: no type names another table", s.label, own[0].name)
		s.table.possiblePair = []string{s.pair.Type.Name, s.pair.ID.Name}
		return
	case len(targets) == 0 && !named:
		n.addDoubt("%s looks like a polymorphic pair, but nothing says that a type of it is a table%s", s.label, s.describeUnresolved())
		s.table.possiblePair = []string{s.pair.Type.Name, s.pair.ID.Name}
		return
	case len(targets) == 0:
		n.addDoubt("%s is taken for a polymorphic pair by its name alone: nothing says what it points at%s", s.label, s.describeUnresolved())
	case len(s.unresolved) > 0:
		n.addDoubt("%s: no table was found%s", s.label, s.describeUnresolved())
	}
	if len(s.resolvedByName) > 0 {
		n.addDoubt("%s: no row shows what table is meant by %s: taken by name", s.label, shortList(s.resolvedByName))
	}
	slices.SortStableFunc(s.pair.Targets, func(a, b Target) int { return strings.Compare(a.Value, b.Value) })
	s.table.pairs = append(s.table.pairs, s.pair)
	n.addReason("pair "+s.label, s.reasons...)
}

// isKeyWithinTenant reports whether a unique key is of a column and the tenant's only.
func (n *inference) isKeyWithinTenant(t *table, c *catalog.Column) bool {
	return slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
		columns := ix.Columns()
		return ix.Unique && ix.Predicate == "" && len(columns) == 2 && len(ix.Keys) == 2 && slices.Contains(columns, c.Name) &&
			slices.ContainsFunc(columns, func(name string) bool { return name != c.Name && n.isTenant(t, name) })
	})
}

// isFreeText reports whether type and id are unrestricted texts: the pair may reference
// rows of another system. It does not count where the table's own key is a text.
func (s *pairSearch) isFreeText() bool {
	text := func(c *catalog.Column) bool { return c.Type.Underlying().Category == "S" }
	listed := slices.ContainsFunc(s.values, func(v typeValue) bool { return v.listed })
	pk := s.table.PrimaryKey()
	ownText := pk != nil && len(pk.Columns) == 1 && text(s.table.Column(pk.Columns[0]))
	return !listed && !ownText && text(s.pair.Type) && text(s.pair.ID)
}

// describeUnresolved lists the types without a target, with the reasons.
func (s *pairSearch) describeUnresolved() string {
	if len(s.unresolved) == 0 {
		return ""
	}
	return " for " + shortList(s.unresolved)
}
