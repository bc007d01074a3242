package infer

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// reportPossiblePair adds a doubt if two values that a column may have are names of
// tables, and exactly one other column, without a type column, could have the keys of
// both.
func (n *inference) reportPossiblePair(t *table, typ *catalog.Column) {
	values, _ := allowedValues(t.Relation, typ)
	if len(values) == 0 {
		values = n.tablesInComment(t, typ)
	}
	var named []*table
	for _, v := range values {
		if found := n.tablesNamedInFamily(v, t); len(found) > 0 && !slices.Contains(named, found[0].table) {
			named = append(named, found[0].table)
		}
	}
	if len(named) < 2 {
		n.reportKeyWithType(t, typ)
		return
	}
	holds := func(c *catalog.Column) bool {
		keys := 0
		for _, to := range named {
			if key := n.targetKey(to, c); key != "" && comparableTypes(to.Column(key).Type, c.Type) {
				keys++
			}
		}
		return keys >= 2
	}
	var free []string
	for _, c := range t.Columns {
		if c != typ && c.Generated == "" && len(n.referencesOf[c]) == 0 && !t.isMadeHere(c) && !t.hasTypeColumn(c) && !n.namesTable(t, c) && holds(c) {
			free = append(free, c.Name)
		}
	}
	if len(free) != 1 {
		n.reportKeyWithType(t, typ)
	} else {
		n.addDoubt("%s%s may be a polymorphic pair: values of the one are names of tables, and the other could hold their keys", t.name, columnList([]string{typ.Name, free[0]}))
	}
}

// namesTable reports whether a column is named like the key of a table, as
// previous_post_id is for posts.
func (n *inference) namesTable(t *table, c *catalog.Column) bool {
	w := strings.Split(subjectOf(c.Name), "_")
	for i := range w {
		if len(n.namedInFamily(strings.Join(w[i:], "_"), t)) > 0 {
			return true
		}
	}
	return false
}

// hasTypeColumn reports whether another column is the type to an id column.
func (t *table) hasTypeColumn(id *catalog.Column) bool {
	return slices.ContainsFunc(t.Columns, func(typ *catalog.Column) bool {
		subject := typeSubject(typ.Name)
		return typ.Generated == "" && (shadowedColumn(t, typ) == id || subject != "" && idColumnFor(t, typ, subject) == id)
	})
}

// tablesNamedInFamily is tablesNamed, also for names without the first word that they share
// with the table that has the value: task of app_runs is app_task.
func (n *inference) tablesNamedInFamily(value string, t *table) []targetCandidate {
	if found := n.tablesNamed(value, t); len(found) > 0 {
		return found
	}
	var out []targetCandidate
	for _, to := range n.namedInFamily(value, t) {
		out = append(out, targetCandidate{table: to})
	}
	return out
}

// namedInFamily returns the tables of a name; if there are none, those that have the first
// word of t's name before it.
func (n *inference) namedInFamily(name string, t *table) []*table {
	key := normalizedName(strings.ToLower(name))
	if family := words(t.Name); len(n.byName[key]) == 0 && len(family) > 1 && key != "" {
		found := n.byName[normalizedName(family[0]+"_"+strings.ToLower(name))]
		return slices.DeleteFunc(slices.Clone(found), func(to *table) bool { return to == t })
	}
	return n.byName[key]
}

// isMadeHere reports whether a column has the table's own key: its primary key is that
// column, or the column has a default there. What is part of a longer key, and comes from
// the writer, may be the key of another table.
func (t *table) isMadeHere(c *catalog.Column) bool {
	pk := t.PrimaryKey()
	return t.inPrimaryKey(c) && (len(pk.Columns) == 1 || c.Default != "" || c.Identity != "")
}

// reportKeyWithType adds a doubt if a key tells rows apart by a type and an id only together,
// or by a name beside which an id stands: the id may be that of another table, by the type.
func (n *inference) reportKeyWithType(t *table, typ *catalog.Column) {
	w := words(typ.Name)
	isName := len(w) > 1 && w[len(w)-1] == "name"
	if typ.Generated != "" || !isName && (len(w) != 1 || !slices.Contains(typeSuffixes, w[0])) {
		return
	}
	if k := typ.Type.Underlying(); k.Kind != catalog.EnumType && k.Category != "S" {
		return
	}
	for _, ix := range t.Indexes {
		columns := ix.Columns()
		if !ix.Unique || len(columns) < 2 || len(columns) != len(ix.Keys) || !slices.Contains(columns, typ.Name) {
			continue
		}
		for _, c := range t.Columns {
			inKey := slices.Contains(columns, c.Name)
			if c == typ || inKey == isName || isName && subjectOf(c.Name) != strings.Join(w[:len(w)-1], "_") || !n.mayBeAnothersKey(t, c) {
				continue
			}
			n.addDoubt("%s%s may be a polymorphic pair: no foreign key holds the one, and key %s has the other in it", t.name, columnList([]string{typ.Name, c.Name}), ix.Name)
			return
		}
	}
}

// mayBeAnothersKey reports whether a column is named for a key, and neither a foreign key
// nor a default nor a table of its name says whose.
func (n *inference) mayBeAnothersKey(t *table, c *catalog.Column) bool {
	w := words(c.Name)
	id := len(w) > 0 && slices.Contains([]string{"id", "uuid"}, w[len(w)-1])
	return id && c.Generated == "" && len(n.referencesOf[c]) == 0 && len(n.referencedBy[c]) == 0 && !t.isMadeHere(c) && !n.isTenant(t, c.Name) &&
		!t.hasTypeColumn(c) && !n.namesTable(t, c) && !t.isUniqueColumn(c)
}
