// Package queryplan reads the shape of a plan: which index finds the rows of which
// table, what is read from end to end, what is sorted. It looks at no cost.
//
//	shape, err := queryplan.Explain(ctx, tx, queryplan.Query{SQL: "select … where id = $1", Args: []any{id}})
//	for _, n := range shape.Unguided() { … n.Relation is read from end to end … }
package queryplan

import "regexp"

// Node of a plan, as EXPLAIN (FORMAT JSON) writes it.
type Node struct {
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
	Plans     []Node `json:"Plans"`
	Targets   []struct {
		Schema   string `json:"Schema"`
		Relation string `json:"Relation Name"`
	} `json:"Target Tables"`
}

// Each visits n and everything below it.
func (n *Node) Each(visit func(*Node)) {
	visit(n)
	for i := range n.Plans {
		n.Plans[i].Each(visit)
	}
}

// Aside reports whether the node is evaluated aside, an EXISTS or a scalar
// subquery, where a scan usually ends early.
func (n *Node) Aside() bool { return n.Parent == "InitPlan" || n.Parent == "SubPlan" }

// allRows are conditions that an index can answer and that leave nothing out: a key
// greater than nothing.
var allRows = regexp.MustCompile(`^\(\(?[^()]* (>=? '?-?[01]'?(::[a-z]+)?|IS NOT NULL)\)?\)$`)

// Narrows reports whether the node's index condition leaves rows out.
func (n *Node) Narrows() bool { return n.IndexCond != "" && !allRows.MatchString(n.IndexCond) }

// Unguided reports whether the node reads a relation from end to end.
func (n *Node) Unguided() bool {
	switch n.Type {
	case "Seq Scan", "Sample Scan":
		return n.Relation != ""
	case "Index Scan", "Index Only Scan":
		return !n.Narrows()
	case "Bitmap Heap Scan":
		guided := false
		n.Each(func(c *Node) { guided = guided || c.Type == "Bitmap Index Scan" && c.Narrows() })
		return !guided
	}
	return false
}
