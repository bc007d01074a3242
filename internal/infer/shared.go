package infer

import (
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// findSharedRows marks the scopes whose columns may be NULL where the schema or all rows say
// that such a row is every tenant's: a catalogue that migrations fill.
func (n *inference) findSharedRows() error {
	for _, t := range n.tables {
		for i := range t.scopes {
			s := &t.scopes[i]
			if s.Optional || s.Across != nil || len(s.Columns) == 0 || required(t.Relation, s.Columns) {
				continue
			}
			why := whyShared(t, s.Columns)
			if why == "" && !t.RLS {
				all, err := n.allNull(t, s.Columns)
				if err != nil {
					return err
				}
				if all {
					why = fmt.Sprintf("%s is NULL in every row", columnList(s.Columns))
				}
			}
			if why != "" {
				s.Optional = true
				n.addReason("scoped "+t.name, why+": such rows are every tenant's")
			}
		}
	}
	return nil
}

// whyShared is what the schema has for rows without a tenant beside the column that
// may be NULL: a unique index over such rows, a check that tells them from others, a
// policy that shows them to every session. "": nothing.
func whyShared(t *table, columns []string) string {
	null := func(expr string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return allowsNull(sqltext.Tokens(expr), c) })
	}
	for _, ix := range t.Indexes {
		if ix.Unique && null(ix.Predicate) {
			return fmt.Sprintf("index %s is over the rows in which %s is NULL", ix.Name, columnList(columns))
		}
	}
	for _, k := range t.Checks() {
		if len(k.Columns) > len(columns) && null(k.Expr) {
			return fmt.Sprintf("check %s says when %s is NULL", k.Name, columnList(columns))
		}
	}
	for _, p := range t.Policies {
		if p.Command == "SELECT" && null(p.Using) {
			return fmt.Sprintf("policy %s shows the rows in which %s is NULL", p.Name, columnList(columns))
		}
	}
	return ""
}

// allowsNull reports whether an expression has "column IS NULL" outside of a NOT.
func allowsNull(tokens []sqltext.Token, column string) bool {
	for i := range tokens {
		if i+2 >= len(tokens) || !tokens[i].Name() || tokens[i].Text != column || !tokens[i+1].Is("IS") || !tokens[i+2].Is("NULL") {
			continue
		}
		before := i - 1
		for before >= 0 && tokens[before].Is("(") {
			before--
		}
		if before < 0 || !tokens[before].Is("NOT") {
			return true
		}
	}
	return false
}

// allNull reports whether a table has rows, and none of them a tenant.
func (n *inference) allNull(t *table, columns []string) (bool, error) {
	all := false
	err := n.query(t.name, func(_, tenant *string) { all = tenant == nil },
		fmt.Sprintf("(select 'row', %[1]s::text from %[2]s order by %[1]s limit 1)", catalog.Ident(columns[0]), t.Ident()))
	return all, err
}
