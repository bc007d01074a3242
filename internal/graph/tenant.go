package graph

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// farthest is how many rows away a row's tenant is looked for.
const farthest = 6

// TenantSQL gives expressions for the key of the tenant, at a level, of the row that
// an alias stands for: columns of its own, those of a row that it leads to, or what
// is above them. nil: the row has none.
//
//	where := g.Table("lines").TenantSQL("t", "account") // (SELECT t_1.account_id FROM invoices t_1 WHERE …)
func (g *Graph) TenantSQL(t *Table, alias, level string) []string {
	return g.tenantSQL(t, alias, level, 0)
}

func (g *Graph) tenantSQL(t *Table, alias, level string, steps int) []string {
	if steps > farthest {
		return nil
	}
	if t.Tenant != nil && t.Tenant.Name == level {
		return qualified(alias, t.Tenant.Key)
	}
	if s, ok := t.Scope(level); ok {
		switch {
		case len(s.Columns) > 0:
			return qualified(alias, names(s.Columns))
		case s.Via.Table != "":
			return g.throughSQL(g.Table(s.Via.Table), alias, level, s.Via.Columns, s.Via.Key, steps)
		}
		return g.pairSQL(t, alias, level, s.Via.Columns, steps)
	}
	for _, s := range t.Scopes {
		for _, above := range g.Model.Above(s.Level.Name) {
			if above.Name == level {
				return g.aboveSQL(t, alias, s, level, steps)
			}
		}
	}
	return nil
}

// throughSQL goes through the row that columns lead to.
func (g *Graph) throughSQL(to *Table, alias, level string, columns, key []string, steps int) []string {
	if to == nil || len(columns) != len(key) {
		return nil
	}
	return g.selectSQL(to, alias, level, Equal(qualified(next(alias, steps), key), qualified(alias, columns)), steps)
}

func (g *Graph) selectSQL(to *Table, alias, level, where string, steps int) []string {
	up := next(alias, steps)
	var out []string
	for _, expr := range g.tenantSQL(to, up, level, steps+1) {
		out = append(out, fmt.Sprintf("(SELECT %s FROM %s %s WHERE %s LIMIT 1)", expr, to.Relation.Ident(), up, where))
	}
	return out
}

// pairSQL goes through whatever a polymorphic pair points at.
func (g *Graph) pairSQL(t *Table, alias, level string, columns []string, steps int) []string {
	for _, p := range t.Pairs {
		if len(columns) != 2 || p.Type != columns[0] || p.ID != columns[1] {
			continue
		}
		var whens []string
		for _, ref := range p.Targets {
			up := next(alias, steps)
			id, key := Comparable(p.IDColumn, ref.Key[0], alias, up)
			if inner := g.selectSQL(ref.To, alias, level, key+" = "+id, steps); len(inner) == 1 {
				whens = append(whens, fmt.Sprintf("WHEN %s THEN %s", catalog.Literal(ref.Type), inner[0]))
			}
		}
		if len(whens) > 0 {
			return []string{fmt.Sprintf("CASE %s::text %s END", qualify(alias, p.Type), strings.Join(whens, " "))}
		}
	}
	return nil
}

// aboveSQL goes from a level to one above it, through the tenants' table.
func (g *Graph) aboveSQL(t *Table, alias string, s Scope, level string, steps int) []string {
	tenants := g.Table(s.Level.Table)
	key := g.tenantSQL(t, alias, s.Level.Name, steps+1)
	if tenants == nil || tenants == t || len(key) != len(s.Level.Key) {
		return nil
	}
	return g.selectSQL(tenants, alias, level, Equal(qualified(next(alias, steps), s.Level.Key), key), steps)
}

// next is the alias of the row that is one step further.
func next(alias string, steps int) string { return fmt.Sprintf("%s_%d", alias, steps+1) }

// Equal compares lists of expressions pairwise.
func Equal(left, right []string) string {
	parts := make([]string, len(left))
	for i := range left {
		parts[i] = left[i] + " = " + right[i]
	}
	return strings.Join(parts, " AND ")
}

// Comparable are expressions for two columns, of rows known by aliases, that "="
// accepts: as text where their types have no common one.
func Comparable(a, b *catalog.Column, left, right string) (string, string) {
	left, right = qualify(left, a.Name), qualify(right, b.Name)
	x, y := a.Type.Underlying(), b.Type.Underlying()
	same := x.Category == y.Category && x.Kind == catalog.BaseType && y.Kind == catalog.BaseType && x.Category != "U"
	if x.OID == y.OID || same {
		return left, right
	}
	return left + "::text", right + "::text"
}

func qualify(alias, column string) string { return alias + "." + catalog.Ident(column) }

func qualified(alias string, columns []string) []string {
	var out []string
	for _, c := range columns {
		out = append(out, qualify(alias, c))
	}
	return out
}
