package infer

import (
	"context"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// inference is the state of one call of Infer, whose steps fill it in order.
type inference struct {
	ctx              context.Context
	catalog          *catalog.Catalog
	rows             Rows
	tables           []*table
	tableOf          map[*catalog.Relation]*table
	byName           map[string][]*table                   // by normalizedName
	keyedBy          map[string][]*table                   // by the column of their primary key that is no reference: batch_id, but not id
	referencesOf     map[*catalog.Column][]*catalog.Column // the columns that a column references by foreign keys
	referencedBy     map[*catalog.Column][]*catalog.Column // the inverse of referencesOf
	functions        sessionFunctions
	typeUses         map[*catalog.Column][]typeUse // by the column that is compared with a literal
	membershipTables map[*table]bool               // those in which policies look up the session's user
	levels           []*Level
	result           Result
	evidenceIndex    map[string]int // by conclusion, in result.Evidence
}

// table is a table with what the inference knows of it.
type table struct {
	*catalog.Relation
	name         string               // with the schema if that is not in the search_path
	order        int                  // in the catalog
	references   []*catalog.Reference // to other tables
	referrers    []*catalog.Reference // from other tables
	comparisons  []comparison         // by its policies, with the session
	component    *table               // another table of its component, or itself; see root
	level        *Level               // the level whose tenants are its rows
	scopes       []Scope
	pairs        []*Pair
	possiblePair []string // the columns of one that is in doubt
	nameWords    []string // the words of its name, the last one singular
}

func (t *table) inPrimaryKey(c *catalog.Column) bool {
	pk := t.PrimaryKey()
	return pk != nil && slices.Contains(pk.Columns, c.Name)
}

func newInference(ctx context.Context, cat *catalog.Catalog, rows Rows) *inference {
	n := &inference{
		ctx: ctx, catalog: cat, rows: rows,
		tableOf:          map[*catalog.Relation]*table{},
		byName:           map[string][]*table{},
		referencesOf:     map[*catalog.Column][]*catalog.Column{},
		referencedBy:     map[*catalog.Column][]*catalog.Column{},
		membershipTables: map[*table]bool{},

		evidenceIndex: map[string]int{},
	}
	for _, r := range cat.Tables() {
		if !r.Bookkeeping() {
			t := &table{Relation: r, name: cat.Name(r), order: len(n.tables), nameWords: SingularName(r.Name)}
			t.component = t
			n.tables = append(n.tables, t)
			n.tableOf[r] = t
			n.byName[normalizedName(r.Name)] = append(n.byName[normalizedName(r.Name)], t)
		}
	}
	for _, t := range n.tables {
		n.addReferences(t)
	}
	n.functions = n.readFunctions()
	for _, t := range n.tables {
		t.comparisons = n.comparisonsOf(t)
		for _, x := range t.comparisons {
			for _, m := range x.lookups {
				n.membershipTables[m.table] = true
			}
		}
	}
	return n
}

// addReferences records the foreign keys of a table, column by column.
func (n *inference) addReferences(t *table) {
	for _, ref := range t.References() {
		to := n.tableOf[ref.To]
		if to == nil || to == t {
			continue
		}
		t.references = append(t.references, ref)
		to.referrers = append(to.referrers, ref)
		t.root().component = to.root()
		for i, name := range ref.Columns {
			from, key := t.Column(name), to.Column(ref.RefColumns[i])
			if from != nil && key != nil {
				n.referencesOf[from] = append(n.referencesOf[from], key)
				n.referencedBy[key] = append(n.referencedBy[key], from)
			}
		}
	}
}

// root returns the representative of the table's component: the tables that foreign keys
// connect with it. Paths are halved, so that a call takes nearly constant time.
func (t *table) root() *table {
	for t.component != t {
		t.component = t.component.component
		t = t.component
	}
	return t
}

// columnsReferencing returns the columns that reference one of keys, directly or through
// other tables. It follows each column of a composite key by itself.
func (n *inference) columnsReferencing(keys []*catalog.Column) map[*catalog.Column]bool {
	found := map[*catalog.Column]bool{}
	queue := slices.Clone(keys)
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		for _, from := range n.referencedBy[c] {
			if !found[from] && !slices.Contains(keys, from) {
				found[from] = true
				queue = append(queue, from)
			}
		}
	}
	return found
}

// requiredDescendants returns start and the tables whose rows must reference a row of
// these, directly or through other tables.
func (n *inference) requiredDescendants(start []*table) map[*table]bool {
	descendants := map[*table]bool{}
	queue := slices.Clone(start)
	for _, t := range start {
		descendants[t] = true
	}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		for _, ref := range t.referrers {
			if from := n.tableOf[ref.From]; !descendants[from] && !ref.Optional() {
				descendants[from] = true
				queue = append(queue, from)
			}
		}
	}
	return descendants
}

// addReason adds reasons for a conclusion, whose first word is one of evidenceOrder.
func (n *inference) addReason(conclusion string, reasons ...string) {
	i, known := n.evidenceIndex[conclusion]
	if !known {
		i = len(n.result.Evidence)
		n.evidenceIndex[conclusion] = i
		n.result.Evidence = append(n.result.Evidence, Evidence{Conclusion: conclusion})
	}
	n.result.Evidence[i].Reasons = append(n.result.Evidence[i].Reasons, reasons...)
}

// addDoubt adds a doubt, a sentence for the user.
func (n *inference) addDoubt(format string, args ...any) {
	n.result.Doubts = append(n.result.Doubts, fmt.Sprintf(format, args...))
}

// required reports whether the rows of r have values in all of the columns.
func required(r *catalog.Relation, columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		c := r.Column(name)
		return c == nil || !c.Required()
	})
}

// subset reports whether large contains all of small.
func subset(small, large []string) bool {
	return !slices.ContainsFunc(small, func(s string) bool { return !slices.Contains(large, s) })
}

// comparableTypes reports whether Postgres compares values of the types without a cast:
// integers among themselves, and strings.
func comparableTypes(a, b *catalog.Type) bool {
	a, b = a.Underlying(), b.Underlying()
	if a.OID == b.OID {
		return true
	}
	return a.Category == b.Category && a.Category != "U" && a.Category != "E" && a.Kind == catalog.BaseType
}
