package infer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// levels finds every candidate and accepts those that the schema treats as tenants:
// the strongest first, then what those lie in and what lies in them, users last.
func (n *inference) levels() {
	candidates := n.candidates()
	sizes := map[*table]int{}
	for _, t := range n.tables {
		sizes[t.root()]++
	}
	for _, c := range candidates {
		n.weigh(c, sizes)
	}
	slices.SortStableFunc(candidates, func(a, b *candidate) int {
		return cmp.Or(-cmp.Compare(a.rank(), b.rank()), -cmp.Compare(a.evidence.required, b.evidence.required),
			-cmp.Compare(len(a.carriers), len(b.carriers)), cmp.Compare(a.families[0], b.families[0]))
	})
	for _, c := range candidates {
		n.consider(c, c.judge(len(n.accepted) == 0))
	}
	for grown := true; grown; {
		grown = false
		for _, c := range candidates {
			grown = n.consider(c, n.outer(c)) || n.consider(c, n.inner(c)) || grown
		}
	}
	for _, c := range candidates {
		n.consider(c, n.users(c))
	}
	n.nameLevels()
	n.linkLevels()
	n.reportNearMisses(candidates)
}

// rank orders candidates: what policies compare comes first, then what keys include,
// then names, of which one that most rows may do without says nothing.
func (c *candidate) rank() int {
	r := c.grade
	if 2*c.evidence.inAll(c) < len(c.carriers) {
		r = 0
	}
	if c.grade > 0 && c.evidence.keyed > 2 {
		r += 2
	}
	if len(c.evidence.compared) > 0 && !c.isUsersTable() {
		r += 10
	}
	return r
}

// called is the candidate's table, or what its columns are named for.
func (c *candidate) called() string {
	if c.table != nil {
		return c.table.name
	}
	return c.families[0]
}

func (c *candidate) isUsersTable() bool { return c.table != nil && c.table.called(people) }

// consider accepts a candidate for a reason, unless it is a level already.
func (n *inference) consider(c *candidate, why string) bool {
	if why == "" || n.taken(c) {
		return false
	}
	c.reasons = append([]string{why}, c.says()...)
	l := &Level{candidate: c}
	for _, k := range c.key {
		l.Key = append(l.Key, k.Name)
	}
	if c.table != nil {
		l.Table = c.table.Relation
		c.table.level = l
	}
	n.accepted = append(n.accepted, l)
	return true
}

// taken reports whether the candidate's table, or its name, is a level already.
func (n *inference) taken(c *candidate) bool {
	return slices.ContainsFunc(n.accepted, func(l *Level) bool {
		return l.candidate == c || l.candidate.table != nil && l.candidate.table == c.table || c.table == nil && slices.Contains(l.candidate.families, c.families[0])
	})
}

// judge decides on a candidate for itself. It returns the reason, or "".
func (c *candidate) judge(first bool) string {
	e := c.evidence
	switch {
	case c.isUsersTable():
		return ""
	case len(e.compared) > 0 && (c.grade > weakGrade || c.grade > 0 && (c.table != nil || len(e.compared) > 1)):
		return "row-level security compares its key with the session's tenant"
	case len(e.compared) > 0 && e.required > 0 && (len(e.compared) > 1 || len(e.settings) > 0):
		return "row-level security compares its key with something of the session"
	case e.ignored > 1:
		return "" // policies say that something else keeps its rows apart
	case c.grade == sureGrade && e.inAll(c) > 0, c.grade == sureGrade && c.table != nil && len(c.table.referrers) > 0:
		return "its columns are named for a tenant"
	case e.joint > 1 && c.grade > 0 && (first || e.required > 2 && e.joint > e.required/2):
		return "foreign keys between the tables that carry it include it"
	case !first:
		return ""
	case c.table == nil:
		return c.judgeName()
	case c.grade == strongGrade && e.inAll(c) > 0:
		return "rows must reference it, and it is named as tenants are"
	case c.grade >= mediumGrade && e.required > 0 && e.keyed > 0:
		return "keys of other tables include its own, and tenants are often called that"
	case c.grade >= mediumGrade && e.required > 1 && (e.required > 2 || e.repeated > 0 || 2*e.carriers > e.connects):
		return "rows must reference it, and tenants are often called that"
	}
	return c.judgeKeys()
}

// judgeName decides on columns that reference nothing.
func (c *candidate) judgeName() string {
	e := c.evidence
	switch {
	case c.grade == strongGrade && e.required > 1:
		return "rows must have it, and it is named as tenants are"
	case c.grade == mediumGrade && e.required > 2 && e.keyed > 1:
		return "rows must have it, keys include it, and tenants are often called that"
	}
	return ""
}

// judgeKeys decides on a table whose name says nothing: what the keys say counts.
func (c *candidate) judgeKeys() string {
	e := c.evidence
	if c.table.called(lookups) || c.within() {
		return ""
	}
	connected := float64(len(c.carriers)) / float64(max(1, e.connects))
	switch {
	case c.grade == weakGrade && connected >= 0.5 && (e.required > 2 || e.required > 1 && e.repeated > 0):
		return "most tables that are connected with it carry it, and tenants are sometimes called that"
	case e.joint > 2 && connected >= 0.5:
		return "foreign keys between the tables that carry it include it"
	case e.required > 2 && e.repeated > 1 && connected >= 0.6:
		return "tables carry its key though they reference others that carry it: it says whose a row is"
	case e.required > 4 && connected >= 0.9 && 2*e.cascades >= len(c.carriers):
		return "every table that is connected with it requires it, and rows go with it"
	}
	return ""
}

// within reports whether the table's own rows require one of another table: then
// that may be the tenant, but not this.
func (c *candidate) within() bool {
	for _, ref := range c.table.refs {
		if !ref.Optional() && c.grade == 0 {
			return true
		}
	}
	return false
}

// outer accepts what tenants themselves belong to, if it is named as tenants are:
// the organization of a space. It need not be carried elsewhere.
func (n *inference) outer(c *candidate) string {
	if c.table == nil || c.isUsersTable() || c.grade < mediumGrade {
		return ""
	}
	for _, l := range n.accepted {
		u, ok := c.carriers[l.candidate.table]
		if l.candidate.table == nil || !ok || !u.column.Required() || l.candidate.isUsersTable() || c.grade == mediumGrade && len(c.carriers) < 2 {
			continue
		}
		return fmt.Sprintf("each %s belongs to one, by %s.%s", l.candidate.families[0], l.candidate.table.name, u.column.Name)
	}
	return ""
}

// inner accepts what divides a tenant's rows further, if it is named so: tables
// belong to it, and only through it to the tenant.
func (n *inference) inner(c *candidate) string {
	if c.table == nil || c.isUsersTable() || c.grade < mediumGrade || c.evidence.ignored > 1 {
		return ""
	}
	for _, l := range n.accepted {
		u, ok := l.candidate.carriers[c.table]
		if !ok || !u.column.Required() || l.candidate.isUsersTable() {
			continue
		}
		if c.table.called(containers) && c.evidence.required > 1 {
			return fmt.Sprintf("its rows belong to %s, and rows of other tables must reference it", l.candidate.called())
		}
		through, all := n.through(c, l.candidate)
		if through > 2 || through > 1 && 2*through >= all {
			return fmt.Sprintf("its rows belong to %s, and %s there through it only", l.candidate.called(), count(through, "table leads", "tables lead"))
		}
	}
	return ""
}

// through counts the tables that lead to an outer candidate through an inner one and
// do not carry it themselves, and all that do not carry it.
func (n *inference) through(inner, outer *candidate) (through, all int) {
	counts := func(start []*table) (sum int) {
		for t := range n.requiredDescendants(start) {
			if _, direct := outer.carriers[t]; !direct && t != inner.table && !t.links() {
				sum++
			}
		}
		return sum
	}
	var start []*table
	for _, t := range inner.order {
		if _, direct := outer.carriers[t]; !direct && !t.links() && inner.carriers[t].column.Required() {
			start = append(start, t)
		}
	}
	var top []*table
	for _, t := range outer.order {
		if outer.carriers[t].column.Required() {
			top = append(top, t)
		}
	}
	return counts(start), counts(top)
}

// users accepts users as a level where policies keep the rows of each apart: on more
// tables than those that say who belongs to which tenant.
func (n *inference) users(c *candidate) string {
	if !c.isUsersTable() {
		return ""
	}
	own := 0
	for _, t := range c.evidence.compared {
		if t != c.table && t.level == nil && !n.asked[t] {
			own++
		}
	}
	if own > 1 {
		c.keepCompared(n.accepted)
		return "row-level security compares its key with the session's user"
	}
	if own == 0 && len(n.accepted) == 0 && len(c.evidence.compared) == 0 && c.evidence.required > 2 && slices.Contains(c.families, "owner") &&
		float64(len(c.carriers)) >= 0.5*float64(c.evidence.connects) {
		return "most tables that are connected with it have an owner"
	}
	return ""
}

// keepCompared leaves those carriers whose rows policies keep apart by user, and
// those that belong to nothing else.
func (c *candidate) keepCompared(accepted []*Level) {
	c.order = slices.DeleteFunc(c.order, func(t *table) bool {
		elsewhere := slices.ContainsFunc(accepted, func(l *Level) bool { _, ok := l.candidate.carriers[t]; return ok || l.candidate.table == t })
		if !slices.Contains(c.evidence.compared, t) && (elsewhere || !c.carriers[t].column.Required()) {
			delete(c.carriers, t)
			return true
		}
		return false
	})
}

func (n *inference) nameLevels() {
	for _, l := range n.accepted {
		l.Name = l.candidate.families[0]
		if l.candidate.table != nil {
			l.Name = strings.Join(l.candidate.table.label, "_")
		}
		for _, other := range n.accepted {
			if other != l && other.Name == l.Name {
				l.Name += "_by_" + l.candidate.families[0]
			}
		}
		l.Identity = mostUsed(l.candidate.evidence.settings)
	}
}

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

// linkLevels finds each level's parent: the nearest of those that its table carries.
func (n *inference) linkLevels() {
	for _, l := range n.accepted {
		if l.candidate.table == nil {
			continue
		}
		for _, p := range n.accepted {
			u, ok := p.candidate.carriers[l.candidate.table]
			if p == l || !ok || p.candidate.isUsersTable() || l.Parent != nil && !p.carriesKeyOf(l.Parent) || p.hasAncestor(l) {
				continue
			}
			l.Parent = p
			l.ParentColumns = n.columnsFor(p, l.candidate.table, u.column)
		}
	}
}

// carriesKeyOf reports whether l's table carries the key of q: then q is further out.
func (l *Level) carriesKeyOf(q *Level) bool {
	_, ok := q.candidate.carriers[l.candidate.table]
	return l.candidate.table != nil && ok
}

// hasAncestor reports whether q is an outer level of l.
func (l *Level) hasAncestor(q *Level) bool {
	for i, p := 0, l.Parent; p != nil && i < 16; i, p = i+1, p.Parent {
		if p == q {
			return true
		}
	}
	return false
}

// reportNearMisses adds a doubt for each table that looks like a level and was not taken
// for one.
func (n *inference) reportNearMisses(candidates []*candidate) {
	if len(n.accepted) == 0 {
		n.unnamedKeys()
	}
	for _, c := range candidates {
		e := c.evidence
		if n.taken(c) || c.isUsersTable() {
			continue
		}
		name := c.called()
		switch {
		case e.ignored > 1 && c.grade > weakGrade && e.required > 1:
			n.addDoubt("%s may be a level of tenancy by its name, but policies compare other columns of the tables that carry it", name)
		case c.grade > weakGrade && len(c.carriers) > 1 && 2*e.inAll(c) < len(c.carriers):
			n.addDoubt("%s: %s it, and %d of them must: no level of tenancy was made of that", name, count(len(c.carriers), "table carries", "tables carry"), e.inAll(c))
		case c.grade > weakGrade && (e.required > 1 || e.required > 0 && len(n.accepted) == 0):
			n.addDoubt("%s may be a level of tenancy by its name, which %s: nothing but the name says so", name, count(e.required, "table requires", "tables require"))
		case c.table != nil && len(n.accepted) == 0 && e.required > 4 && 10*len(c.carriers) >= 9*e.connects && !c.table.called(lookups):
			n.addDoubt("every table that is connected with %s requires it: is it a tenant, or a list that all refer to?", name)
		case c.table == nil && c.grade > 0 && len(n.accepted) == 0 && e.required > 2:
			n.addDoubt("%s a %s that no table here has: is it a tenant?", count(e.required, "table requires", "tables require"), name)
		}
	}
}

// unnamedKeys says which columns of one name are in the keys of several tables and
// reference nothing: where there is no other tenant, that is what one looks like.
func (n *inference) unnamedKeys() {
	keyed := map[string][]string{}
	var order []string
	for _, t := range n.tables {
		for _, c := range t.Columns {
			if len(n.references[c]) > 0 || len(n.referencedBy[c]) > 0 || !c.Required() || c.Default != "" || !t.keyedBy(c.Name) {
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
			n.addDoubt("%s is in keys of %s and references nothing: a tenant's key?", name, few(keyed[name]))
		}
	}
}
