package infer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// doubtUndeclared adds a doubt if a column of a global table has the name of a tenant's key,
// or the name and the type of the key of tenants' rows, and no foreign key.
func (n *inference) doubtUndeclared(t *table) {
	// Columns of its key say more than others, and those that are always given more than
	// those with a default.
	columns := slices.Clone(t.Columns)
	slices.SortStableFunc(columns, func(a, b *catalog.Column) int {
		return cmp.Or(-cmp.Compare(boolOrder(t.inPrimaryKey(a)), boolOrder(t.inPrimaryKey(b))), cmp.Compare(boolOrder(a.Default != ""), boolOrder(b.Default != "")))
	})
	for _, c := range columns {
		if len(n.referencesOf[c]) > 0 || c.Generated != "" {
			continue
		}
		if l := n.levelOfOtherType(c); l != nil {
			key := l.candidate.ownKeyColumn
			n.addDoubt("global %s: %s is named like the key of %s, and is %s where that is %s: a row may be of one %s",
				t.name, c.Name, l.candidate.table.name, c.SQLType, key.SQLType, l.Name)
			return
		}
		if to := n.tableNamedBy(t, c); to != nil {
			n.addDoubt("global %s: %s is named like the key of %s, and no foreign key holds it: a row may be of one tenant, that of its row there",
				t.name, c.Name, to.name)
			return
		}
	}
}

// levelOfOtherType returns the level for whose key a column is named, if the types of the
// two cannot be compared; or nil.
func (n *inference) levelOfOtherType(c *catalog.Column) *Level {
	subject := columnSubject(c.Name)
	for _, l := range n.levels {
		key := l.candidate.ownKeyColumn
		if l.candidate.table != nil && key != nil && !comparableTypes(key.Type, c.Type) && mayHoldKey(c, subject) && slices.Contains(l.candidate.subjects, subject) {
			return l
		}
	}
	return nil
}

// tableNamedBy returns the table of tenants' rows for whose key a column of t is named, of
// the same type: event_id for events, or for a table whose key is event_id; or nil.
func (n *inference) tableNamedBy(t *table, c *catalog.Column) *table {
	fits := func(to *table, key *catalog.Column) bool {
		return to != t && key != nil && len(to.innermostLevels()) > 0 && comparableTypes(key.Type, c.Type)
	}
	if subject := subjectOf(c.Name); subject != "" {
		for _, to := range n.namedInFamily(subject, t) {
			if fits(to, to.Column(n.targetKey(to, c))) {
				return to
			}
		}
	}
	for _, to := range n.keyedBy[c.Name] {
		if fits(to, to.Column(c.Name)) {
			return to
		}
	}
	return nil
}

// indexPrimaryKeys fills keyedBy.
func (n *inference) indexPrimaryKeys() {
	n.keyedBy = map[string][]*table{}
	for _, t := range n.tables {
		pk := t.PrimaryKey()
		if pk == nil {
			continue
		}
		var own []string
		for _, name := range pk.Columns {
			if len(n.referencesOf[t.Column(name)]) == 0 && !n.isTenant(t, name) {
				own = append(own, name)
			}
		}
		if len(own) == 1 && len(own[0]) > len("id") && strings.HasSuffix(strings.ToLower(own[0]), "id") {
			n.keyedBy[own[0]] = append(n.keyedBy[own[0]], t)
		}
	}
}

// doubtInherited adds a doubt for each table whose rows are rows of another table, too.
func (n *inference) doubtInherited() {
	for _, t := range n.tables {
		for _, parent := range t.Parents {
			if !t.Partition {
				n.addDoubt("%s inherits %s: its rows are seen there, too, of which a Model says nothing; foreign keys to %s do not find them", t.name, n.catalog.Name(parent), n.catalog.Name(parent))
			}
		}
	}
}

// doubtArchives adds a doubt for each table that a trigger fills with the key of a tenant that
// is deleted: its rows lead to no tenant.
func (n *inference) doubtArchives() {
	for _, l := range n.levels {
		if l.Table == nil {
			continue
		}
		for _, trigger := range l.Table.Triggers {
			if !trigger.Delete || trigger.Function == nil {
				continue
			}
			tokens := sqltext.Tokens(trigger.Function.Body)
			for _, t := range l.candidate.tables {
				u := l.candidate.keyColumns[t]
				if u.column != nil && u.ref == nil && insertsInto(tokens, t.Name) {
					n.addDoubt("scoped %s: trigger %s writes it when a row of %s is deleted: its %s may be that of one that is gone", t.name, trigger.Name, l.candidate.table.name, u.column.Name)
				}
			}
		}
	}
}

// insertsInto reports whether tokens have an INSERT INTO a table of that name.
func insertsInto(tokens []sqltext.Token, table string) bool {
	for i := range tokens {
		if !sqltext.At(tokens, i, "insert", "into") {
			continue
		}
		for j := i + 2; j < len(tokens) && j < i+5; j += 2 {
			if tokens[j].IsIdentifier() && tokens[j].Text == table {
				return true
			}
			if j+1 >= len(tokens) || !tokens[j+1].Is(".") {
				break
			}
		}
	}
	return false
}
