package infer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// addShadowTargets finds targets by shadow columns: generated columns that have the id for
// one type.
func (n *inference) addShadowTargets(s *pairSearch) {
	for _, c := range s.table.Columns {
		if c.Generated == "" || !sqltext.Mentions(c.Expr, s.pair.Type.Name, s.pair.ID.Name) {
			continue
		}
		target, key, fk := shadowKey(s.table, c)
		for _, v := range shadowedValues(c.Expr, s.pair.Type) {
			if target == nil {
				if target, key = n.targetByName(v, s, c); key == "" {
					continue
				}
			}
			s.pair.Targets = append(s.pair.Targets, Target{v, target, key, c.Name})
			if fk != nil {
				s.reasons = append(s.reasons, fmt.Sprintf("%s is %s: shadow column %s holds the foreign key %s", v, n.catalog.Name(target), c.Name, fk.Name))
			} else {
				s.reasons = append(s.reasons, fmt.Sprintf("%s is %s by name; shadow column %s has no foreign key", v, n.catalog.Name(target), c.Name))
			}
		}
	}
}

// shadowedValues returns the values of a type column for which a generated column has the
// id.
func shadowedValues(expr string, typ *catalog.Column) []string {
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

// targetByName finds the target of a shadow column without a foreign key by the type's
// value, or by the column's name.
func (n *inference) targetByName(v string, s *pairSearch, shadow *catalog.Column) (*catalog.Relation, string) {
	for _, name := range []string{v, subjectOf(shadow.Name)} {
		for _, found := range n.tablesNamed(name, s.table) {
			if found.exact {
				return found.table.Relation, n.targetKey(found.table, s.pair.ID)
			}
		}
	}
	return nil, ""
}

// shadowKey returns the table and the key that a shadow column references, or nil.
func shadowKey(t *table, c *catalog.Column) (target *catalog.Relation, key string, ref *catalog.Reference) {
	for _, ref := range t.References() {
		if i := slices.Index(ref.Columns, c.Name); i >= 0 {
			return ref.To, ref.RefColumns[i], ref
		}
	}
	return nil, "", nil
}

// targetCandidate is a table that a type may stand for.
type targetCandidate struct {
	table *table
	exact bool // the type is the table's name, apart from case, plural and separators
	key   string
	hits  int // how many of the type's ids are keys of the table
}

// resolveTargets finds tables for the types without one. If rows have the type, it is the
// table that has their ids; otherwise it may be a table by its exact name and the type of
// its key.
func (n *inference) resolveTargets(s *pairSearch) error {
	for _, v := range s.values {
		if slices.ContainsFunc(s.pair.Targets, func(t Target) bool { return t.Value == v.value }) {
			continue
		}
		var near []targetCandidate
		for _, p := range n.tablesNamed(v.name, s.table) {
			if p.key = n.targetKey(p.table, s.pair.ID); p.key != "" {
				near = append(near, p)
			}
		}
		found, why, err := n.chooseTarget(s, v, near)
		if err != nil {
			return err
		}
		if found == nil {
			s.addUnresolved(v, why)
			continue
		}
		s.pair.Targets = append(s.pair.Targets, Target{Value: v.value, Table: found.table.Relation, Key: found.key})
		s.reasons = append(s.reasons, fmt.Sprintf("%s is %s: %s", v.value, found.table.name, why))
	}
	return nil
}

// addUnresolved records a type for which no table was found, and why.
func (s *pairSearch) addUnresolved(v typeValue, why string) {
	description := fmt.Sprintf("%q", v.value)
	if v.name != v.value {
		description += " (" + v.name + ")"
	}
	if why != "" {
		description += " (" + why + ")"
	}
	s.unresolved = append(s.unresolved, description)
}

// chooseTarget chooses among the tables that a type may stand for, by the ids in rows if
// there are any. It returns nil and a reason if it cannot.
func (n *inference) chooseTarget(s *pairSearch, v typeValue, near []targetCandidate) (chosen *targetCandidate, why string, err error) {
	ids := s.ids[v.value]
	if len(ids) == 0 {
		p, why := chooseByName(s, v, near)
		return p, why, nil
	}
	if err := n.countHits(near, ids); err != nil {
		return nil, "", err
	}
	if best := mostHits(near); best != nil {
		return best, fmt.Sprintf("%d of %d ids that were looked at are its keys", best.hits, len(ids)), nil
	}
	if distinctive(ids) && len(s.unresolved) < maxSearches {
		elsewhere, err := n.tablesWithKeys(s.pair.ID, ids, near)
		if err != nil {
			return nil, "", err
		}
		if len(elsewhere) == 1 {
			return &elsewhere[0], fmt.Sprintf("all ids that were looked at are its keys, and of no other table, though it is not called %s", v.name), nil
		}
	}
	for i, p := range near {
		// No id is a key of the table of that name. The rows may be broken references, which
		// integrity checks report, unless the ids cannot be keys of the table at all.
		if p.exact && (v.listed || isClassName(v.name)) && idsFitKey(p, ids) {
			return &near[i], "it is called so, though none of the ids that were looked at is its key", nil
		}
	}
	if len(near) > 0 {
		return nil, fmt.Sprintf("no key of %s is among the ids", near[0].table.name), nil
	}
	return nil, "", nil
}

// chooseByName chooses the table for a type that no row has.
func chooseByName(s *pairSearch, v typeValue, near []targetCandidate) (*targetCandidate, string) {
	for i, p := range near {
		switch {
		case !p.exact:
			continue
		case !comparableTypes(p.table.Column(p.key).Type, s.pair.ID.Type):
			return nil, fmt.Sprintf("%s is called so, but no row shows it, and its key is %s", p.table.name, p.table.Column(p.key).SQLType)
		case ambiguous(near):
			return nil, "more than one table is called so"
		}
		s.resolvedByName = append(s.resolvedByName, v.value)
		return &near[i], "it is called so, and its key is of the same type"
	}
	if len(near) > 0 {
		return nil, fmt.Sprintf("%s is called like that, but no row shows it", near[0].table.name)
	}
	return nil, ""
}

// ambiguous reports whether several tables have exactly the type's name: tablesNamed has
// found none of them in a nearer schema.
func ambiguous(near []targetCandidate) bool {
	exact := 0
	for _, p := range near {
		if p.exact {
			exact++
		}
	}
	return exact > 1
}

// mostHits returns the table that has most of the ids, or nil.
func mostHits(near []targetCandidate) *targetCandidate {
	var best *targetCandidate
	for i, p := range near {
		if p.hits > 0 && (best == nil || p.hits > best.hits || p.hits == best.hits && p.exact && !best.exact) {
			best = &near[i]
		}
	}
	return best
}

// isClassName reports whether a type is written like a class: Dataset, Quality::Check.
func isClassName(name string) bool {
	return name != strings.ToUpper(name) && unicode.IsUpper([]rune(name)[0])
}

// tablesNamed returns the tables that a type may mean, exact names first: dataset,
// Dataset, datasets, Quality::Check, App\Models\Post, quality-check, billing.invoice.
func (n *inference) tablesNamed(name string, near *table) []targetCandidate {
	if r := n.catalog.Table(name); r != nil && n.tableOf[r.Root()] != nil {
		return []targetCandidate{{table: n.tableOf[r.Root()], exact: true}}
	}
	segments := strings.FieldsFunc(name, func(c rune) bool { return c == ':' || c == '\\' || c == '.' || c == '/' })
	for i := range segments {
		found := n.byName[normalizedName(strings.Join(segments[i:], "_"))]
		if len(found) == 0 {
			continue
		}
		// A constant in capitals resembles a table's name, but is none.
		exact := strings.ToUpper(name) != name || strings.ToLower(name) == name
		nearest := found
		for _, schema := range []string{strings.ToLower(segments[0]), near.Schema} {
			if in := slices.DeleteFunc(slices.Clone(found), func(t *table) bool { return t.Schema != schema }); len(in) > 0 {
				nearest = in
				break
			}
		}
		var out []targetCandidate
		for _, t := range nearest {
			out = append(out, targetCandidate{table: t, exact: exact})
		}
		for _, t := range found {
			if !slices.Contains(nearest, t) {
				out = append(out, targetCandidate{table: t})
			}
		}
		return out
	}
	return nil
}

// targetKey returns the column of a target that the pair's id can reference: the primary
// key without tenants' columns, or another unique column of a comparable type; "" if there
// is none.
func (n *inference) targetKey(t *table, id *catalog.Column) string {
	fits := func(c *catalog.Column) bool {
		return c != nil && (comparableTypes(c.Type, id.Type) || id.Type.Underlying().Category == "S")
	}
	if pk := t.PrimaryKey(); pk != nil {
		var own []string
		for _, name := range pk.Columns {
			if len(pk.Columns) == 1 || len(n.referencesOf[t.Column(name)]) == 0 && !n.isTenant(t, name) {
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

// isTenant reports whether a column has a tenant's key.
func (n *inference) isTenant(t *table, column string) bool {
	return slices.ContainsFunc(n.levels, func(l *Level) bool {
		u, ok := l.candidate.keyColumns[t]
		return ok && u.column.Name == column
	})
}

// maxSearches limits the types of a pair for which all tables are searched, and
// tablesPerQuery the tables in one query.
const (
	maxSearches    = 10
	tablesPerQuery = 100
)

// countHits counts how many of the ids are keys of each table.
func (n *inference) countHits(near []targetCandidate, ids []string) error {
	for start := 0; start < len(near); start += tablesPerQuery {
		part := near[start:min(start+tablesPerQuery, len(near))]
		var parts []string
		var args []any
		for i, p := range part {
			if fit := idsOfType(p.table.Column(p.key).Type, ids); len(fit) > 0 {
				args = append(args, fit)
				parts = append(parts, fmt.Sprintf("select '%d', count(*)::text from %s where %s", i, p.table.Ident(), keyInArray(p.table.Column(p.key), len(args))))
			}
		}
		if len(parts) == 0 {
			continue
		}
		err := n.query(part[0].table.name, func(i, hits *string) {
			at, _ := strconv.Atoi(*i)
			part[at].hits, _ = strconv.Atoi(*hits)
		}, strings.Join(parts, " union all "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// tablesWithKeys returns the tables of any name that have all of the ids as keys, without
// those already tried.
func (n *inference) tablesWithKeys(id *catalog.Column, ids []string, tried []targetCandidate) ([]targetCandidate, error) {
	var all []targetCandidate
	for _, t := range n.tables {
		key := n.targetKey(t, id)
		if key != "" && comparableTypes(t.Column(key).Type, id.Type) && !slices.ContainsFunc(tried, func(p targetCandidate) bool { return p.table == t }) {
			all = append(all, targetCandidate{table: t, key: key})
		}
	}
	if err := n.countHits(all, ids); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p targetCandidate) bool { return p.hits < len(ids) }), nil
}

// keyInArray returns a condition that compares a key with an array parameter in the key's
// own type, so that Postgres can use its index.
func keyInArray(key *catalog.Column, parameter int) string {
	name := catalog.Ident(key.Name)
	switch typ := key.Type.Underlying().Name; typ {
	case "uuid", "int2", "int4", "int8", "text", "varchar", "bpchar":
		return fmt.Sprintf("%s = any($%d::text[]::%s[])", name, parameter, typ)
	}
	return fmt.Sprintf("%s::text = any($%d::text[])", name, parameter)
}

// maxDigits is the number of digits that always fit into an integer type.
var maxDigits = map[string]int{"int2": 4, "int4": 9, "int8": 18}

// idsOfType returns the ids that are valid for a type.
func idsOfType(t *catalog.Type, ids []string) []string {
	name := t.Underlying().Name
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		switch {
		case name == "uuid":
			return len(strings.ReplaceAll(id, "-", "")) != 32 || strings.Trim(id, "-0123456789abcdefABCDEF") != ""
		case maxDigits[name] > 0:
			return len(id) > maxDigits[name] || id == "" || strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' })
		}
		return false
	})
}

// distinctive reports whether some id is not a small number: small numbers are keys of
// many tables.
func distinctive(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		return len(id) > 12 || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsDigit(r) })
	})
}

// idsFitKey reports whether all of the ids are valid for the candidate's key.
func idsFitKey(p targetCandidate, ids []string) bool {
	return len(idsOfType(p.table.Column(p.key).Type, ids)) == len(ids)
}
