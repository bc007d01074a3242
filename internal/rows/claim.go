package rows

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// Claim is a condition that must hold for every row of a table and that Postgres does not
// check when the row is written: a foreign key or a deferrable key while triggers are
// disabled, or the target of a polymorphic pair.
type Claim struct {
	Name        string   // of the constraint, or what the Model calls it
	Definition  string   // as Postgres prints it, or who declares it
	Columns     []string // the columns that may break it
	Description string   // the claim for people: foreign key orders_user_id_fkey to users
	Checked     bool     // Postgres checks it while triggers are enabled
	TwoRows     bool     // two rows break it together, as with a key; otherwise one row that leads to no row

	appliesSQL  string                // SQL: the row c must satisfy the claim
	parent      string                // table of the row that c must lead to; "" for a key
	matchSQL    func(p string) string // SQL: c leads to the row with alias p
	conflictSQL string                // SQL, for a key: another row has the key of c
	needsIndex  bool                  // only a nested loop over an index finds the other row quickly
}

// Broken is the SQL condition for rows, aliased c, that break the claim.
func (c Claim) Broken() string {
	if c.parent == "" {
		return c.conflictSQL
	}
	return fmt.Sprintf("%s and not exists (select from %s p where %s)", c.appliesSQL, c.parent, c.matchSQL("p"))
}

// Claims returns the claims about a table, foreign keys first.
func Claims(t *graph.Table) []Claim {
	var all []Claim
	for _, fk := range t.ForeignKeys {
		if fk.Enforced {
			all = append(all, foreignKeyClaim(fk))
		}
	}
	for _, k := range t.Relation.Constraints {
		unique := k.Kind == catalog.PrimaryKey || k.Kind == catalog.Unique
		switch {
		case !k.Deferrable || !unique && k.Kind != catalog.Exclusion:
		case len(k.Operators) > 0 || k.NullsNotDistinct:
			if k.Index != nil {
				all = append(all, exclusionClaim(t.Relation, k))
			}
		default:
			all = append(all, uniqueClaim(t.Relation, k))
		}
	}
	for _, ref := range t.References {
		if ref.Pair == nil {
			continue
		}
		if target, ok := ref.Pair.Target(ref.Type); !ok || target.Shadow == "" { // a shadow's foreign key is a claim
			all = append(all, pairClaim(ref))
		}
	}
	return all
}

// foreignKeyClaim claims that a foreign key leads to a row, unless it is NULL.
func foreignKeyClaim(fk *graph.ForeignKey) Claim {
	var isSet []string
	for _, name := range fk.Columns {
		if c := fk.Table.Column(name); !c.Required() {
			isSet = append(isSet, "c."+catalog.Ident(name)+" is not null")
		}
	}
	applies := "true"
	switch {
	case len(isSet) == 0:
	case fk.Match == "f" && len(isSet) == len(fk.Columns): // MATCH FULL: all NULL, or none
		applies = "(" + strings.Join(isSet, " or ") + ")"
	case fk.Match == "f":
	default:
		applies = strings.Join(isSet, " and ")
	}
	return Claim{Name: fk.Name, Definition: fk.Definition, Columns: fk.Columns, Description: "foreign key " + fk.Name + " to " + fk.Ref.Name, Checked: true, appliesSQL: applies, parent: fk.Ref.Ident(),
		matchSQL: func(p string) string {
			var parts []string
			for i, name := range fk.Columns {
				parts = append(parts, fmt.Sprintf("%s.%s = c.%s", p, catalog.Ident(fk.RefColumns[i]), catalog.Ident(name)))
			}
			return strings.Join(parts, " and ")
		}}
}

// pairClaim claims that a target of a polymorphic pair without a shadow foreign key exists,
// and belongs to the tenant of c.
func pairClaim(ref *graph.Reference) Claim {
	pair := ref.Pair
	return Claim{Name: "the pair " + pair.Type + ", " + pair.ID, Definition: "as the Model declares it for " + ref.Type, Columns: []string{pair.Type, pair.ID},
		Description: "polymorphic pair " + pair.Name + " to " + ref.To.Name,
		appliesSQL:  fmt.Sprintf("c.%s::text = %s", catalog.Ident(pair.Type), catalog.Literal(ref.Type)), parent: ref.To.Relation.Ident(),
		matchSQL: func(p string) string {
			id, key := graph.Comparable(pair.IDColumn, ref.Key[0], "c", p)
			match := key + " = " + id
			if len(ref.From.Scopes) == 0 {
				return match
			}
			mine := ref.From.Scopes[0]
			theirs, ok := ref.To.Scope(mine.Level.Name)
			if !ok || len(theirs.Columns) != len(mine.Columns) {
				return match
			}
			for i, c := range mine.Columns {
				match += fmt.Sprintf(" and %s.%s = c.%s", p, catalog.Ident(theirs.Columns[i].Name), catalog.Ident(c.Name))
			}
			return match
		}}
}

// uniqueClaim claims that no other row has the same key.
func uniqueClaim(t *catalog.Relation, k *catalog.Constraint) Claim {
	columns := catalog.Idents(k.Columns)
	return Claim{Name: k.Name, Definition: k.Definition, Columns: k.Columns, Description: "constraint " + k.Name, Checked: true, TwoRows: true,
		conflictSQL: fmt.Sprintf("(%s) in (select %s from %s group by %s having count(*) > 1)", columns, columns, t.Ident(), columns)}
}

// exclusionClaim claims that no other row conflicts by the constraint's operators. It
// searches through the constraint's index, because no hash finds what overlaps. The index's
// expressions name columns without a table; inside the subquery only c has those columns,
// since the other row's keys get names of their own.
func exclusionClaim(t *catalog.Relation, k *catalog.Constraint) Claim {
	var keys, match []string
	for i, key := range k.Index.Keys {
		expr := key.Expr
		if key.Column != "" {
			expr = catalog.Ident(key.Column)
		}
		op := "is not distinct from"
		if len(k.Operators) > i {
			op = k.Operators[i]
		}
		name := fmt.Sprintf(`"seedbed key %d"`, i)
		keys = append(keys, fmt.Sprintf("(%s) %s", expr, name))
		match = append(match, fmt.Sprintf("p.%s %s (%s)", name, op, expr))
	}
	predicate := "true"
	if k.Index.Predicate != "" {
		predicate = k.Index.Predicate
	}
	return Claim{Name: k.Name, Definition: k.Definition, Columns: k.Columns, Description: "constraint " + k.Name, Checked: true, TwoRows: true, needsIndex: true,
		conflictSQL: fmt.Sprintf(`(%s) and exists (select from
 (select tableoid "seedbed table", ctid "seedbed row", %s from %s where %s) p
 where (p."seedbed table", p."seedbed row") <> (c.tableoid, c.ctid) and %s)`,
			predicate, strings.Join(keys, ", "), t.Ident(), predicate, strings.Join(match, " and "))}
}
