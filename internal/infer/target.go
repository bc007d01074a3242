package infer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// shadows reads the targets off generated columns that carry the id for one type.
func (n *inference) shadows(s *search) {
	for _, c := range s.table.Columns {
		if c.Generated == "" || !sqltext.Mentions(c.Expr, s.pair.Type.Name, s.pair.ID.Name) {
			continue
		}
		target, key, fk := shadowKey(s.table, c)
		for _, v := range cases(c.Expr, s.pair.Type) {
			if target == nil {
				if target, key = n.shadowName(v, s, c); key == "" {
					continue
				}
			}
			s.pair.Targets = append(s.pair.Targets, Target{v, target, key, c.Name})
			if fk != nil {
				s.reasons = append(s.reasons, fmt.Sprintf("%s is %s: shadow column %s holds the foreign key %s", v, n.cat.Name(target), c.Name, fk.Name))
			} else {
				s.reasons = append(s.reasons, fmt.Sprintf("%s is %s by name; shadow column %s has no foreign key", v, n.cat.Name(target), c.Name))
			}
		}
	}
}

// cases are the values of a type column that a generated column is for.
func cases(expr string, typ *catalog.Column) []string {
	if typ.Type.Underlying().Category != "N" {
		return sqltext.Literals(expr)
	}
	var out []string
	for _, t := range sqltext.Tokens(expr) {
		if t.Kind == sqltext.Number {
			out = append(out, t.Text)
		}
	}
	return out
}

// shadowName finds the target of a shadow column without a foreign key by what it
// is for, or by what it is called.
func (n *inference) shadowName(v string, s *search, shadow *catalog.Column) (*catalog.Relation, string) {
	for _, name := range []string{v, subjectOf(shadow.Name)} {
		for _, found := range n.named(name, s.table) {
			if found.exact {
				return found.table.Relation, n.targetKey(found.table, s.pair.ID)
			}
		}
	}
	return nil, ""
}

func shadowKey(t *table, c *catalog.Column) (*catalog.Relation, string, *catalog.Reference) {
	for _, ref := range t.References() {
		if i := slices.Index(ref.Columns, c.Name); i >= 0 {
			return ref.To, ref.RefColumns[i], ref
		}
	}
	return nil, "", nil
}

// possible is a table that a type may stand for.
type possible struct {
	table *table
	exact bool // it is called so, not only but for case and blanks, or in part
	key   string
	hits  int // of the type's ids that are keys of it
}

// resolveTargets finds tables for the types that have none yet. Rows decide where
// there are some: a type is the table that has its ids. Where there are none, a type
// that the schema lists may be a table by its exact name and the type of its key.
func (n *inference) resolveTargets(s *search) error {
	for _, v := range s.values {
		if slices.ContainsFunc(s.pair.Targets, func(t Target) bool { return t.Value == v.value }) {
			continue
		}
		var near []possible
		for _, p := range n.named(v.name, s.table) {
			if p.key = n.targetKey(p.table, s.pair.ID); p.key != "" {
				near = append(near, p)
			}
		}
		found, why, err := n.decide(s, v, near)
		if err != nil {
			return err
		}
		if found == nil {
			s.leaveOpen(v, why)
			continue
		}
		s.pair.Targets = append(s.pair.Targets, Target{Value: v.value, Table: found.table.Relation, Key: found.key})
		s.reasons = append(s.reasons, fmt.Sprintf("%s is %s: %s", v.value, found.table.name, why))
	}
	return nil
}

func (s *search) leaveOpen(v value, why string) {
	what := fmt.Sprintf("%q", v.value)
	if v.name != v.value {
		what += " (" + v.name + ")"
	}
	if why != "" {
		what += " (" + why + ")"
	}
	s.open = append(s.open, what)
}

// decide chooses among the tables that a type may stand for.
func (n *inference) decide(s *search, v value, near []possible) (*possible, string, error) {
	ids := s.ids[v.value]
	if len(ids) == 0 {
		p, why := byName(s, v, near)
		return p, why, nil
	}
	if err := n.count(near, ids); err != nil {
		return nil, "", err
	}
	if best := most(near); best != nil {
		return best, fmt.Sprintf("%d of %d ids that were looked at are its keys", best.hits, len(ids)), nil
	}
	if telling(ids) && len(s.open) < searches {
		elsewhere, err := n.holders(s.pair.ID, ids, near)
		if err != nil {
			return nil, "", err
		}
		if len(elsewhere) == 1 {
			return &elsewhere[0], fmt.Sprintf("all ids that were looked at are its keys, and of no other table, though it is not called %s", v.name), nil
		}
	}
	for i, p := range near {
		// Rows that point nowhere are what an integrity check is for: they do not
		// speak against a table that is called so, unless they never could be its keys.
		if p.exact && (v.listed || classLike(v.name)) && couldBe(p, ids) {
			return &near[i], "it is called so, though none of the ids that were looked at is its key", nil
		}
	}
	if len(near) > 0 {
		return nil, fmt.Sprintf("no key of %s is among the ids", near[0].table.name), nil
	}
	return nil, "", nil
}

// byName decides where no row has the type.
func byName(s *search, v value, near []possible) (*possible, string) {
	for i, p := range near {
		switch {
		case !p.exact:
			continue
		case !alike(p.table.Column(p.key).Type, s.pair.ID.Type):
			return nil, fmt.Sprintf("%s is called so, but no row shows it, and its key is %s", p.table.name, p.table.Column(p.key).SQLType)
		case ambiguous(near):
			return nil, "more than one table is called so"
		}
		s.byName = append(s.byName, v.value)
		return &near[i], "it is called so, and its key is of the same type"
	}
	if len(near) > 0 {
		return nil, fmt.Sprintf("%s is called like that, but no row shows it", near[0].table.name)
	}
	return nil, ""
}

// ambiguous reports whether several tables are called so, and none of them lies
// nearer than the others: named puts a nearer one first and marks the others.
func ambiguous(near []possible) bool {
	exact := 0
	for _, p := range near {
		if p.exact {
			exact++
		}
	}
	return exact > 1
}

// most is the table that has most of the ids, at least half of those found anywhere.
func most(near []possible) *possible {
	var best *possible
	for i, p := range near {
		if p.hits > 0 && (best == nil || p.hits > best.hits || p.hits == best.hits && p.exact && !best.exact) {
			best = &near[i]
		}
	}
	return best
}

// classLike reports whether a type is written as a class: Dataset, Quality::Check.
func classLike(name string) bool {
	return name != strings.ToUpper(name) && unicode.IsUpper([]rune(name)[0])
}

// named are the tables that a type may mean: dataset, Dataset, datasets,
// Quality::Check, App\Models\Post, quality-check, billing.invoice. Those that are
// called exactly so come first.
func (n *inference) named(name string, near *table) []possible {
	if r := n.cat.Table(name); r != nil && n.tableOf[r.Root()] != nil {
		return []possible{{table: n.tableOf[r.Root()], exact: true}}
	}
	segments := strings.FieldsFunc(name, func(c rune) bool { return c == ':' || c == '\\' || c == '.' || c == '/' })
	for i := range segments {
		found := n.byName[subjectKey(strings.Join(segments[i:], "_"))]
		if len(found) == 0 {
			continue
		}
		// A constant in capitals is no table's name, only like one.
		exact := strings.ToUpper(name) != name || strings.ToLower(name) == name
		nearest := found
		for _, schema := range []string{strings.ToLower(segments[0]), near.Schema} {
			if in := slices.DeleteFunc(slices.Clone(found), func(t *table) bool { return t.Schema != schema }); len(in) > 0 {
				nearest = in
				break
			}
		}
		var out []possible
		for _, t := range nearest {
			out = append(out, possible{table: t, exact: exact})
		}
		for _, t := range found {
			if !slices.Contains(nearest, t) {
				out = append(out, possible{table: t})
			}
		}
		return out
	}
	return nil
}

// targetKey is the column of a target that the pair's id can equal: the primary
// key without the columns that tenants take, or another unique column of its type.
func (n *inference) targetKey(t *table, id *catalog.Column) string {
	fits := func(c *catalog.Column) bool {
		return c != nil && (alike(c.Type, id.Type) || id.Type.Underlying().Category == "S")
	}
	if pk := t.PrimaryKey(); pk != nil {
		var own []string
		for _, name := range pk.Columns {
			if len(pk.Columns) == 1 || len(n.references[t.Column(name)]) == 0 && !n.isTenant(t, name) {
				own = append(own, name)
			}
		}
		if len(own) == 1 && fits(t.Column(own[0])) {
			return own[0]
		}
	}
	for _, k := range t.Uniques() {
		if len(k.Columns) == 1 && fits(t.Column(k.Columns[0])) {
			return k.Columns[0]
		}
	}
	if c := t.Column("id"); fits(c) {
		return "id"
	}
	return ""
}

func (n *inference) isTenant(t *table, column string) bool {
	return slices.ContainsFunc(n.accepted, func(l *Level) bool {
		u, ok := l.candidate.carriers[t]
		return ok && u.column.Name == column
	})
}
