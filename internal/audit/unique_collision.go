package audit

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// mayCollide reports whether the application can write a row that a unique index refuses.
// Without row-level security who the application is, is not known well enough to say no.
func (a *audit) mayCollide(s *subject, ix *catalog.Index) bool {
	if !a.usesRLS || len(a.roles.app) == 0 {
		return true
	}
	return slices.ContainsFunc(a.roles.all(), func(role *catalog.Role) bool {
		return slices.ContainsFunc(becomes(role), func(r *catalog.Role) bool { return a.writesKey(r, s.rel, ix) })
	})
}

// writesKey reports whether a role may write the columns of a unique index, in a table, in
// what it is a partition of, or through a view.
func (a *audit) writesKey(role *catalog.Role, r *catalog.Relation, ix *catalog.Index) bool {
	if role.Super || role.Name == r.Owner {
		return true
	}
	var key, all []string
	predicate := columnsIn(r, sqltext.Tokens(ix.Predicate))
	for _, k := range ix.Keys {
		if key = append(key, k.Column); k.Column == "" {
			key = append(key, columnsIn(r, sqltext.Tokens(k.Expr))...)
		}
	}
	all = slices.Concat(key, predicate)
	may := func(command, column string) bool {
		return mayColumn(role, r, command, column) || mayColumn(role, r.Root(), command, column)
	}
	through := slices.ContainsFunc(a.cat.Relations, func(v *catalog.Relation) bool {
		return v.IsView() && slices.Contains(v.ReadsDeep(), r.Root()) && (privilege(role, v, "INSERT") != "" || privilege(role, v, "UPDATE") != "")
	})
	switch {
	case through, slices.ContainsFunc(all, func(c string) bool { return may("UPDATE", c) }):
		return true
	case !slices.ContainsFunc(key, func(c string) bool { return may("INSERT", c) }):
		return false
	}
	// A new row is in a partial index where its predicate may be true.
	return !slices.ContainsFunc(predicate, func(name string) bool { return !may("INSERT", name) && staysOut(r.Column(name), ix.Predicate) })
}

// staysOut reports whether rows that take a column's default are outside of a partial index:
// it is over those for which the column, false by default, is true.
func staysOut(c *catalog.Column, predicate string) bool {
	return (c.Default == "false" || c.Default == "") && slices.ContainsFunc(sqltext.TopLevel(bare(sqltext.Tokens(predicate)), "AND"), func(side []sqltext.Token) bool {
		side = bare(side)
		return len(side) == 1 && side[0].IsIdentifier() && side[0].Text == c.Name
	})
}
