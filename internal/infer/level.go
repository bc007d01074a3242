package infer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// findLevels accepts the candidates that the schema treats as tenants: the strongest
// first, then levels outside or inside these, and users last.
func (n *inference) findLevels() {
	candidates := n.candidates()
	componentSizes := map[*table]int{}
	for _, t := range n.tables {
		componentSizes[t.root()]++
	}
	for _, c := range candidates {
		n.gatherEvidence(c, componentSizes)
	}
	slices.SortStableFunc(candidates, func(a, b *candidate) int {
		return cmp.Or(-cmp.Compare(a.rank(), b.rank()), -cmp.Compare(a.evidence.required, b.evidence.required),
			-cmp.Compare(len(a.keyColumns), len(b.keyColumns)), cmp.Compare(a.subjects[0], b.subjects[0]))
	})
	for _, c := range candidates {
		n.accept(c, c.levelReason(len(n.levels) == 0))
	}
	for grown := true; grown; {
		grown = false
		for _, c := range candidates {
			grown = n.accept(c, n.outerReason(c)) || n.accept(c, n.innerReason(c)) || grown
		}
	}
	for _, c := range candidates {
		n.accept(c, n.usersReason(c))
	}
	n.nameLevels()
	n.linkLevels()
	n.reportNearMisses(candidates)
}

// rank orders candidates: those whose key policies compare first, then those in composite
// keys, then by name. A name does not count if most key columns may be NULL.
func (c *candidate) rank() int {
	r := c.grade
	if 2*c.requiredColumns() < len(c.keyColumns) {
		r = 0
	}
	if c.grade > 0 && c.evidence.inUniqueKeys > 2 {
		r += 2
	}
	if len(c.evidence.policyTables) > 0 && !c.isUsersTable() {
		r += 10
	}
	return r
}

// name returns the candidate's table, or the subject of its columns.
func (c *candidate) name() string {
	if c.table != nil {
		return c.table.name
	}
	return c.subjects[0]
}

func (c *candidate) isUsersTable() bool { return c.table != nil && c.table.nameEndsIn(userWords) }

// accept makes a level of a candidate, unless reason is "" or it is a level already.
func (n *inference) accept(c *candidate, reason string) bool {
	if reason == "" || n.isAccepted(c) {
		return false
	}
	c.reasons = append([]string{reason}, c.describe()...)
	l := &Level{candidate: c}
	for _, k := range c.key {
		l.Key = append(l.Key, k.Name)
	}
	if c.table != nil {
		l.Table = c.table.Relation
		c.table.level = l
	}
	n.levels = append(n.levels, l)
	return true
}

// isAccepted reports whether the candidate's table or subject is a level.
func (n *inference) isAccepted(c *candidate) bool {
	return slices.ContainsFunc(n.levels, func(l *Level) bool {
		return l.candidate == c || l.candidate.table != nil && l.candidate.table == c.table || c.table == nil && slices.Contains(l.candidate.subjects, c.subjects[0])
	})
}

// levelReason returns the reason why a candidate is a level by itself, or "". first is
// true while no level is accepted.
func (c *candidate) levelReason(first bool) string {
	e := c.evidence
	switch {
	case c.isUsersTable():
		return ""
	case len(e.policyTables) > 0 && (c.grade > weakGrade || c.grade > 0 && (c.table != nil || len(e.policyTables) > 1)):
		return "row-level security compares its key with the session's tenant"
	case len(e.policyTables) > 0 && e.required > 0 && (len(e.policyTables) > 1 || len(e.settings) > 0):
		return "row-level security compares its key with something of the session"
	case e.keptBySomethingElse():
		return "" // the tables with its key are separated by other columns
	case c.grade == sureGrade && c.requiredColumns() > 0, c.grade == sureGrade && c.table != nil && len(c.table.referrers) > 0:
		return "its columns are named for a tenant"
	case e.compositeReferences > 1 && c.grade > 0 && (first || e.required > 2 && e.compositeReferences > e.required/2):
		return "foreign keys between the tables that carry it include it"
	case !first:
		return ""
	case c.table == nil:
		return c.reasonByName()
	case c.grade == strongGrade && c.requiredColumns() > 0:
		return "rows must reference it, and it is named as tenants are"
	case c.grade >= mediumGrade && e.required > 0 && e.inUniqueKeys > 0:
		return "keys of other tables include its own, and tenants are often called that"
	case c.grade >= mediumGrade && e.required > 1 && (e.required > 2 || e.repeatedKeys > 0 || 2*e.scopedTables > e.connectedTables):
		return "rows must reference it, and tenants are often called that"
	}
	return c.reasonByKeys()
}

// reasonByName is levelReason for columns that reference no table.
func (c *candidate) reasonByName() string {
	e := c.evidence
	switch {
	case c.grade == strongGrade && e.required > 1:
		return "rows must have it, and it is named as tenants are"
	case c.grade == mediumGrade && e.required > 2 && e.inUniqueKeys > 1:
		return "rows must have it, keys include it, and tenants are often called that"
	}
	return ""
}

// reasonByKeys is levelReason for a table whose name is no tenant's: it considers keys
// only.
func (c *candidate) reasonByKeys() string {
	e := c.evidence
	if c.table.nameEndsIn(lookupWords) || c.requiresAnother() {
		return ""
	}
	connected := float64(len(c.keyColumns)) / float64(max(1, e.connectedTables))
	switch {
	case c.grade == weakGrade && connected >= 0.5 && (e.required > 2 || e.required > 1 && e.repeatedKeys > 0):
		return "most tables that are connected with it carry it, and tenants are sometimes called that"
	case e.compositeReferences > 2 && connected >= 0.5:
		return "foreign keys between the tables that carry it include it"
	case e.required > 2 && e.repeatedKeys > 1 && connected >= 0.6:
		return "tables carry its key though they reference others that carry it: it says whose a row is"
	case e.required > 4 && connected >= 0.9 && 2*e.cascades >= len(c.keyColumns):
		return "every table that is connected with it requires it, and rows go with it"
	}
	return ""
}

// requiresAnother reports whether the table has no tenant's name and its rows require a
// row of another table, which may be the tenant instead.
func (c *candidate) requiresAnother() bool {
	for _, ref := range c.table.references {
		if !ref.Optional() && c.grade == 0 {
			return true
		}
	}
	return false
}

// outerReason returns the reason why a candidate with a tenant's name is a level outside
// an accepted one, as an organization is outside a space, or "".
func (n *inference) outerReason(c *candidate) string {
	if c.table == nil || c.isUsersTable() || c.grade < mediumGrade {
		return ""
	}
	for _, l := range n.levels {
		u, ok := c.keyColumns[l.candidate.table]
		if l.candidate.table == nil || !ok || !u.column.Required() || l.candidate.isUsersTable() || c.grade == mediumGrade && len(c.keyColumns) < 2 {
			continue
		}
		return fmt.Sprintf("each %s belongs to one, by %s.%s", l.candidate.subjects[0], l.candidate.table.name, u.column.Name)
	}
	return ""
}

// innerReason returns the reason why a candidate with a tenant's name is a level inside an
// accepted one, or "": other tables belong to it, and to the outer level only through it.
func (n *inference) innerReason(c *candidate) string {
	if c.table == nil || c.isUsersTable() || c.grade < mediumGrade || c.evidence.keptBySomethingElse() {
		return ""
	}
	for _, l := range n.levels {
		u, ok := l.candidate.keyColumns[c.table]
		if !ok || !u.column.Required() || l.candidate.isUsersTable() {
			continue
		}
		if c.table.nameEndsIn(innerTenantWords) && c.evidence.required > 1 {
			return fmt.Sprintf("its rows belong to %s, and rows of other tables must reference it", l.candidate.name())
		}
		through, all := n.countThrough(c, l.candidate)
		if through > 2 || through > 1 && 2*through >= all {
			return fmt.Sprintf("its rows belong to %s, and %s there through it only", l.candidate.name(), plural(through, "table leads", "tables lead"))
		}
	}
	return ""
}

// countThrough counts the tables without the outer candidate's key whose rows must
// reference, directly or through other tables, an inner tenant; and all of them that must
// reference an outer one.
func (n *inference) countThrough(inner, outer *candidate) (through, all int) {
	countWithoutKey := func(start []*table) (sum int) {
		for t := range n.requiredDescendants(start) {
			if _, direct := outer.keyColumns[t]; !direct && t != inner.table && !t.isLinkTable() {
				sum++
			}
		}
		return sum
	}
	var ofInner, ofOuter []*table
	for _, t := range inner.tables {
		if _, direct := outer.keyColumns[t]; !direct && !t.isLinkTable() && inner.keyColumns[t].column.Required() {
			ofInner = append(ofInner, t)
		}
	}
	for _, t := range outer.tables {
		if outer.keyColumns[t].column.Required() {
			ofOuter = append(ofOuter, t)
		}
	}
	return countWithoutKey(ofInner), countWithoutKey(ofOuter)
}

// usersReason returns the reason why users are a level, or "": policies separate their
// rows on several tables that neither are tenants nor say who belongs to which tenant, or,
// without any policy, most tables have an owner.
func (n *inference) usersReason(c *candidate) string {
	if !c.isUsersTable() {
		return ""
	}
	own := 0
	for _, t := range c.evidence.policyTables {
		if t != c.table && t.level == nil && !n.membershipTables[t] {
			own++
		}
	}
	if own > 1 || own > 0 && len(n.levels) == 0 {
		c.keepPolicyTables(n.levels)
		return "row-level security compares its key with the session's user"
	}
	if own == 0 && len(n.levels) == 0 && len(c.evidence.policyTables) == 0 && c.evidence.required > 2 && slices.Contains(c.subjects, "owner") &&
		float64(len(c.keyColumns)) >= 0.5*float64(c.evidence.connectedTables) {
		return "most tables that are connected with it have an owner"
	}
	return ""
}

// keepPolicyTables removes the tables whose policies do not separate rows by user, unless
// they require a user and belong to no other level.
func (c *candidate) keepPolicyTables(accepted []*Level) {
	c.tables = slices.DeleteFunc(c.tables, func(t *table) bool {
		elsewhere := slices.ContainsFunc(accepted, func(l *Level) bool { _, ok := l.candidate.keyColumns[t]; return ok || l.candidate.table == t })
		if !slices.Contains(c.evidence.policyTables, t) && (elsewhere || !c.keyColumns[t].column.Required()) {
			delete(c.keyColumns, t)
			return true
		}
		return false
	})
}

// nameLevels names levels for their tables, and finds the setting of each.
func (n *inference) nameLevels() {
	for _, l := range n.levels {
		l.Name = l.candidate.subjects[0]
		if l.candidate.table != nil {
			l.Name = strings.Join(l.candidate.table.nameWords, "_")
		}
		for _, other := range n.levels {
			if other != l && other.Name == l.Name {
				l.Name += "_by_" + l.candidate.subjects[0]
			}
		}
		l.Identity = mostUsed(l.candidate.evidence.settings)
	}
}

// mostUsed returns the identity that most policies use.
func mostUsed(all []Identity) Identity {
	counts := map[string]int{}
	var best Identity
	for _, x := range all {
		counts[x.key()]++
	}
	for _, x := range all {
		if best.Setting == "" || counts[x.key()] > counts[best.key()] || counts[x.key()] == counts[best.key()] && x.key() < best.key() {
			best = x
		}
	}
	return best
}

// linkLevels finds each level's parent: the nearest of the levels whose key its table has.
func (n *inference) linkLevels() {
	for _, l := range n.levels {
		if l.candidate.table == nil {
			continue
		}
		for _, p := range n.levels {
			u, ok := p.candidate.keyColumns[l.candidate.table]
			if p == l || !ok || p.candidate.isUsersTable() || l.Parent != nil && !p.hasKeyOf(l.Parent) || p.hasAncestor(l) {
				continue
			}
			l.Parent = p
			l.ParentColumns = n.columnsFor(p, l.candidate.table, u.column)
		}
	}
}

// hasKeyOf reports whether l's table has the key of q, which then is outside l.
func (l *Level) hasKeyOf(q *Level) bool {
	_, ok := q.candidate.keyColumns[l.candidate.table]
	return l.candidate.table != nil && ok
}

// hasAncestor reports whether q is outside l.
func (l *Level) hasAncestor(q *Level) bool {
	for i, p := 0, l.Parent; p != nil && i < 16; i, p = i+1, p.Parent {
		if p == q {
			return true
		}
	}
	return false
}

// reportNearMisses adds a doubt for each candidate that resembles a level and was not
// accepted.
func (n *inference) reportNearMisses(candidates []*candidate) {
	if len(n.levels) == 0 {
		n.reportUnnamedKeys()
	}
	for _, c := range candidates {
		e := c.evidence
		if n.isAccepted(c) || c.isUsersTable() {
			continue
		}
		name := c.name()
		switch {
		case e.keptBySomethingElse() && c.grade > weakGrade && e.required > 1:
			n.addDoubt("%s may be a level of tenancy by its name, but policies compare other columns of the tables that carry it", name)
		case c.grade > weakGrade && len(c.keyColumns) > 1 && 2*c.requiredColumns() < len(c.keyColumns):
			n.addDoubt("%s: %s it, and %d of them must: no level of tenancy was made of that", name, plural(len(c.keyColumns), "table carries", "tables carry"), c.requiredColumns())
		case c.grade > weakGrade && (e.required > 1 || e.required > 0 && len(n.levels) == 0):
			n.addDoubt("%s may be a level of tenancy by its name, which %s: nothing but the name says so", name, plural(c.requiredColumns(), "table requires", "tables require"))
		case n.isInnerByKeys(c):
			n.addDoubt("%s may be a level of tenancy within %s: %s it, and keys of %s have it in them", name, n.levels[0].candidate.name(), plural(c.requiredColumns(), "table requires", "tables require"), plural(e.inUniqueKeys, "table", "tables"))
		case c.table != nil && len(n.levels) == 0 && e.required > 4 && 10*len(c.keyColumns) >= 9*e.connectedTables && !c.table.nameEndsIn(lookupWords):
			n.addDoubt("every table that is connected with %s requires it: is it a tenant, or a list that all refer to?", name)
		case c.table == nil && c.grade > 0 && len(n.levels) == 0 && e.required > 2:
			n.addDoubt("%s a %s that no table here has: is it a tenant?", plural(e.required, "table requires", "tables require"), name)
		}
	}
}

// isInnerByKeys reports whether a table of any name belongs to the outermost level, and is
// in the keys of several tables that require it.
func (n *inference) isInnerByKeys(c *candidate) bool {
	if c.table == nil || len(n.levels) == 0 || c.table.nameEndsIn(lookupWords) {
		return false
	}
	u, ok := n.levels[0].candidate.keyColumns[c.table]
	return ok && u.column.Required() && c.evidence.compositeReferences > 1 && c.evidence.inUniqueKeys > 2 && c.requiredColumns() > 3
}

// reportUnnamedKeys adds a doubt for each column that several tables have in composite
// keys and that references nothing: without other levels, it may be a tenant's key.
func (n *inference) reportUnnamedKeys() {
	keyed := map[string][]string{}
	var order []string
	for _, t := range n.tables {
		for _, c := range t.Columns {
			if len(n.referencesOf[c]) > 0 || len(n.referencedBy[c]) > 0 || !c.Required() || c.Default != "" || !t.inCompositeKey(c.Name) {
				continue
			}
			if keyed[c.Name] == nil {
				order = append(order, c.Name)
			}
			keyed[c.Name] = append(keyed[c.Name], t.name)
		}
	}
	for _, name := range order {
		if len(keyed[name]) > 2 {
			n.addDoubt("%s is in keys of %s and references nothing: a tenant's key?", name, shortList(keyed[name]))
		}
	}
}
