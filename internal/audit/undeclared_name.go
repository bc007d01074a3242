package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// undeclaredAt is what a column seems to reference, or nil: a table by its whole name; what
// columns of that name reference elsewhere; a table by the name of its key; a table by the end
// of the column's name, as order_line_id is for lines.
func (a *audit) undeclaredAt(t *graph.Table, c *catalog.Column) *undeclared {
	if heldOtherwise(t, c.Name) || c.Generated != "" {
		return nil
	}
	w := words(c.Name)
	stem := ""
	if len(w) > 1 && w[len(w)-1] == "id" {
		stem = strings.Join(w[:len(w)-1], "_")
	}
	if stem != "" && named(tableName(t), stem) { // the table's own key
		return nil
	}
	var first *undeclared
	for _, u := range []*undeclared{a.namedForTable(t, c, stem), a.undeclaredToGlobal(t, c, stem), a.namedAsElsewhere(t, c), a.namedForKey(t, c, w), a.namedAtItsEnd(t, c, w)} {
		switch {
		case u != nil && u.exact:
			return u
		case first == nil:
			first = u
		}
	}
	return first
}

// fewNumbers are rows enough where a name is almost the target's, and manyNumbers where it is
// the end of the target's name.
const fewNumbers, manyNumbers = 2, 5

// nameIndex are the tables by their names, as tableName writes them, and by the words of the
// column that alone is their key.
type nameIndex struct {
	tables, keys map[string][]*graph.Table
}

func (a *audit) names() *nameIndex {
	if a.nameIndex == nil {
		a.nameIndex = &nameIndex{map[string][]*graph.Table{}, map[string][]*graph.Table{}}
		for _, t := range a.graph.Tables {
			name := tableName(t)
			a.nameIndex.tables[name] = append(a.nameIndex.tables[name], t)
			if key := a.ownKey(t); key != nil {
				name := strings.Join(words(key.Name), "_")
				a.nameIndex.keys[name] = append(a.nameIndex.keys[name], t)
			}
		}
	}
	return a.nameIndex
}

// namedFor are the tables whose name is a stem or its plural.
func (n *nameIndex) namedFor(stem string) (out []*graph.Table) {
	for _, name := range numbersOf(stem) {
		out = append(out, n.tables[name]...)
	}
	return out
}

// namedForTable is what a column references that is named for a table of tenants' rows.
func (a *audit) namedForTable(t *graph.Table, c *catalog.Column, stem string) *undeclared {
	if stem == "" {
		return nil
	}
	to := func(target *graph.Table, numbers int64) *undeclared {
		s := a.subject(target.Relation)
		if s == nil || s.node != target {
			return nil
		}
		key := keyFor(s, c)
		if key == nil || key == c || !mayReference(c, key) || refersBack(target, t, c.Name) || hasHeirs(target.Relation) {
			return nil
		}
		return newUndeclared(t, target, c, key, numbers)
	}
	whole := a.names().namedFor(stem)
	if stem == "parent" {
		whole = append(whole, t)
	}
	for _, target := range whole {
		if u := to(target, fewNumbers); u != nil {
			return u.whole()
		}
	}
	prefix, _, _ := strings.Cut(tableName(t), "_")
	for _, target := range a.names().namedFor(prefix + "_" + stem) { // version_id of flow_runs: flow_versions
		if u := to(target, manyNumbers); u != nil {
			return u
		}
	}
	return nil
}

// keyFor is the column of a subject that a column would reference: the one of its primary key
// beside the tenant's, or the one of its own name and type that is unique within a tenant.
func keyFor(s *subject, c *catalog.Column) *catalog.Column {
	for _, ix := range s.rel.Indexes {
		columns := ix.Columns()
		if !ix.Unique || ix.Predicate != "" || len(columns) != len(ix.Keys) {
			continue
		}
		for _, sc := range s.direct() {
			columns = without(columns, sc.Columns)
		}
		if key := s.rel.Column(c.Name); slices.Equal(columns, []string{c.Name}) && key != c && sameType(key, c) && !s.node.InForeignKey(c.Name) {
			return key
		}
	}
	if keys := keysBeyondTenant(s); len(keys) == 1 {
		return keys[0]
	}
	return nil
}

// undeclaredToGlobal is what a column seems to reference in a table of no tenant, or nil.
func (a *audit) undeclaredToGlobal(t *graph.Table, c *catalog.Column, stem string) *undeclared {
	if stem == "" || len(a.model.Tenants) == 0 {
		return nil
	}
	for _, to := range a.names().namedFor(stem) {
		if key := globalKey(to); key != nil && to != t && mayReference(c, key) {
			return newUndeclared(t, to, c, key, manyNumbers)
		}
	}
	return nil
}

// globalKey is the one column of the primary key of a table of no tenant, or nil.
func globalKey(t *graph.Table) *catalog.Column {
	pk := t.Relation.PrimaryKey()
	if t.HasTenant() || t.Relation.Bookkeeping() || pk == nil || len(pk.Columns) != 1 {
		return nil
	}
	return t.Relation.Column(pk.Columns[0])
}

// namedAsElsewhere is what foreign keys of other tables lead to from columns of the same name.
func (a *audit) namedAsElsewhere(t *graph.Table, c *catalog.Column) *undeclared {
	if len(words(c.Name)) < 2 {
		return nil
	}
	if a.namesakes == nil {
		a.namesakes = map[string][]*graph.ForeignKey{}
		for _, fk := range a.graph.ForeignKeys {
			own := slices.DeleteFunc(slices.Clone(fk.Columns), func(name string) bool { return fk.From.IsTenantColumn(fk.From.Relation.Column(name)) })
			if len(own) == 1 && fk.To != nil {
				a.namesakes[own[0]] = append(a.namesakes[own[0]], fk)
			}
		}
	}
	same := a.namesakes[c.Name]
	if len(same) == 0 {
		return nil
	}
	keyOf := func(fk *graph.ForeignKey) *catalog.Column {
		return fk.To.Relation.Column(fk.RefColumns[slices.Index(fk.Columns, c.Name)])
	}
	to, key := same[0].To, keyOf(same[0])
	if key == c || !mayReference(c, key) || refersBack(to, t, c.Name) || hasHeirs(to.Relation) || t.IsReferenced(c.Name) ||
		slices.ContainsFunc(same, func(fk *graph.ForeignKey) bool { return keyOf(fk) != key }) {
		return nil
	}
	u := newUndeclared(t, to, c, key, fewNumbers)
	if len(same) > 1 {
		return u.whole()
	}
	return u
}

// namedForKey is the one table whose key has the column's name, or the end of it: chat_id for
// chats that have a chat_id, owner_uid for users that have a uid.
func (a *audit) namedForKey(t *graph.Table, c *catalog.Column, w []string) (found *undeclared) {
	if !strings.HasSuffix(w[len(w)-1], "id") || isOwnKey(t, c) || isElsewhere(w) {
		return nil
	}
	for i := range w {
		k := w[i:]
		if len(k) == 1 && k[0] == "id" {
			break
		}
		for _, to := range a.names().keys[strings.Join(k, "_")] {
			key := a.ownKey(to)
			if key == c {
				continue
			}
			if found != nil || to.InForeignKey(key.Name) || len(k) > 1 && !endsNamed(tableName(to), k[:len(k)-1]) { // a reference, perhaps, as c is
				return nil
			}
			switch found = newUndeclared(t, to, c, key, fewNumbers); {
			case i == 0 && len(k) > 1 && a.onlyNamed(to, c, k[:len(k)-1]):
				found.whole()
			case len(k) > 1:
				found.numbers = 1
			}
		}
	}
	if found == nil || !mayReference(c, found.keys[0]) || refersBack(found.target, t, c.Name) || hasHeirs(found.target.Relation) {
		return nil
	}
	return found
}

// endsNamed reports whether a table's name ends with a stem or its plural: city_halls with hall.
func endsNamed(table string, stem []string) bool {
	w := strings.Split(table, "_")
	return len(w) >= len(stem) && named(strings.Join(w[len(w)-len(stem):], "_"), strings.Join(stem, "_"))
}

// onlyNamed reports whether no other table's name ends with a stem, and its key may be what a
// column references.
func (a *audit) onlyNamed(t *graph.Table, c *catalog.Column, stem []string) bool {
	return !slices.ContainsFunc(a.graph.Tables, func(other *graph.Table) bool {
		key := a.ownKey(other)
		return other != t && key != nil && mayReference(c, key) && endsNamed(tableName(other), stem)
	})
}

// ownKey is the one column that tells the rows of a table apart, beside the tenant's, or nil.
func (a *audit) ownKey(t *graph.Table) *catalog.Column {
	if s := a.subject(t.Relation); s != nil {
		if keys := keysBeyondTenant(s); len(keys) == 1 {
			return keys[0]
		}
		return nil
	}
	return globalKey(t)
}

// isOwnKey reports whether a column alone tells the rows of its table apart.
func isOwnKey(t *graph.Table, c *catalog.Column) bool {
	pk := t.Relation.PrimaryKey()
	return pk != nil && slices.Equal(pk.Columns, []string{c.Name})
}

// isElsewhere reports whether a name is of what is kept in another system, by its first word.
func isElsewhere(w []string) bool {
	return slices.Contains([]string{"external", "client", "foreign", "remote", "legacy", "old", "source", "original", "provider", "third", "other"}, w[0])
}

// namedAtItsEnd is the one table that the end of a column's name names: parent_comment_id for
// comments. Whether it is one, its rows say.
func (a *audit) namedAtItsEnd(t *graph.Table, c *catalog.Column, w []string) *undeclared {
	if len(a.model.Tenants) == 0 || len(w) < 3 || w[len(w)-1] != "id" || isOwnKey(t, c) || isElsewhere(w) {
		return nil
	}
	stem := w[:len(w)-1]
	for i := 1; i < len(stem); i++ {
		var found []*undeclared
		for _, to := range a.names().namedFor(strings.Join(stem[i:], "_")) {
			key := a.ownKey(to)
			if key != nil && mayReference(c, key) && !hasHeirs(to.Relation) {
				found = append(found, newUndeclared(t, to, c, key, fewNumbers))
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	return nil
}

func newUndeclared(t, target *graph.Table, c, key *catalog.Column, numbers int64) *undeclared {
	return &undeclared{table: t, target: target, columns: []*catalog.Column{c}, keys: []*catalog.Column{key}, numbers: numbers}
}

// whole makes exact what is named for the whole of its target: not where that is of no tenant,
// where the types differ, or where a default says that there is none.
func (u *undeclared) whole() *undeclared {
	c, key := u.columns[0], u.keys[0]
	u.exact = u.target.HasTenant() && (sameType(key, c) || bothIntegers(key, c)) && !saysNone(c)
	return u
}

// mayReference reports whether a column can hold the values of a key: one of its type, an
// integer of another size, or a text of UUIDs.
func mayReference(c, key *catalog.Column) bool {
	text := func(x *catalog.Column) bool { return x.Type.Underlying().Category == "S" }
	uuid := func(x *catalog.Column) bool { return x.Type.Underlying().Name == "uuid" }
	return sameType(key, c) || bothIntegers(key, c) || text(c) && uuid(key) || uuid(c) && text(key)
}

// bothIntegers reports whether two columns are integers, which Postgres compares whatever their sizes.
func bothIntegers(a, b *catalog.Column) bool {
	integer := func(c *catalog.Column) bool {
		return slices.Contains([]string{"int2", "int4", "int8"}, c.Type.Underlying().Name)
	}
	return integer(a) && integer(b)
}
