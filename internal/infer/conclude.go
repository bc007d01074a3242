package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// conclude gathers what was found, and says what follows from it for a reader.
func (n *inference) conclude() {
	for _, l := range n.accepted {
		n.concludeLevel(l)
	}
	nullable := map[*Level][]string{}
	for _, t := range n.tables {
		for _, s := range t.scopes {
			n.out.Scopes = append(n.out.Scopes, s)
			if len(s.Columns) > 0 && !s.Optional && s.Across == nil && !required(t.Relation, s.Columns) {
				nullable[s.Level] = append(nullable[s.Level], t.name)
			}
		}
		if len(t.scopes) == 0 && t.level == nil && len(n.accepted) > 0 {
			n.out.Global = append(n.out.Global, t.Relation)
			n.addReason("global "+t.name, "no column carries a tenant, and no required reference leads to a table that has one")
			n.doubtGlobal(t)
		}
		for _, p := range t.pairs {
			p.Tenant = n.sharedTenant(t, p)
			n.out.Pairs = append(n.out.Pairs, p)
		}
	}
	for _, l := range n.accepted {
		if tables := nullable[l]; len(tables) > 0 {
			n.addDoubt("the key of %s may be NULL in %s: do such rows belong to every tenant, or to none?", l.Name, strings.Join(tables, ", "))
		}
	}
	n.out.Levels = n.accepted
	if len(n.accepted) == 0 && len(n.tables) > 0 {
		n.addDoubt("no tenancy was found: no policy compares a column with the session, no key says in table after table whose a row is, and no name is a tenant's; " +
			"isolation, tenant keys and aggregates cannot be checked, references, pairs and subtypes can")
		n.doubtFirstColumns()
	}
	n.sortEvidence()
}

// doubtGlobal says how a global table's rows may belong to a tenant's row all the
// same: they may reference one, or a tenant's row must have one of its own.
func (n *inference) doubtGlobal(t *table) {
	if t.called(people) {
		return // a user's default account, for one
	}
	owned := func(r *catalog.Relation) bool {
		of := n.tableOf[r]
		return of != nil && len(of.innermostLevels()) > 0 && (of.level == nil || !of.level.candidate.isUsersTable())
	}
	for _, ref := range t.refs {
		if owned(ref.To) {
			n.addDoubt("global %s: a row may be of one tenant, that of its row of %s, by %s", t.name, n.cat.Name(ref.To), list(ref.Columns))
			return
		}
	}
	for _, ref := range t.referrers {
		if owned(ref.From) && !ref.Optional() && n.tableOf[ref.From].onePer(ref.Columns) {
			n.addDoubt("global %s: a row may be of one tenant, that of the row of %s that has it to itself, by %s", t.name, n.cat.Name(ref.From), list(ref.Columns))
			return
		}
	}
}

// doubtWeak says of a level, without policies, that what speaks for it is little: its
// name, or references alone.
func (n *inference) doubtWeak(l *Level) {
	e := l.candidate.evidence
	switch {
	case l.candidate.table == nil || l.Parent != nil || l.candidate.grade == sureGrade:
	case l.candidate.grade <= weakGrade && e.joint == 0:
		n.addDoubt("tenant %s: %s may be what a tenant has, and no tenants: references say that rows are of one, not that others may not see them", l.Name, l.candidate.table.name)
	case e.joint+e.repeated+e.keyed+e.cascades == 0:
		n.addDoubt("tenant %s: its name and %s, and nothing else: no policy, no key with it, no cascade", l.Name, count(e.required, "table that requires its key says so", "tables that require its key say so"))
	}
}

// doubtFirstColumns says which column leads composite primary keys in table after
// table though it is the key of none: it may hold tenants that are kept elsewhere.
func (n *inference) doubtFirstColumns() {
	leading, keyed := map[string][]string{}, map[string]bool{}
	var order []string
	for _, t := range n.tables {
		for _, k := range t.Uniques() {
			first := k.Columns[0]
			switch {
			case len(k.Columns) == 1:
				keyed[first] = true
			case k.Kind == catalog.PrimaryKey:
				if leading[first] == nil {
					order = append(order, first)
				}
				leading[first] = append(leading[first], t.name)
			}
		}
	}
	for _, column := range order {
		if tables := leading[column]; len(tables) > 2 && !keyed[column] {
			n.addDoubt("%s is first in the primary keys of %s, and is the key of no table: it may say whose a row is", column, few(tables))
		}
	}
}

func (n *inference) concludeLevel(l *Level) {
	name := "tenant " + l.Name
	n.addReason(name, l.candidate.reasons...)
	if l.candidate.table == nil {
		n.addDoubt("tenant level %s has no table here: whether a tenant exists cannot be checked", l.Name)
	} else if len(l.candidate.table.referrers) == 0 {
		n.addDoubt("no foreign key references %s: it is taken for the table of tenants by its name", l.candidate.table.name)
	}
	if l.Parent != nil {
		n.addReason(name, fmt.Sprintf("%s carries %s, by %s", l.candidate.table.name, l.Parent.Name, list(l.ParentColumns)))
	}
	member := slices.ContainsFunc(n.out.Memberships, func(m *Membership) bool { return m.Level == l })
	switch {
	case l.Identity.Setting != "":
		n.addReason(name, "policies compare its key with "+l.Identity.says())
	case member:
		n.addReason(name, "policies ask whether the session's user is a member")
	case len(l.candidate.evidence.compared) == 0:
		n.addDoubt("no row-level security policy compares the key of %s: isolation must be in the application, and only data can be checked", l.Name)
		n.doubtWeak(l)
	default:
		n.addDoubt("the policies on %s read no setting that could be set from outside: see them for how a session says who it is", l.Name)
	}
}

// sharedTenant are the columns of a pair's table that a target must share.
func (n *inference) sharedTenant(t *table, p *Pair) []string {
	for _, s := range t.scopes {
		shared := slices.ContainsFunc(p.Targets, func(target Target) bool { return slices.Contains(n.tableOf[target.Table].innermostLevels(), s.Level) })
		if len(s.Columns) > 0 && !s.Optional && shared {
			return s.Columns
		}
	}
	return nil
}

var evidenceOrder = []string{"tenant", "membership", "scoped", "aggregate", "global", "pair", "no", "inheritance"}

func (n *inference) sortEvidence() {
	kind := func(e Evidence) int {
		first, _, _ := strings.Cut(e.Conclusion, " ")
		return slices.Index(evidenceOrder, first)
	}
	aggregates := map[string]bool{}
	for _, s := range n.out.Scopes {
		if s.Across != nil {
			aggregates["scoped "+n.cat.Name(s.Table)] = true
		}
	}
	n.out.Evidence = slices.DeleteFunc(n.out.Evidence, func(e Evidence) bool { return aggregates[e.Conclusion] })
	slices.SortStableFunc(n.out.Evidence, func(a, b Evidence) int {
		if kind(a) != kind(b) {
			return kind(a) - kind(b)
		}
		return strings.Compare(a.Conclusion, b.Conclusion)
	})
}

// schemaPerTenant says when schemas look like copies of one another: then a tenant
// is a schema, which a Model has no word for.
func (n *inference) schemaPerTenant() {
	members := map[string]map[string]bool{}
	for _, t := range n.tables {
		if members[t.Schema] == nil {
			members[t.Schema] = map[string]bool{}
		}
		members[t.Schema][t.Name] = true
	}
	seen := map[string]bool{}
	for _, a := range n.cat.Schemas {
		if seen[a.Name] {
			continue
		}
		alike := []string{a.Name}
		for _, b := range n.cat.Schemas {
			if b != a && !seen[b.Name] && copies(members[a.Name], members[b.Name]) {
				alike = append(alike, b.Name)
			}
		}
		if len(alike) < 2 {
			continue
		}
		for _, name := range alike {
			seen[name] = true
		}
		n.addDoubt("schemas %s hold the same tables: if each is a tenant, isolation is a matter of search_path and privileges on schemas, which a Model does not describe; "+
			"check one schema at a time", strings.Join(alike, ", "))
	}
}

func copies(a, b map[string]bool) bool {
	common := 0
	for name := range a {
		if b[name] {
			common++
		}
	}
	return common >= 2 && 5*common >= 4*max(len(a), len(b))
}
