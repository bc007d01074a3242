package seedbed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

var discriminatorNames = []string{"type", "kind", "provider", "category", "class", "subtype", "variant", "discriminator", "flavor", "flavour", "method"}

// configNames are the columns that take the settings of subtypes without a table
// where no check says so.
var configNames = []string{"config", "configuration", "settings", "options", "params", "parameters", "properties", "attributes"}

// subtypes finds the tables whose rows come in subtypes.
func (d *discoverer) subtypes() {
	for _, r := range d.tables {
		if r.PrimaryKey() == nil {
			continue
		}
		for _, c := range r.Columns {
			w := words(c.Name)
			if len(w) > 0 && slices.Contains(discriminatorNames, w[len(w)-1]) && d.discriminates(c) {
				if i, ok := d.inheritance(r, c); ok {
					d.base = append(d.base, i)
					break
				}
			}
		}
	}
}

// discriminates refuses the type column of a pair, and what is no name of anything.
func (d *discoverer) discriminates(c *catalog.Column) bool {
	t := c.Type.Underlying()
	if c.Generated != "" || t.Kind != catalog.EnumType && t.Category != "S" {
		return false
	}
	return !slices.ContainsFunc(d.found, func(p foundPair) bool { return p.table == c.Table && p.typ == c.Name })
}

func (d *discoverer) inheritance(r *catalog.Relation, c *catalog.Column) (Inheritance, bool) {
	key := r.PrimaryKey().Columns
	values, _ := listed(r, c)
	i := Inheritance{Table: d.name(r), Key: key, Discriminator: c.Name}
	subject := "inheritance " + i.Table
	var reasons []string
	for _, t := range d.tables {
		s, why := d.extends(t, r, c, key, values)
		if why != "" {
			i.Subtypes = append(i.Subtypes, s)
			reasons = append(reasons, why)
		}
	}
	column, checked, why := d.configured(r, c, values)
	if len(i.Subtypes) == 0 && len(checked) == 0 {
		return i, false
	}
	if why != "" {
		reasons = append(reasons, why)
	}
	for _, v := range union(values, checked) {
		if slices.ContainsFunc(i.Subtypes, func(s Subtype) bool { return s.Value == v }) {
			continue
		}
		s := Subtype{Value: v}
		if len(checked) == 0 || slices.Contains(checked, v) {
			s.Column = column
		}
		i.Subtypes = append(i.Subtypes, s)
	}
	slices.SortStableFunc(i.Subtypes, func(a, b Subtype) int { return strings.Compare(a.Value, b.Value) })
	d.out.because(subject, reasons...)
	return i, true
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// extends recognises a table that has one row for a row of the base, and finds
// the discriminator's value that it is for.
func (d *discoverer) extends(t, base *catalog.Relation, c *catalog.Column, key, values []string) (Subtype, string) {
	for _, fk := range t.ForeignKeys() {
		if fk.Inherited || fk.Ref.Root() != base || t == base || !subset(key, fk.RefColumns) {
			continue
		}
		s := Subtype{Table: d.name(t)}
		for _, k := range key {
			s.Key = append(s.Key, fk.Columns[slices.Index(fk.RefColumns, k)])
		}
		if !onePerKey(t, fk.Columns) {
			continue
		}
		if i := slices.Index(fk.RefColumns, c.Name); i >= 0 {
			s.Discriminator = fk.Columns[i]
			if s.Value = constant(t, t.Column(s.Discriminator)); s.Value != "" {
				return s, fmt.Sprintf("%s is for %s only: its %s is fixed and part of foreign key %s", s.Table, s.Value, s.Discriminator, fk.Name)
			}
		}
		if s.Value = valueNamed(t.Name, values); s.Value != "" {
			return s, fmt.Sprintf("%s has at most one row for each of %s, and is named for %s", s.Table, d.name(base), s.Value)
		}
	}
	return Subtype{}, ""
}

// onePerKey reports whether a unique index holds the columns, or some of them, single.
func onePerKey(t *catalog.Relation, columns []string) bool {
	return slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool {
		return ix.Unique && ix.Valid && ix.Predicate == "" && len(ix.Columns()) == len(ix.Keys) && subset(ix.Columns(), columns)
	})
}

// constant is the one value that a column can hold, or "".
func constant(r *catalog.Relation, c *catalog.Column) string {
	if c.Generated != "" {
		if values := literals(c.Expr); len(values) == 1 {
			return values[0]
		}
	}
	for _, k := range r.Checks() {
		if values := literals(k.Expr); slices.Equal(k.Columns, []string{c.Name}) && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

// valueNamed finds the value that a table's name begins or ends with:
// snowflake_configs, source_system_snowflake, cars.
func valueNamed(table string, values []string) string {
	name := subjectKey(table)
	best := ""
	for _, v := range values {
		key := subjectKey(v)
		if key != "" && (strings.HasPrefix(name, key) || strings.HasSuffix(name, key)) && len(v) > len(best) {
			best = v
		}
	}
	return best
}

// configured finds the column of the base that settings of subtypes are in, and
// the values for which a check says what they look like.
func (d *discoverer) configured(r *catalog.Relation, c *catalog.Column, values []string) (column string, checked []string, why string) {
	var names []string
	for _, k := range r.Checks() {
		if len(k.Columns) < 2 || !slices.Contains(k.Columns, c.Name) {
			continue
		}
		for _, name := range k.Columns {
			if !isJSON(r.Column(name)) || column != "" && name != column {
				continue
			}
			cases := casesOf(k.Expr, values)
			if len(cases) > 0 {
				column, checked, names = name, union(checked, cases), append(names, k.Name)
			}
		}
	}
	if column != "" {
		return column, checked, fmt.Sprintf("checks say what %s holds for %s: %s", column, strings.Join(checked, ", "), strings.Join(names, ", "))
	}
	for _, name := range configNames {
		if isJSON(r.Column(name)) {
			return name, nil, fmt.Sprintf("%s is JSON, and named for settings", name)
		}
	}
	return "", nil, ""
}

func isJSON(c *catalog.Column) bool {
	if c == nil {
		return false
	}
	name := c.Type.Underlying().Name
	return name == "jsonb" || name == "json"
}

// casesOf are the values of the discriminator that a check tells apart: all that
// it names; where no list of them is known, those after WHEN.
func casesOf(expr string, values []string) []string {
	var out []string
	tokens := lex(expr)
	for i, t := range tokens {
		named := slices.Contains(values, t.text) || len(values) == 0 && i > 0 && tokens[i-1].is("WHEN")
		if t.kind == stringToken && named && !slices.Contains(out, t.text) {
			out = append(out, t.text)
		}
	}
	return out
}
