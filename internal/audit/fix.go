package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// A fix that begins with SQL runs as it is copied: what else is to be said of it stands
// in comments between /* and */. One that needs a decision, or values that only its
// reader knows, begins with a word of prose.

// comment is text as a comment of SQL, which no name in it ends or opens.
func comment(text string) string {
	return "/* " + strings.NewReplacer("*/", "* /", "/*", "/ *").Replace(text) + " */"
}

// addKey is SQL that adds a foreign key, with the unique key that it needs. Prose where
// that key would have to be added to a partitioned table without its partition key.
func addKey(from *catalog.Relation, columns []string, to *catalog.Relation, refColumns []string, action string) string {
	sql := ""
	if !hasUnique(to, refColumns) {
		if !includes(refColumns, to.PartitionBy) || to.Strategy != "" && len(to.PartitionBy) == 0 {
			return fmt.Sprintf("add FOREIGN KEY (%s) REFERENCES %s (%s), for which %s needs a unique key that includes what it is partitioned by",
				catalog.Idents(columns), to.Ident(), catalog.Idents(refColumns), to.Ident())
		}
		sql = fmt.Sprintf("ALTER TABLE %s ADD UNIQUE (%s); ", to.Ident(), catalog.Idents(refColumns))
	}
	name := catalog.Ident(keyName(from, columns))
	sql += fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s", from.Ident(), name, catalog.Idents(columns), to.Ident(), catalog.Idents(refColumns), action)
	if from.Kind == catalog.PartitionedTable { // takes no key NOT VALID
		return sql
	}
	return sql + fmt.Sprintf(" NOT VALID; ALTER TABLE %s VALIDATE CONSTRAINT %s", from.Ident(), name)
}

// hasUnique reports whether a foreign key can reference exactly these columns.
func hasUnique(r *catalog.Relation, columns []string) bool {
	return slices.ContainsFunc(r.Indexes, func(ix *catalog.Index) bool {
		keys := ix.Columns()
		return ix.Unique && ix.Valid && ix.Immediate && ix.Predicate == "" && len(keys) == len(ix.Keys) && len(keys) == len(columns) && includes(keys, columns)
	})
}

// keyName is a name for a new foreign key that no constraint of its table has.
func keyName(r *catalog.Relation, columns []string) string {
	const most = 63 - len("_fkey_9") // bytes of an identifier
	stem := r.Name + "_" + strings.Join(columns, "_")
	stem = strings.ToValidUTF8(stem[:min(len(stem), most)], "") + "_fkey"
	name := stem
	for n := 1; r.Constraint(name) != nil; n++ {
		name = fmt.Sprintf("%s_%d", stem, n)
	}
	return name
}

// deletion is what a foreign key does when the referenced row goes, as SQL. Where it unsets
// columns it names those outside of the tenant's.
func deletion(fk *catalog.Constraint, tenant []string) string {
	rest := func() string { return " (" + catalog.Idents(without(fk.Columns, tenant)) + ")" }
	if len(without(fk.Columns, tenant)) == 0 && (fk.OnDelete == catalog.SetNull || fk.OnDelete == catalog.SetDefault) {
		return " ON DELETE CASCADE" // nothing is left to unset
	}
	switch fk.OnDelete {
	case catalog.Cascade:
		return " ON DELETE CASCADE"
	case catalog.Restrict:
		return " ON DELETE RESTRICT"
	case catalog.SetNull:
		return " ON DELETE SET NULL" + rest()
	case catalog.SetDefault:
		return " ON DELETE SET DEFAULT" + rest()
	}
	return ""
}

// grantee is a role as GRANT and REVOKE name it.
func grantee(role string) string {
	if role == "public" {
		return "PUBLIC"
	}
	return catalog.Ident(role)
}

// ofSession is the condition that a row is of the session's tenant: the first of the
// scopes that a setting tells, or that policies of the schema tell. Empty: neither is known.
func (a *audit) ofSession(r *catalog.Relation, scopes []seedbed.Scoped) string {
	for _, sc := range scopes {
		t, _ := a.model.Tenant(sc.Tenant)
		if len(sc.Columns) != 1 || t.Setting == "" || len(t.Claim)+len(t.Session.Columns) > 0 {
			continue
		}
		c := r.Column(sc.Columns[0])
		switch {
		case c == nil:
		case strings.EqualFold(t.Setting, sqltext.RoleSetting):
			return fmt.Sprintf("%s = current_user", catalog.Ident(c.Name))
		case strings.EqualFold(t.Setting, sqltext.LoginSetting):
			return fmt.Sprintf("%s = session_user", catalog.Ident(c.Name))
		default:
			return fmt.Sprintf("%s = (SELECT nullif(current_setting(%s, true), '')::%s)", catalog.Ident(c.Name), strings.TrimSpace(catalog.Literal(t.Setting)), c.SQLType)
		}
	}
	for _, sc := range scopes {
		if condition := a.usualCondition(r, sc); condition != "" {
			return condition
		}
	}
	return ""
}

// usualCondition is how most policies of the schema keep rows to the session's tenant of a
// level, where it is one comparison of a column: org_id IN (SELECT my_orgs()), written for the
// column of a scope. One that reads the table itself would recurse there.
func (a *audit) usualCondition(r *catalog.Relation, sc seedbed.Scoped) (usual string) {
	if _, member := a.model.Membership(sc.Tenant); !member || len(sc.Columns) != 1 {
		return ""
	}
	times := map[string]int{}
	for _, s := range a.subjects {
		for _, p := range s.rel.Policies {
			own, ok := s.at(sc.Tenant)
			if !p.Permissive || p.Using == "" || !ok || len(own.Columns) != 1 {
				continue
			}
			tokens := sqltext.Tokens(p.Using)
			single := len(sqltext.TopLevel(bare(tokens), "OR")) == 1 && len(sqltext.TopLevel(bare(tokens), "AND")) == 1
			named := slices.ContainsFunc(tokens, func(t sqltext.Token) bool {
				return t.IsIdentifier() && (t.Text == s.rel.Name || t.Text == r.Name)
			})
			if !single || named || !slices.Equal(columnsIn(s.rel, tokens), own.Columns) || !a.bound(tokens, s, []seedbed.Scoped{own}) {
				continue
			}
			condition := p.Using
			for i, t := range slices.Backward(tokens) {
				if t.IsIdentifier() && t.Text == own.Columns[0] && (i == 0 || !tokens[i-1].Is(".")) {
					condition = condition[:t.Pos] + catalog.Ident(sc.Columns[0]) + condition[t.End:]
				}
			}
			times[condition]++
		}
	}
	for _, condition := range slices.Sorted(maps.Keys(times)) {
		if usual == "" || times[condition] > times[usual] {
			usual = condition
		}
	}
	return usual
}

// narrowed is SQL that puts a condition into clauses of a policy: in place of a comparison
// that was meant to say the same and does not, beside anything else.
func (a *audit) narrowed(s *subject, p *catalog.Policy, clauses []clause, condition string) string {
	sql := fmt.Sprintf("ALTER POLICY %s ON %s", catalog.Ident(p.Name), p.Table.Ident())
	for _, c := range clauses {
		and := condition
		if c.expr != "" && c.expr != "true" && !a.meantAsTenant(s, c.expr) {
			and = "(" + c.expr + ") AND " + condition
		}
		sql += fmt.Sprintf(" %s (%s)", c.name, and)
	}
	return sql
}

// meantAsTenant reports whether an expression is one comparison with a tenant's column of the
// row, or with what the session says.
func (a *audit) meantAsTenant(s *subject, expr string) bool {
	tokens := bare(sqltext.Tokens(expr))
	if len(sqltext.TopLevel(tokens, "OR")) > 1 || len(sqltext.TopLevel(tokens, "AND")) > 1 {
		return false
	}
	return len(a.readers.In(tokens)) > 0 || slices.ContainsFunc(tokens, func(t sqltext.Token) bool {
		return t.IsIdentifier() && slices.ContainsFunc(s.scopes, func(sc seedbed.Scoped) bool { return contains(sc.Columns, t.Text) })
	})
}

// withColumns is SQL of an index or a constraint with columns before its own. Empty: it
// is not seen where they begin.
func withColumns(definition string, columns []string) string {
	tokens := sqltext.Tokens(definition)
	from := max(0, sqltext.Index(tokens, "using")) // of an index; the table's name comes before
	for _, t := range tokens[from:] {
		if t.Is("(") {
			return definition[:t.End] + catalog.Idents(columns) + ", " + definition[t.End:]
		}
	}
	return ""
}

// indexBy is SQL of an index that leads with some columns.
func indexBy(r *catalog.Relation, columns []string) string {
	return fmt.Sprintf("CREATE INDEX %sON %s (%s); /* and after them the columns that queries compare or sort by */", concurrently(r), r.Ident(), catalog.Idents(columns))
}

// concurrently is the word for what builds or drops an index without blocking writes; no
// partitioned table can do that.
func concurrently(r *catalog.Relation) string {
	if r.Kind == catalog.PartitionedTable {
		return ""
	}
	return "CONCURRENTLY "
}
