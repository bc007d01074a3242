package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// explain collects the result, with reasons and doubts.
func (n *inference) explain() {
	for _, l := range n.levels {
		n.explainLevel(l)
	}
	n.indexPrimaryKeys()
	nullable := map[*Level][]string{}
	for _, t := range n.tables {
		for _, s := range t.scopes {
			n.result.Scopes = append(n.result.Scopes, s)
			if len(s.Columns) > 0 && !s.Optional && s.Across == nil && !required(t.Relation, s.Columns) {
				nullable[s.Level] = append(nullable[s.Level], t.name)
			}
		}
		if len(t.scopes) == 0 && t.level == nil && len(n.levels) > 0 {
			n.result.Global = append(n.result.Global, t.Relation)
			n.addReason("global "+t.name, "no column carries a tenant, and no required reference leads to a table that has one")
			n.doubtGlobalTable(t)
		}
		for _, p := range t.pairs {
			p.Tenant = n.sharedTenant(t, p)
			n.result.Pairs = append(n.result.Pairs, p)
		}
	}
	n.doubtInherited()
	n.doubtArchives()
	for _, l := range n.levels {
		if tables := nullable[l]; len(tables) > 0 {
			n.addDoubt("the key of %s may be NULL in %s: do such rows belong to every tenant, or to none?", l.Name, strings.Join(tables, ", "))
		}
	}
	n.result.Levels = n.levels
	if len(n.levels) == 0 && len(n.tables) > 0 {
		n.addDoubt("no tenancy was found: no policy compares a column with the session, no key says in table after table whose a row is, and no name is a tenant's; " +
			"isolation, tenant keys and aggregates cannot be checked, references, pairs and subtypes can")
		n.doubtFirstColumns()
	}
	n.sortEvidence()
}

// doubtGlobalTable adds a doubt if a global table's rows may belong to a tenant: they may
// reference a tenant's row, or a tenant's row must have one of its own.
func (n *inference) doubtGlobalTable(t *table) {
	if t.nameEndsIn(userWords) {
		return // a user may reference a tenant without belonging to it
	}
	isScoped := func(r *catalog.Relation) bool {
		t := n.tableOf[r]
		return t != nil && len(t.innermostLevels()) > 0 && (t.level == nil || !t.level.candidate.isUsersTable())
	}
	// A tenant itself, a row that has this one to itself, and rows of tenants, in that order.
	for _, ref := range t.references {
		if to := n.tableOf[ref.To]; to.level != nil && isScoped(ref.To) {
			n.addDoubt("global %s: a row may be of one %s, by %s", t.name, to.level.Name, columnList(ref.Columns))
			return
		}
	}
	for _, ref := range t.referrers {
		if isScoped(ref.From) && !ref.Optional() && n.tableOf[ref.From].UniqueBy(ref.Columns) {
			n.addDoubt("global %s: a row may be of one tenant, that of the row of %s that has it to itself, by %s", t.name, n.catalog.Name(ref.From), columnList(ref.Columns))
			return
		}
	}
	for _, ref := range t.references {
		if isScoped(ref.To) {
			n.addDoubt("global %s: a row may be of one tenant, that of its row of %s, by %s", t.name, n.catalog.Name(ref.To), columnList(ref.Columns))
			return
		}
	}
	if len(t.pairs) > 0 {
		t.possiblePair = []string{t.pairs[0].Type.Name, t.pairs[0].ID.Name}
	}
	if t.possiblePair != nil {
		n.addDoubt("global %s: a row may be of one tenant, that of what %s points at", t.name, columnList(t.possiblePair))
		return
	}
	n.doubtUndeclared(t)
}

// doubtWeakLevel adds a doubt to a level without policies for which only its name or
// references speak.
func (n *inference) doubtWeakLevel(l *Level) {
	e := l.candidate.evidence
	switch {
	case l.candidate.table == nil || l.Parent != nil || l.candidate.grade == sureGrade:
	case l.candidate.grade <= weakGrade && e.compositeReferences == 0:
		n.addDoubt("tenant %s: %s may be what a tenant has, and no tenants: references say that rows are of one, not that others may not see them", l.Name, l.candidate.table.name)
	case e.compositeReferences+e.repeatedKeys+e.inUniqueKeys+e.cascades == 0:
		n.addDoubt("tenant %s: its name and %s, and nothing else: no policy, no key with it, no cascade", l.Name, plural(e.required, "table that requires its key says so", "tables that require its key say so"))
	}
}

// doubtFirstColumns adds a doubt for each column that leads several composite primary keys
// and is the key of no table: it may be a tenant's key.
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
			n.addDoubt("%s is first in the primary keys of %s, and is the key of no table: it may say whose a row is", column, shortList(tables))
		}
	}
}

// explainLevel adds the reasons for a level, and the doubts about it.
func (n *inference) explainLevel(l *Level) {
	name := "tenant " + l.Name
	n.addReason(name, l.candidate.reasons...)
	if l.candidate.table == nil {
		n.addDoubt("tenant level %s has no table here: whether a tenant exists cannot be checked", l.Name)
	} else if len(l.candidate.table.referrers) == 0 {
		n.addDoubt("no foreign key references %s: it is taken for the table of tenants by its name", l.candidate.table.name)
	}
	if l.Parent != nil {
		n.addReason(name, fmt.Sprintf("%s carries %s, by %s", l.candidate.table.name, l.Parent.Name, columnList(l.ParentColumns)))
	}
	member := slices.ContainsFunc(n.result.Memberships, func(m *Membership) bool { return m.Level == l })
	switch {
	case l.Identity.Setting != "":
		n.addReason(name, "policies compare its key with "+l.Identity.describe())
	case member:
		n.addReason(name, "policies ask whether the session's user is a member")
	case len(l.candidate.evidence.policyTables) == 0:
		n.addDoubt("no row-level security policy compares the key of %s: isolation must be in the application, and only data can be checked", l.Name)
		n.doubtWeakLevel(l)
	default:
		n.addDoubt("the policies on %s read no setting that could be set from outside: see them for how a session says who it is", l.Name)
	}
}

// sharedTenant returns the columns of a pair's table that a target has to share, or nil.
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

// sortEvidence sorts the evidence by evidenceOrder and name. Of an aggregate it keeps the
// evidence as aggregate, not as scoped table.
func (n *inference) sortEvidence() {
	kind := func(e Evidence) int {
		first, _, _ := strings.Cut(e.Conclusion, " ")
		return slices.Index(evidenceOrder, first)
	}
	aggregates := map[string]bool{}
	for _, s := range n.result.Scopes {
		if s.Across != nil {
			aggregates["scoped "+n.catalog.Name(s.Table)] = true
		}
	}
	n.result.Evidence = slices.DeleteFunc(n.result.Evidence, func(e Evidence) bool { return aggregates[e.Conclusion] })
	slices.SortStableFunc(n.result.Evidence, func(a, b Evidence) int {
		if kind(a) != kind(b) {
			return kind(a) - kind(b)
		}
		return strings.Compare(a.Conclusion, b.Conclusion)
	})
}

// reportSchemaPerTenant adds a doubt if schemas are copies of one another: then each may
// be a tenant, which a Model cannot declare.
func (n *inference) reportSchemaPerTenant() {
	tables := map[string]map[string]bool{} // names, by schema
	for _, t := range n.tables {
		if tables[t.Schema] == nil {
			tables[t.Schema] = map[string]bool{}
		}
		tables[t.Schema][t.Name] = true
	}
	reported := map[string]bool{}
	for _, a := range n.catalog.Schemas {
		if reported[a.Name] {
			continue
		}
		copies := []string{a.Name}
		for _, b := range n.catalog.Schemas {
			if b != a && !reported[b.Name] && isCopy(tables[a.Name], tables[b.Name]) {
				copies = append(copies, b.Name)
			}
		}
		if len(copies) < 2 {
			continue
		}
		for _, name := range copies {
			reported[name] = true
		}
		n.addDoubt("schemas %s hold the same tables: if each is a tenant, isolation is a matter of search_path and privileges on schemas, which a Model does not describe; "+
			"check one schema at a time", strings.Join(copies, ", "))
	}
}

// isCopy reports whether at least two tables and 80 % of the larger schema are in both.
func isCopy(a, b map[string]bool) bool {
	common := 0
	for name := range a {
		if b[name] {
			common++
		}
	}
	return common >= 2 && 5*common >= 4*max(len(a), len(b))
}
