package review

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// plan is what auto_explain said of one statement, of whatever depth.
type plan struct {
	Query string `json:"Query Text"`
	Root  node   `json:"Plan"`
}

type node struct {
	Type      string `json:"Node Type"`
	Operation string `json:"Operation"` // of ModifyTable: Insert, Update, Delete, Merge
	Parent    string `json:"Parent Relationship"`
	Schema    string `json:"Schema"`
	Relation  string `json:"Relation Name"`
	Alias     string `json:"Alias"`
	Index     string `json:"Index Name"`
	IndexCond string `json:"Index Cond"`
	CTE       string `json:"CTE Name"`
	Subplan   string `json:"Subplan Name"`
	Plans     []node `json:"Plans"`
	Targets   []struct {
		Schema   string `json:"Schema"`
		Relation string `json:"Relation Name"`
	} `json:"Target Tables"`
}

// readPlan takes an auto_explain message; false for any other.
func readPlan(m message) (plan, bool) {
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

// each visits n and everything below it.
func (n *node) each(visit func(*node)) {
	visit(n)
	for i := range n.Plans {
		n.Plans[i].each(visit)
	}
}

// outside reports whether the node is evaluated aside, an EXISTS or a scalar
// subquery, where a scan usually ends early.
func (n *node) aside() bool { return n.Parent == "InitPlan" || n.Parent == "SubPlan" }

// allRows are conditions that an index can answer and that leave nothing out: a key
// greater than nothing.
var allRows = regexp.MustCompile(`^\(\(?[^()]* (>=? '?-?[01]'?(::[a-z]+)?|IS NOT NULL)\)?\)$`)

// referential reports whether the plan is that of a foreign key's own query.
func (p *plan) referential() bool {
	return strings.HasPrefix(p.Query, "SELECT fk.") || strings.Contains(p.Query, "OPERATOR(pg_catalog.") && strings.Contains(p.Query, " ONLY ")
}

// unguided reports whether the node reads a relation from end to end.
func (n *node) unguided() bool {
	switch n.Type {
	case "Seq Scan", "Sample Scan":
		return n.Relation != ""
	case "Index Scan", "Index Only Scan":
		return n.IndexCond == "" || allRows.MatchString(n.IndexCond)
	case "Bitmap Heap Scan":
		guided := false
		n.each(func(c *node) {
			guided = guided || c.Type == "Bitmap Index Scan" && c.IndexCond != "" && !allRows.MatchString(c.IndexCond)
		})
		return !guided
	}
	return false
}

// reach judges how much of the tables a plan goes through; old says which of them
// existed before the migration and may be large.
type reach struct {
	old  func(schema, name string) bool
	ctes map[string]*node
}

func newReach(p *plan, old func(schema, name string) bool) *reach {
	r := &reach{old: old, ctes: map[string]*node{}}
	p.Root.each(func(n *node) {
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
		return n.unguided() && r.old(n.Schema, n.Relation)
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
		if !n.Plans[i].aside() && r.unbounded(&n.Plans[i]) {
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
		return n.unguided() || driven
	}
	for i := range n.Plans {
		c := &n.Plans[i]
		if c.aside() {
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
	p.Root.each(func(n *node) {
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
			} else if !n.Plans[i].aside() {
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
		if n.Relation != "" && n.Type != "ModifyTable" && n.unguided() && old(n.Schema, n.Relation) {
			all = append(all, *n)
		}
		for i := range n.Plans {
			if !n.Plans[i].aside() || strings.HasPrefix(n.Plans[i].Subplan, "CTE ") {
				walk(&n.Plans[i])
			}
		}
	}
	walk(&p.Root)
	return all
}
