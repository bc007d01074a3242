package review

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/queryplan"
)

// plan is what auto_explain said of one statement, of whatever depth.
type plan struct {
	Query string `json:"Query Text"`
	Root  node   `json:"Plan"`
}

type node = queryplan.Node

// readPlan takes an auto_explain message; false for any other.
func readPlan(m notice) (plan, bool) {
	if m.severity != "INFO" || !strings.HasPrefix(m.text, "duration: ") {
		return plan{}, false
	}
	_, text, ok := strings.Cut(m.text, "plan:\n")
	var p plan
	if !ok || json.Unmarshal([]byte(text), &p) != nil || strings.Contains(p.Query, "seedbed_review.snapshot") {
		return plan{}, false
	}
	return p, true
}

// referential reports whether the plan is that of a foreign key's own query.
func (p *plan) referential() bool {
	return strings.HasPrefix(p.Query, "SELECT fk.") || strings.Contains(p.Query, "OPERATOR(pg_catalog.") && strings.Contains(p.Query, " ONLY ")
}

// reach judges how much of the tables a plan goes through; old says which of them
// existed before the migration and may be large.
type reach struct {
	old  func(schema, name string) bool
	ctes map[string]*node
}

func newReach(p *plan, old func(schema, name string) bool) *reach {
	r := &reach{old: old, ctes: map[string]*node{}}
	p.Root.Each(func(n *node) {
		if name, ok := strings.CutPrefix(n.Subplan, "CTE "); ok {
			r.ctes[name] = n
		}
	})
	return r
}

// unbounded reports whether n yields a number of rows that grows with a large table.
func (r *reach) unbounded(n *node) bool {
	switch {
	case n.Type == "Limit":
		return false
	case n.Relation != "" && n.Type != "ModifyTable":
		return n.Unguided() && r.old(n.Schema, n.Relation)
	case n.CTE != "":
		c := r.ctes[n.CTE]
		delete(r.ctes, n.CTE) // a recursive one names itself
		found := c != nil && r.unbounded(c)
		if c != nil {
			r.ctes[n.CTE] = c
		}
		return found
	}
	for i := range n.Plans {
		if !n.Plans[i].Aside() && r.unbounded(&n.Plans[i]) {
			return true
		}
	}
	return false
}

// whole reports whether the rows of the scans that is accepts are all gone through,
// by a scan from end to end or by a join whose other side is unbounded.
func (r *reach) whole(n *node, is func(*node) bool, driven bool) bool {
	if n.Type == "Limit" {
		return false
	}
	if is(n) {
		return n.Unguided() || driven
	}
	for i := range n.Plans {
		c := &n.Plans[i]
		if c.Aside() {
			continue
		}
		drive := driven
		if n.Type == "Nested Loop" && c.Parent == "Inner" {
			drive = drive || slices.ContainsFunc(n.Plans, func(o node) bool { return o.Parent == "Outer" && r.unbounded(&o) })
		}
		if r.whole(c, is, drive) {
			return true
		}
	}
	return false
}

// change is a ModifyTable of a plan.
type change struct {
	operation    string
	schema, name string
	whole        bool // goes through all of its table
	bulk         bool // INSERT … SELECT from all of a large table
}

// changes are what a plan modifies.
func (p *plan) changes(old func(schema, name string) bool, partOf func(n *node, schema, name string) bool) []change {
	var all []change
	p.Root.Each(func(n *node) {
		if n.Type != "ModifyTable" {
			return
		}
		r := newReach(p, old)
		c := change{operation: n.Operation, schema: n.Schema, name: n.Relation}
		target := func(s *node) bool {
			if s.Type == "ModifyTable" || s.Relation == "" || !partOf(s, n.Schema, n.Relation) {
				return false
			}
			return s.Alias == n.Alias || s.Relation != n.Relation && strings.HasPrefix(s.Alias, n.Alias+"_")
		}
		for i := range n.Plans {
			if c.operation == "Insert" {
				c.bulk = c.bulk || r.unbounded(&n.Plans[i])
			} else if !n.Plans[i].Aside() {
				c.whole = c.whole || r.whole(&n.Plans[i], target, false)
			}
		}
		all = append(all, c)
	})
	return all
}

// scans are the large tables that the plan reads from end to end, not only until
// it has found something.
func (p *plan) scans(old func(schema, name string) bool) []node {
	var all []node
	var walk func(n *node)
	walk = func(n *node) {
		if n.Type == "Limit" {
			return
		}
		if n.Relation != "" && n.Type != "ModifyTable" && n.Unguided() && old(n.Schema, n.Relation) {
			all = append(all, *n)
		}
		for i := range n.Plans {
			if !n.Plans[i].Aside() || strings.HasPrefix(n.Plans[i].Subplan, "CTE ") {
				walk(&n.Plans[i])
			}
		}
	}
	walk(&p.Root)
	return all
}
