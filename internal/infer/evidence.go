package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// evidence is what speaks for a candidate, as counts that tables without any part
// in it cannot change.
type evidence struct {
	carriers int      // tables that hold its key, links between tables left out
	required int      // of those, tables whose rows must have it
	compared []*table // whose policies hold its key against the session
	ignored  int      // carriers whose policies hold other columns against the session, and not this
	settings []Identity
	joint    int // foreign keys between carriers that repeat its key on both sides
	repeated int // carriers that reference another carrier: each says whose it is, not only its parent
	keyed    int // carriers that have it in a key together with something else
	cascades int // required foreign keys that delete a tenant's rows with it
	connects int // tables that foreign keys connect with its own
}

// weigh gathers the evidence for a candidate.
func (n *inference) weigh(c *candidate, sizes map[*table]int) {
	e := &c.evidence
	for _, t := range c.order {
		u := c.carriers[t]
		if !t.links() {
			e.carriers++
			if u.column.Required() {
				e.required++
			}
		}
		if u.ref != nil && u.ref.OnDelete == catalog.Cascade && u.column.Required() {
			e.cascades++
		}
		if t.keyedBy(u.column.Name) {
			e.keyed++
		}
		repeats := false
		for _, ref := range t.refs {
			other, ok := c.carriers[n.tableOf[ref.To]]
			if !ok {
				continue
			}
			repeats = true
			if i := slices.Index(ref.Columns, u.column.Name); i >= 0 && len(ref.Columns) > 1 && ref.RefColumns[i] == other.column.Name {
				e.joint++
			}
		}
		if repeats {
			e.repeated++
		}
		e.hear(t, u.column)
	}
	if c.table != nil {
		e.hear(c.table, c.ownKeyColumn)
		e.connects = sizes[c.table.root()] - 1
	}
}

// hear notes what the policies of a table say of a column that holds the key.
func (e *evidence) hear(t *table, column *catalog.Column) {
	heard := false
	for _, x := range t.compared {
		if x.column != column {
			continue
		}
		if x.identity.Setting != "" {
			e.settings = append(e.settings, x.identity)
		}
		heard = true
	}
	switch {
	case heard:
		e.compared = append(e.compared, t)
	case len(t.compared) > 0:
		e.ignored++
	}
}

// keyedBy reports whether a primary key or unique index has the column and another one.
func (t *table) keyedBy(column string) bool {
	return slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
		columns := ix.Columns()
		return ix.Unique && len(ix.Keys) > 1 && slices.Contains(columns, column)
	})
}

// links reports whether a table joins rows of others: a unique index is on nothing
// but references to at least two tables, and little else is in it.
func (t *table) links() bool {
	bound := map[string]*catalog.Relation{}
	for _, ref := range t.refs {
		for _, name := range ref.Columns {
			bound[name] = ref.To
		}
	}
	rest := 0
	for _, c := range t.Columns {
		if category := c.Type.Underlying().Category; bound[c.Name] == nil && category != "D" && category != "B" {
			rest++
		}
	}
	return rest <= 2 && slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
		targets := map[*catalog.Relation]bool{}
		for _, name := range ix.Columns() {
			if bound[name] == nil {
				return false
			}
			targets[bound[name]] = true
		}
		return ix.Unique && len(targets) > 1
	})
}

// says is the evidence in words.
func (c *candidate) says() []string {
	e := c.evidence
	var out []string
	if len(c.order) > 0 {
		name := c.carriers[c.order[0]].column.Name
		out = append(out, fmt.Sprintf("%s by columns such as %s, required in %d of them", count(len(c.order), "table carries its key", "tables carry its key"), name, e.inAll(c)))
	}
	if e.repeated > 0 {
		out = append(out, fmt.Sprintf("%s another one that does", count(e.repeated, "table carries it though it references", "tables carry it though they reference")))
	}
	if e.joint > 0 {
		out = append(out, fmt.Sprintf("%s it on both sides", count(e.joint, "composite foreign key has", "composite foreign keys have")))
	}
	if len(e.compared) > 0 {
		var names []string
		for _, t := range e.compared {
			names = append(names, t.name)
		}
		out = append(out, "policies compare its key on "+few(names))
	}
	return out
}

func (e evidence) inAll(c *candidate) int {
	required := 0
	for _, u := range c.carriers {
		if u.column.Required() {
			required++
		}
	}
	return required
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// few is a list that does not run away.
func few(names []string) string {
	if len(names) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:4], ", "), len(names)-4)
	}
	return strings.Join(names, ", ")
}

func list(columns []string) string { return "(" + strings.Join(columns, ", ") + ")" }
