package infer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// candidate may be a level of tenancy: a table that others reference, or a name of
// columns alone.
type candidate struct {
	table        *table            // nil: the tenants are not in this database
	key          []*catalog.Column // of table
	ownKeyColumn *catalog.Column   // the column of the key that is not itself an outer tenant's
	families     []string          // what its columns are called by, most used first
	grade        int
	carriers     map[*table]carrier
	order        []*table // of carriers, in the catalog's order
	evidence     evidence
	reasons      []string
}

// carrier is how a table holds the key of a candidate.
type carrier struct {
	column *catalog.Column
	ref    *catalog.Reference // nil: the column is named so, and references nothing
}

// candidates are the tables that others reference by a whole key, and the names of
// columns that speak of tenants without referencing any.
func (n *inference) candidates() []*candidate {
	var out []*candidate
	byTable := map[*table]*candidate{}
	for _, t := range n.tables {
		if c := n.referenced(t); c != nil {
			byTable[t] = c
			out = append(out, c)
		}
	}
	out = append(out, n.namedAlike(byTable)...)
	for _, c := range out {
		n.indirect(c)
		for t := range c.carriers {
			c.order = append(c.order, t)
		}
		slices.SortFunc(c.order, func(a, b *table) int { return cmp.Compare(a.order, b.order) })
	}
	return out
}

// referenced makes a candidate of a table and the foreign keys that name its whole key.
func (n *inference) referenced(t *table) *candidate {
	type use struct {
		from *table
		carrier
	}
	byFamily := map[string][]use{}
	c := &candidate{table: t, carriers: map[*table]carrier{}}
	for _, ref := range t.referrers {
		key, own := n.keyOf(t, ref.RefColumns)
		if own == nil || c.ownKeyColumn != nil && c.ownKeyColumn != own {
			continue
		}
		c.key, c.ownKeyColumn = key, own
		column := ref.From.Column(ref.Columns[slices.Index(ref.RefColumns, own.Name)])
		f := family(column.Name)
		byFamily[f] = append(byFamily[f], use{n.tableOf[ref.From], carrier{column, ref}})
	}
	if c.ownKeyColumn == nil {
		return nil
	}
	label := spelledOut(strings.Join(t.label, "_"))
	for f := range byFamily {
		c.families = append(c.families, f)
	}
	slices.SortFunc(c.families, func(a, b string) int {
		return cmp.Or(-cmp.Compare(likeness(a, label), likeness(b, label)), -cmp.Compare(len(byFamily[a]), len(byFamily[b])), cmp.Compare(a, b))
	})
	// Beside the first name, others count that say the same less fully and are used
	// again: environment_id beside runtime_environment_id.
	c.families = slices.DeleteFunc(c.families, func(f string) bool {
		return f != c.families[0] && (likeness(f, label) == 0 || len(byFamily[f]) < 2)
	})
	for _, f := range c.families {
		for _, u := range byFamily[f] {
			// Of two columns of one name (tenantId and tenant_id) the first stays.
			if _, carried := c.carriers[u.from]; !carried {
				c.carriers[u.from] = u.carrier
			}
		}
	}
	c.grade = gradeOf(c.families[0], label)
	return c
}

// indirect adds columns of the same family whose foreign keys lead to the tenant
// through the composite keys of other tables: (space_id, dataset_id) to datasets,
// whose space_id does.
func (n *inference) indirect(c *candidate) {
	if c.ownKeyColumn == nil {
		return
	}
	for column := range n.columnsReferencing(c.ownKeyColumn) {
		t := n.tableOf[column.Table.Root()]
		if t == nil || t == c.table || !slices.Contains(c.families, family(column.Name)) {
			continue
		}
		if u, carried := c.carriers[t]; !carried || len(n.references[u.column]) == 0 {
			c.carriers[t] = carrier{column: column}
		}
	}
}

// likeness tells names that a table's own is meant by.
func likeness(family, label string) int {
	switch {
	case family == label:
		return 2
	case strings.HasSuffix(label, "_"+family):
		return 1
	}
	return 0
}

// keyOf is the primary key of t where columns cover it, otherwise the columns
// themselves; and the one column of it that is t's own, not an outer tenant's.
func (n *inference) keyOf(t *table, columns []string) (key []*catalog.Column, own *catalog.Column) {
	names := columns
	if pk := t.PrimaryKey(); pk != nil && subset(pk.Columns, columns) {
		names = pk.Columns
	}
	for _, name := range names {
		c := t.Column(name)
		key = append(key, c)
		if len(n.references[c]) == 0 {
			if own != nil {
				return nil, nil // two columns of its own: no tenant is keyed so
			}
			own = c
		}
	}
	if own == nil && len(key) == 1 {
		own = key[0] // a key that references: one table extends another
	}
	return key, own
}

// namedAlike adds the columns without a foreign key that are named like a tenant's
// key, to the candidates that there are or as candidates of their own.
func (n *inference) namedAlike(byTable map[*table]*candidate) []*candidate {
	byFamily := map[string][]*candidate{}
	for _, t := range n.tables {
		if c := byTable[t]; c != nil {
			for _, f := range c.families {
				if !c.extended(f) {
					byFamily[f] = append(byFamily[f], c)
				}
			}
		}
	}
	var out []*candidate
	for _, t := range n.tables {
		for _, column := range t.Columns {
			f := family(column.Name)
			if len(n.references[column]) > 0 || column.Generated != "" || !keyLike(column, f) || t.isKey(column, f) {
				continue
			}
			c := candidateFor(byFamily[f], column)
			if c == nil && tenantGrade(f) >= weakGrade {
				c = n.unreferenced(f, column)
				byFamily[f] = append(byFamily[f], c)
				out = append(out, c)
			}
			if c == nil || c.table == t {
				continue
			}
			if _, carried := c.carriers[t]; !carried {
				c.carriers[t] = carrier{column: column}
			}
		}
	}
	return out
}

// extended reports whether a name that does not mean the candidate's table is but the
// primary key of tables that extend it: id, in the tables of its subtypes, is the
// name of any other table's key, too.
func (c *candidate) extended(family string) bool {
	if likeness(family, spelledOut(strings.Join(c.table.label, "_"))) > 0 {
		return false
	}
	for t, u := range c.carriers {
		if pk := t.PrimaryKey(); u.ref != nil && (pk == nil || !slices.Equal(pk.Columns, u.ref.Columns)) {
			return false
		}
	}
	return true
}

// keyLike reports whether a column may hold a key, by its name and type: an id, or
// the bare word for a tenant.
func keyLike(c *catalog.Column, family string) bool {
	if t := c.Type.Underlying(); t.Kind != catalog.BaseType || t.Category != "S" && t.Category != "N" && t.Category != "U" {
		return false
	}
	w := words(c.Name)
	last := len(w) - 1
	if last < 0 || slices.Contains(idSuffixes, w[last]) && !slices.Contains([]string{"id", "uuid", "guid", "pk"}, w[last]) {
		return false
	}
	return subjectOf(c.Name) != "" || tenantGrade(family) == 0
}

// isKey tells tenants.tenant_id from a reference.
func (t *table) isKey(c *catalog.Column, family string) bool {
	pk := t.PrimaryKey()
	return pk != nil && pk.Columns[len(pk.Columns)-1] == c.Name && likeness(family, spelledOut(strings.Join(t.label, "_"))) > 0
}

// candidateFor returns the first candidate whose key the column's type can hold, or nil.
func candidateFor(candidates []*candidate, column *catalog.Column) *candidate {
	for _, c := range candidates {
		if c.ownKeyColumn == nil || alike(c.ownKeyColumn.Type, column.Type) {
			return c
		}
	}
	return nil
}

// unreferenced makes a candidate of a column's name: of the table of that name, if
// there is one.
func (n *inference) unreferenced(family string, column *catalog.Column) *candidate {
	c := &candidate{families: []string{family}, grade: tenantGrade(family), carriers: map[*table]carrier{}}
	for _, t := range n.tables {
		pk := t.PrimaryKey()
		if pk == nil || likeness(family, spelledOut(strings.Join(t.label, "_"))) == 0 {
			continue
		}
		if key, own := n.keyOf(t, pk.Columns); own != nil && alike(own.Type, column.Type) {
			c.table, c.key, c.ownKeyColumn = t, key, own
			if likeness(family, spelledOut(strings.Join(t.label, "_"))) == 2 {
				break
			}
		}
	}
	return c
}
