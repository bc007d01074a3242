package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// evidence is the evidence for a candidate, as counts. Tables without part in it do not
// change them.
type evidence struct {
	scopedTables        int        // tables with its key, without link tables
	required            int        // of those, tables whose key column is NOT NULL
	policyTables        []*table   // those whose policies compare its key with the session
	lookingUp           int        // of those, tables that policies keep to the session's user too, and only look up the key
	otherPolicies       int        // tables with its key whose policies compare other columns, and do not name this one
	namingPolicies      int        // tables with its key whose policies name it without comparing it
	settings            []Identity // with which policies compare its key
	compositeReferences int        // foreign keys between tables with its key that include it
	repeatedKeys        int        // tables with its key that reference another table with it
	inUniqueKeys        int        // tables with its key in a composite unique key
	cascades            int        // required foreign keys that delete rows with their tenant
	connectedTables     int        // tables that foreign keys connect with its table
}

// gatherEvidence counts the evidence for a candidate. componentSizes are the numbers of
// connected tables, by root.
func (n *inference) gatherEvidence(c *candidate, componentSizes map[*table]int) {
	e := &c.evidence
	for _, t := range c.tables {
		u := c.keyColumns[t]
		if !t.isLinkTable() {
			e.scopedTables++
			if u.column.Required() {
				e.required++
			}
		}
		if u.ref != nil && u.ref.OnDelete == catalog.Cascade && u.column.Required() {
			e.cascades++
		}
		if t.inCompositeKey(u.column.Name) {
			e.inUniqueKeys++
		}
		repeats := false
		for _, ref := range t.references {
			other, ok := c.keyColumns[n.tableOf[ref.To]]
			if !ok {
				continue
			}
			repeats = true
			if i := slices.Index(ref.Columns, u.column.Name); i >= 0 && len(ref.Columns) > 1 && ref.RefColumns[i] == other.column.Name {
				e.compositeReferences++
			}
		}
		if repeats {
			e.repeatedKeys++
		}
		e.addPolicies(c, t, u.column)
	}
	if c.table != nil {
		e.addPolicies(c, c.table, c.ownKeyColumn)
		e.connectedTables = componentSizes[c.table.root()] - 1
		e.leaveToOwners(c.table)
	}
}

// leaveToOwners takes lookups for what they are where the candidate's own rows are kept to their
// owner: who owns the thing that a row is of, or takes part in it, sees the row. The thing is no
// tenant.
func (e *evidence) leaveToOwners(t *table) {
	owned := slices.ContainsFunc(t.comparisons, func(x comparison) bool { return x.identity.Setting != "" })
	if owned && !slices.Contains(e.policyTables, t) && e.lookingUp == len(e.policyTables) {
		e.otherPolicies += e.lookingUp
		e.policyTables = nil
	}
}

// addPolicies counts what the policies of a table compare: its column with the candidate's
// key, or others.
func (e *evidence) addPolicies(c *candidate, t *table, column *catalog.Column) {
	found, lookingUp := false, true
	for _, x := range t.comparisons {
		if own, ok := c.identityBy(userLookup{t, x.column, x.identity}); ok && x.identity.Setting != "" && t.isUniqueColumn(x.column) {
			e.settings = append(e.settings, own)
			found, lookingUp = true, false
		}
		if x.column != column {
			continue
		}
		if x.identity.Setting != "" {
			e.settings = append(e.settings, x.identity)
		}
		for _, l := range x.lookups {
			if x, ok := c.identityBy(l); ok {
				e.settings = append(e.settings, x)
			}
		}
		found, lookingUp = true, lookingUp && c.isLookup(t, x)
	}
	switch {
	case found:
		e.policyTables = append(e.policyTables, t)
		if lookingUp {
			e.lookingUp++
		}
	case t.policiesName(column):
		e.namingPolicies++
	case len(t.comparisons) > 0:
		e.otherPolicies++
	}
}

// isLookup reports whether a comparison of the candidate's key with what the session's user has
// keeps no rows apart by itself: policies compare another column of the table with that user, or
// the user is the owner of the candidate's row, whose name is no tenant's.
func (c *candidate) isLookup(t *table, x comparison) bool {
	if x.identity.Setting != "" || len(x.lookups) == 0 {
		return false
	}
	return !slices.ContainsFunc(x.lookups, func(l userLookup) bool {
		direct := func(other comparison) bool {
			return other.column != x.column && other.identity.key() == l.Identity.key()
		}
		return !slices.ContainsFunc(t.comparisons, direct) && (l.table != c.table || c.grade > weakGrade)
	})
}

// identityBy returns the identity by which policies find the tenant in the candidate's own
// table: the row that has the session's database role, or another unique column, such as a
// slug.
func (c *candidate) identityBy(l userLookup) (Identity, bool) {
	references := func(ref *catalog.Reference) bool { return slices.Contains(ref.Columns, l.user.Name) }
	if l.table != c.table || l.Session.Table != nil || l.user == c.ownKeyColumn || !l.isRole() && !l.table.isUniqueColumn(l.user) || slices.ContainsFunc(l.table.references, references) {
		return Identity{}, false
	}
	x := l.Identity
	x.Session = Ref{Columns: []string{c.ownKeyColumn.Name}, Table: c.table.Relation, Key: []string{l.user.Name}}
	return x, true
}

// keptBySomethingElse reports whether policies say that another column keeps the rows apart.
// Where more of them name the key, a helper that compares nothing does not take the level away.
func (e *evidence) keptBySomethingElse() bool {
	return e.otherPolicies > 1 && e.otherPolicies > e.namingPolicies
}

// policiesName reports whether a policy of the table has the column in it.
func (t *table) policiesName(column *catalog.Column) bool {
	return slices.ContainsFunc(t.Policies, func(p *catalog.Policy) bool {
		return slices.ContainsFunc(sqltext.Tokens(p.Using+" "+p.WithCheck), func(x sqltext.Token) bool { return x.IsIdentifier() && x.Text == column.Name })
	})
}

// inCompositeKey reports whether a unique index or primary key has the column and another
// one.
func (t *table) inCompositeKey(column string) bool {
	return slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
		columns := ix.Columns()
		return ix.Unique && len(ix.Keys) > 1 && slices.Contains(columns, column)
	})
}

// isLinkTable reports whether a table links rows of other tables: a unique index has only
// references to at least two tables, and the table has at most two other columns.
func (t *table) isLinkTable() bool {
	referenced := map[string]*catalog.Relation{} // by column
	for _, ref := range t.references {
		for _, name := range ref.Columns {
			referenced[name] = ref.To
		}
	}
	others := 0 // apart from dates and booleans
	for _, c := range t.Columns {
		if category := c.Type.Underlying().Category; referenced[c.Name] == nil && category != "D" && category != "B" {
			others++
		}
	}
	return others <= 2 && slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
		targets := map[*catalog.Relation]bool{}
		for _, name := range ix.Columns() {
			if referenced[name] == nil {
				return false
			}
			targets[referenced[name]] = true
		}
		return ix.Unique && len(targets) > 1
	})
}

// describe returns the evidence in words.
func (c *candidate) describe() []string {
	e := c.evidence
	var out []string
	if len(c.tables) > 0 {
		name := c.keyColumns[c.tables[0]].column.Name
		out = append(out, fmt.Sprintf("%s by columns such as %s, required in %d of them", plural(len(c.tables), "table carries its key", "tables carry its key"), name, c.requiredColumns()))
	}
	if e.repeatedKeys > 0 {
		out = append(out, fmt.Sprintf("%s another one that does", plural(e.repeatedKeys, "table carries it though it references", "tables carry it though they reference")))
	}
	if e.compositeReferences > 0 {
		out = append(out, fmt.Sprintf("%s it on both sides", plural(e.compositeReferences, "composite foreign key has", "composite foreign keys have")))
	}
	if len(e.policyTables) > 0 {
		var names []string
		for _, t := range e.policyTables {
			names = append(names, t.name)
		}
		out = append(out, "policies compare its key on "+shortList(names))
	}
	return out
}

// requiredColumns counts the tables, link tables too, whose key column is NOT NULL.
func (c *candidate) requiredColumns() int {
	required := 0
	for _, u := range c.keyColumns {
		if u.column.Required() {
			required++
		}
	}
	return required
}

// plural returns "1 table" or "2 tables", given both.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// shortList lists at most five names, and counts the rest.
func shortList(names []string) string {
	if len(names) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:4], ", "), len(names)-4)
	}
	return strings.Join(names, ", ")
}

// columnList returns (a, b).
func columnList(columns []string) string { return "(" + strings.Join(columns, ", ") + ")" }
