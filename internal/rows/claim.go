package rows

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// Claim is something that must hold of every row of a table, and that Postgres does not
// check when the row is written with triggers off, or never: a foreign key, a deferrable
// key, the target of a polymorphic pair.
type Claim struct {
	Name       string   // of the constraint, or what the Model calls it
	Definition string   // as Postgres prints it, or who declares it
	Columns    []string // that break it
	What       string   // it is, for people: foreign key orders_user_id_fkey to users
	Checked    bool     // Postgres checks it where triggers are on
	Twice      bool     // it is broken by two rows, not by one that leads nowhere

	applies string                // condition for the rows c that it is about
	parent  string                // table of the row that c must lead to; "" of a key
	match   func(p string) string // condition for that row, by its alias
	twice   string                // of a key: condition for rows c that another row forbids
	indexed bool                  // only a nested loop over an index finds out quickly
}

// Broken is the condition for rows c that break the claim.
func (c Claim) Broken() string {
	if c.parent == "" {
		return c.twice
	}
	return fmt.Sprintf("%s and not exists (select from %s p where %s)", c.applies, c.parent, c.match("p"))
}

// Claims are those of a table, foreign keys first.
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

func foreignKeyClaim(fk *graph.ForeignKey) Claim {
	var set []string
	for _, name := range fk.Columns {
		if c := fk.Table.Column(name); !c.Required() {
			set = append(set, "c."+catalog.Ident(name)+" is not null")
		}
	}
	applies := "true"
	switch {
	case len(set) == 0:
	case fk.Match == "f" && len(set) == len(fk.Columns): // MATCH FULL: all NULL, or none
		applies = "(" + strings.Join(set, " or ") + ")"
	case fk.Match == "f":
	default:
		applies = strings.Join(set, " and ")
	}
	return Claim{Name: fk.Name, Definition: fk.Definition, Columns: fk.Columns, What: "foreign key " + fk.Name + " to " + fk.Ref.Name, Checked: true, applies: applies, parent: fk.Ref.Ident(),
		match: func(p string) string {
			var parts []string
			for i, name := range fk.Columns {
				parts = append(parts, fmt.Sprintf("%s.%s = c.%s", p, catalog.Ident(fk.RefColumns[i]), catalog.Ident(name)))
			}
			return strings.Join(parts, " and ")
		}}
}

// pairClaim is for a target that no foreign key watches: the row must be there, and be
// of the tenant of c.
func pairClaim(ref *graph.Reference) Claim {
	pair := ref.Pair
	return Claim{Name: "the pair " + pair.Type + ", " + pair.ID, Definition: "as the Model declares it for " + ref.Type, Columns: []string{pair.Type, pair.ID},
		What:    "polymorphic pair " + pair.Name + " to " + ref.To.Name,
		applies: fmt.Sprintf("c.%s::text = %s", catalog.Ident(pair.Type), catalog.Literal(ref.Type)), parent: ref.To.Relation.Ident(),
		match: func(p string) string {
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

func uniqueClaim(t *catalog.Relation, k *catalog.Constraint) Claim {
	columns := catalog.Idents(k.Columns)
	return Claim{Name: k.Name, Definition: k.Definition, Columns: k.Columns, What: "constraint " + k.Name, Checked: true, Twice: true,
		twice: fmt.Sprintf("(%s) in (select %s from %s group by %s having count(*) > 1)", columns, columns, t.Ident(), columns)}
}

// exclusionClaim looks for another row that the constraint's index leads to: no hash
// knows what overlaps. The index's expressions name columns without a table: inside the
// subquery only c has those, for the other row's keys have names of their own.
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
	return Claim{Name: k.Name, Definition: k.Definition, Columns: k.Columns, What: "constraint " + k.Name, Checked: true, Twice: true, indexed: true,
		twice: fmt.Sprintf(`(%s) and exists (select from
 (select tableoid "seedbed table", ctid "seedbed row", %s from %s where %s) p
 where (p."seedbed table", p."seedbed row") <> (c.tableoid, c.ctid) and %s)`,
			predicate, strings.Join(keys, ", "), t.Ident(), predicate, strings.Join(match, " and "))}
}
