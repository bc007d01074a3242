package infer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// candidate is a possible level of tenancy: a table that other tables reference, or
// columns named for a tenant without a table.
type candidate struct {
	table        *table            // nil: the database has no such table
	key          []*catalog.Column // of table
	ownKeyColumn *catalog.Column   // the column of the key that is not itself an outer tenant's
	subjects     []string          // the columnSubjects of keyColumns, the best match first
	grade        int
	keyColumns   map[*table]keyColumn
	tables       []*table // those of keyColumns, in the catalog's order
	evidence     evidence
	reasons      []string
}

// keyColumn is the column in which a table has the key of a candidate.
type keyColumn struct {
	column *catalog.Column
	ref    *catalog.Reference // nil: the column has the name, but no foreign key to the table
}

// candidates returns the tables that other tables reference by a whole key, and the names
// of columns that are named for tenants without a foreign key.
func (n *inference) candidates() []*candidate {
	var out []*candidate
	byTable := map[*table]*candidate{}
	for _, t := range n.tables {
		if c := n.referencedCandidate(t); c != nil {
			byTable[t] = c
			out = append(out, c)
		}
	}
	out = append(out, n.addNamedColumns(byTable)...)
	for _, c := range out {
		n.addIndirectColumns(c)
		for t := range c.keyColumns {
			c.tables = append(c.tables, t)
		}
		slices.SortFunc(c.tables, func(a, b *table) int { return cmp.Compare(a.order, b.order) })
	}
	return out
}

// referencedCandidate makes a candidate of a table, with the foreign keys that reference
// its whole key; nil if there are none.
func (n *inference) referencedCandidate(t *table) *candidate {
	type use struct {
		from *table
		keyColumn
	}
	bySubject := map[string][]use{}
	c := &candidate{table: t, keyColumns: map[*table]keyColumn{}}
	for _, ref := range t.referrers {
		key, own := n.keyOf(t, ref.RefColumns)
		if own == nil || c.ownKeyColumn != nil && c.ownKeyColumn != own {
			continue
		}
		c.key, c.ownKeyColumn = key, own
		column := ref.From.Column(ref.Columns[slices.Index(ref.RefColumns, own.Name)])
		subject := columnSubject(column.Name)
		bySubject[subject] = append(bySubject[subject], use{n.tableOf[ref.From], keyColumn{column, ref}})
	}
	if c.ownKeyColumn == nil {
		return nil
	}
	tableName := normalizeSubject(strings.Join(t.nameWords, "_"))
	for subject := range bySubject {
		c.subjects = append(c.subjects, subject)
	}
	slices.SortFunc(c.subjects, func(a, b string) int {
		return cmp.Or(-cmp.Compare(nameMatch(a, tableName), nameMatch(b, tableName)), -cmp.Compare(len(bySubject[a]), len(bySubject[b])), cmp.Compare(a, b))
	})
	// Keep further subjects only if they match the table's name and several tables use
	// them, such as environment_id beside runtime_environment_id.
	c.subjects = slices.DeleteFunc(c.subjects, func(s string) bool {
		return s != c.subjects[0] && (nameMatch(s, tableName) == 0 || len(bySubject[s]) < 2)
	})
	for _, s := range c.subjects {
		for _, u := range bySubject[s] {
			// Of two columns of one subject (tenantId and tenant_id) the first stays.
			if _, carried := c.keyColumns[u.from]; !carried {
				c.keyColumns[u.from] = u.keyColumn
			}
		}
	}
	c.grade = gradeOf(c.subjects[0], tableName)
	return c
}

// addIndirectColumns adds columns of the same subjects whose foreign keys lead to the
// tenant through composite keys of other tables: (space_id, dataset_id) references
// datasets, whose space_id references spaces, or is only named for them.
func (n *inference) addIndirectColumns(c *candidate) {
	for column := range n.columnsReferencing(n.tenantKeys(c)) {
		t := n.tableOf[column.Table.Root()]
		if t == nil || t == c.table || !slices.Contains(c.subjects, columnSubject(column.Name)) {
			continue
		}
		if u, carried := c.keyColumns[t]; !carried || len(n.referencesOf[u.column]) == 0 {
			c.keyColumns[t] = keyColumn{column: column}
		}
	}
}

// tenantKeys returns the columns at which foreign keys that carry the candidate's key end:
// its own, and those of other tables that have its name and reference nothing.
func (n *inference) tenantKeys(c *candidate) []*catalog.Column {
	var out []*catalog.Column
	if c.ownKeyColumn != nil {
		out = append(out, c.ownKeyColumn)
	}
	for _, u := range c.keyColumns {
		if len(n.referencesOf[u.column]) == 0 && len(n.referencedBy[u.column]) > 0 {
			out = append(out, u.column)
		}
	}
	return out
}

// nameMatch returns 2 if a subject is the table's name, 1 if it is the end of it, else 0.
func nameMatch(subject, tableName string) int {
	switch {
	case subject == tableName:
		return 2
	case strings.HasSuffix(tableName, "_"+subject):
		return 1
	}
	return 0
}

// keyOf returns t's primary key if columns cover it, otherwise columns; and the one column
// of it that is not a reference, such as to an outer tenant.
func (n *inference) keyOf(t *table, columns []string) (key []*catalog.Column, own *catalog.Column) {
	names := columns
	if pk := t.PrimaryKey(); pk != nil && subset(pk.Columns, columns) {
		names = pk.Columns
	}
	for _, name := range names {
		c := t.Column(name)
		key = append(key, c)
		if len(n.referencesOf[c]) == 0 {
			if own != nil {
				return nil, nil // tenants have no key of two own columns
			}
			own = c
		}
	}
	if own == nil && len(key) == 1 {
		own = key[0] // the key is a reference: the table extends another
	}
	return key, own
}

// addNamedColumns adds the columns without a foreign key that are named like a tenant's
// key: to the existing candidates, or as new ones, which it returns.
func (n *inference) addNamedColumns(byTable map[*table]*candidate) []*candidate {
	bySubject := map[string][]*candidate{}
	for _, t := range n.tables {
		if c := byTable[t]; c != nil {
			for _, s := range c.subjects {
				if !c.isExtensionKey(s) {
					bySubject[s] = append(bySubject[s], c)
				}
			}
		}
	}
	var out []*candidate
	for _, t := range n.tables {
		for _, column := range t.Columns {
			s := columnSubject(column.Name)
			if len(n.referencesOf[column]) > 0 || column.Generated != "" || !mayHoldKey(column, s) || t.isOwnKey(column, s) {
				continue
			}
			c := candidateFor(bySubject[s], column)
			if c == nil && tenantGrade(s) >= weakGrade {
				c = n.namedCandidate(s, column)
				bySubject[s] = append(bySubject[s], c)
				out = append(out, c)
			}
			if c == nil || c.table == t {
				continue
			}
			if _, carried := c.keyColumns[t]; !carried {
				c.keyColumns[t] = keyColumn{column: column}
			}
		}
	}
	return out
}

// isExtensionKey reports whether a subject other than the table's name belongs only to the
// primary keys of tables that extend it, such as id in the tables of subtypes: columns of
// other tables with that subject do not reference it.
func (c *candidate) isExtensionKey(subject string) bool {
	if nameMatch(subject, normalizeSubject(strings.Join(c.table.nameWords, "_"))) > 0 {
		return false
	}
	for t, u := range c.keyColumns {
		if pk := t.PrimaryKey(); u.ref != nil && (pk == nil || !slices.Equal(pk.Columns, u.ref.Columns)) {
			return false
		}
	}
	return true
}

// mayHoldKey reports whether a column may be a reference, by its type and name: an id, or
// a tenant's word alone.
func mayHoldKey(c *catalog.Column, subject string) bool {
	if t := c.Type.Underlying(); t.Kind != catalog.BaseType || t.Category != "S" && t.Category != "N" && t.Category != "U" {
		return false
	}
	w := words(c.Name)
	last := len(w) - 1
	if last < 0 || slices.Contains(idSuffixes, w[last]) && !slices.Contains([]string{"id", "uuid", "guid", "pk"}, w[last]) {
		return false
	}
	return subjectOf(c.Name) != "" || tenantGrade(subject) == 0
}

// isOwnKey reports whether a column is the table's own key, as tenants.tenant_id is.
func (t *table) isOwnKey(c *catalog.Column, subject string) bool {
	pk := t.PrimaryKey()
	return pk != nil && pk.Columns[len(pk.Columns)-1] == c.Name && nameMatch(subject, normalizeSubject(strings.Join(t.nameWords, "_"))) > 0
}

// candidateFor returns the first candidate with a key that the column can reference, or
// nil.
func candidateFor(candidates []*candidate, column *catalog.Column) *candidate {
	for _, c := range candidates {
		if c.ownKeyColumn == nil || comparableTypes(c.ownKeyColumn.Type, column.Type) {
			return c
		}
	}
	return nil
}

// namedCandidate makes a candidate of a column's subject, with the table of that name if
// there is one.
func (n *inference) namedCandidate(subject string, column *catalog.Column) *candidate {
	c := &candidate{subjects: []string{subject}, grade: tenantGrade(subject), keyColumns: map[*table]keyColumn{}}
	for _, t := range n.tables {
		pk := t.PrimaryKey()
		if pk == nil || nameMatch(subject, normalizeSubject(strings.Join(t.nameWords, "_"))) == 0 {
			continue
		}
		if key, own := n.keyOf(t, pk.Columns); own != nil && comparableTypes(own.Type, column.Type) {
			c.table, c.key, c.ownKeyColumn = t, key, own
			if nameMatch(subject, normalizeSubject(strings.Join(t.nameWords, "_"))) == 2 {
				break
			}
		}
	}
	return c
}
