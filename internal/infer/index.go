package infer

import (
	"context"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// inference holds what is known so far. Its steps run in the order of Infer.
type inference struct {
	ctx          context.Context
	cat          *catalog.Catalog
	rows         Rows
	tables       []*table
	tableOf      map[*catalog.Relation]*table
	byName       map[string][]*table                   // by singular name without separators
	references   map[*catalog.Column][]*catalog.Column // which columns a column references by foreign keys
	referencedBy map[*catalog.Column][]*catalog.Column // the inverse of references
	calls        functions
	asked        map[*table]bool // in which policies look for the session's user
	accepted     []*Level
	out          Result
	// reasons is where in out.Evidence the reasons of a conclusion are.
	reasons map[string]int
}

// table is a table and what is known of it.
type table struct {
	*catalog.Relation
	name      string // as people write it
	order     int
	refs      []*catalog.Reference // to other tables
	referrers []*catalog.Reference
	compared  []comparison // what its policies hold against the session
	component *table       // of tables that foreign keys connect: their representative
	level     *Level       // whose tenants it has a row for each of
	scopes    []Scope
	pairs     []*Pair
	label     []string // words of its name, the last one singular
}

func (t *table) inPrimaryKey(c *catalog.Column) bool {
	pk := t.PrimaryKey()
	return pk != nil && slices.Contains(pk.Columns, c.Name)
}

func newInference(ctx context.Context, cat *catalog.Catalog, rows Rows) *inference {
	n := &inference{
		ctx: ctx, cat: cat, rows: rows,
		tableOf:      map[*catalog.Relation]*table{},
		byName:       map[string][]*table{},
		references:   map[*catalog.Column][]*catalog.Column{},
		referencedBy: map[*catalog.Column][]*catalog.Column{},
		asked:        map[*table]bool{},

		reasons: map[string]int{},
	}
	for _, r := range cat.Tables() {
		if !r.Bookkeeping() {
			t := &table{Relation: r, name: cat.Name(r), order: len(n.tables), label: singularName(r.Name)}
			t.component = t
			n.tables = append(n.tables, t)
			n.tableOf[r] = t
			n.byName[subjectKey(r.Name)] = append(n.byName[subjectKey(r.Name)], t)
		}
	}
	for _, t := range n.tables {
		n.link(t)
	}
	n.calls = n.readFunctions()
	for _, t := range n.tables {
		t.compared = n.comparisons(t)
		for _, x := range t.compared {
			for _, m := range x.members {
				n.asked[m.table] = true
			}
		}
	}
	return n
}

// link records where the foreign keys of a table lead, column by column.
func (n *inference) link(t *table) {
	for _, ref := range t.References() {
		to := n.tableOf[ref.To]
		if to == nil || to == t {
			continue
		}
		t.refs = append(t.refs, ref)
		to.referrers = append(to.referrers, ref)
		t.root().component = to.root()
		for i, name := range ref.Columns {
			from, key := t.Column(name), to.Column(ref.RefColumns[i])
			if from != nil && key != nil {
				n.references[from] = append(n.references[from], key)
				n.referencedBy[key] = append(n.referencedBy[key], from)
			}
		}
	}
}

// root is the representative of a component, found in nearly constant time.
func (t *table) root() *table {
	for t.component != t {
		t.component = t.component.component
		t = t.component
	}
	return t
}

// columnsReferencing returns the columns that reach key through foreign keys, directly or
// over other tables. In a composite key each column is followed on its own.
func (n *inference) columnsReferencing(key *catalog.Column) map[*catalog.Column]bool {
	seen := map[*catalog.Column]bool{}
	queue := []*catalog.Column{key}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		for _, from := range n.referencedBy[c] {
			if !seen[from] && from != key {
				seen[from] = true
				queue = append(queue, from)
			}
		}
	}
	return seen
}

// requiredDescendants returns start and the tables whose rows must reference, directly or
// over other tables, a row of one of these.
func (n *inference) requiredDescendants(start []*table) map[*table]bool {
	in := map[*table]bool{}
	queue := slices.Clone(start)
	for _, t := range start {
		in[t] = true
	}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		for _, ref := range t.referrers {
			if from := n.tableOf[ref.From]; !in[from] && !ref.Optional() {
				in[from] = true
				queue = append(queue, from)
			}
		}
	}
	return in
}

// addReason adds reasons to the evidence for a conclusion. Its first word is one of
// evidenceOrder.
func (n *inference) addReason(conclusion string, reasons ...string) {
	i, known := n.reasons[conclusion]
	if !known {
		i = len(n.out.Evidence)
		n.reasons[conclusion] = i
		n.out.Evidence = append(n.out.Evidence, Evidence{Conclusion: conclusion})
	}
	n.out.Evidence[i].Reasons = append(n.out.Evidence[i].Reasons, reasons...)
}

// addDoubt adds a doubt for the user to read.
func (n *inference) addDoubt(format string, args ...any) {
	n.out.Doubts = append(n.out.Doubts, fmt.Sprintf(format, args...))
}

func required(r *catalog.Relation, columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		c := r.Column(name)
		return c == nil || !c.Required()
	})
}

func subset(small, large []string) bool {
	return !slices.ContainsFunc(small, func(s string) bool { return !slices.Contains(large, s) })
}

// alike reports whether values of the types can be compared without a cast:
// integers among themselves, and strings.
func alike(a, b *catalog.Type) bool {
	a, b = a.Underlying(), b.Underlying()
	if a.OID == b.OID {
		return true
	}
	return a.Category == b.Category && a.Category != "U" && a.Category != "E" && a.Kind == catalog.BaseType
}
