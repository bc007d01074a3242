package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

var discriminatorNames = []string{"type", "kind", "provider", "category", "class", "subtype", "variant", "discriminator", "flavor", "flavour", "method"}

// configNames are usual names of JSON columns with the settings of subtypes that have no
// table.
var configNames = []string{"config", "configuration", "settings", "options", "params", "parameters", "properties", "attributes"}

// findBases finds the tables whose rows have subtypes.
func (n *inference) findBases() error {
	for _, t := range n.tables {
		if t.PrimaryKey() == nil {
			continue
		}
		if err := n.doubtClasses(t); err != nil {
			return err
		}
		for _, c := range t.Columns {
			if !t.mayDiscriminate(c) || !isDiscriminatorName(c) && !n.keyTellsSubtypes(t, c) && !n.valuesNameTables(t, c) {
				continue
			}
			b, err := n.baseOf(t, c)
			if err != nil {
				return err
			}
			if b != nil {
				n.result.Bases = append(n.result.Bases, b)
				break
			}
		}
	}
	return nil
}

// isDiscriminatorName reports whether the column's name is usual for a discriminator.
func isDiscriminatorName(c *catalog.Column) bool {
	w := words(c.Name)
	return len(w) > 0 && slices.Contains(discriminatorNames, w[len(w)-1])
}

// keyTellsSubtypes reports whether another table references the column together with the
// key, by a column that can have one value only.
func (n *inference) keyTellsSubtypes(t *table, c *catalog.Column) bool {
	key := t.PrimaryKey().Columns
	return slices.ContainsFunc(t.referrers, func(ref *catalog.Reference) bool {
		i := slices.Index(ref.RefColumns, c.Name)
		return i >= 0 && !slices.Contains(key, c.Name) && subset(key, ref.RefColumns) && constantValue(n.tableOf[ref.From], ref.From.Column(ref.Columns[i])) != ""
	})
}

// valuesNameTables reports whether at least two of the values that a column may have are
// names of tables that share the key.
func (n *inference) valuesNameTables(t *table, c *catalog.Column) bool {
	values, _ := allowedValues(t.Relation, c)
	if len(values) < 2 {
		return false
	}
	named := map[string]bool{}
	for _, ref := range n.extensions(t, t.PrimaryKey().Columns) {
		if from := n.tableOf[ref.From]; from.sharesKey(ref) {
			named[valueNamed(from.Name, values)] = true
		}
	}
	delete(named, "")
	return len(named) > 1
}

// mayDiscriminate reports whether a column is a text or an enum, and not generated or the
// type of a pair.
func (t *table) mayDiscriminate(c *catalog.Column) bool {
	typ := c.Type.Underlying()
	if c.Generated != "" || typ.Kind != catalog.EnumType && typ.Category != "S" {
		return false
	}
	return !slices.ContainsFunc(t.pairs, func(p *Pair) bool { return p.Type == c })
}

// baseOf returns t as a base with the discriminator c, or nil if no subtype shows.
func (n *inference) baseOf(t *table, c *catalog.Column) (*Base, error) {
	b := &Base{Table: t.Relation, Key: t.PrimaryKey().Columns, Discriminator: c.Name}
	extensions := n.extensions(t, b.Key)
	values, _ := allowedValues(t.Relation, c)
	if len(values) == 0 && len(extensions) > 0 {
		var err error
		if values, err = n.distinctValues(t, c); err != nil {
			return nil, err
		}
	}
	var reasons, unnamed []string
	var unfixed []*catalog.Reference // they include the discriminator, which may have any value
	for _, ref := range extensions {
		s, why := n.subtypeOf(n.tableOf[ref.From], ref, c, b.Key, values)
		switch {
		case why != "" && (s.Discriminator != "" || n.tableOf[ref.From].sharesKey(ref)):
			b.Subtypes = append(b.Subtypes, s)
			reasons = append(reasons, why)
		case slices.Contains(ref.RefColumns, c.Name):
			unfixed = append(unfixed, ref)
		case why != "" || n.tableOf[ref.From].sharesKey(ref):
			unnamed = append(unnamed, n.tableOf[ref.From].name)
		}
	}
	for _, ref := range unfixed {
		n.addDoubt("%s.%s may tell subtypes apart, of which %s is one by %s: but nothing fixes for which %s",
			t.name, c.Name, n.catalog.Name(ref.From), columnList(ref.Columns), c.Name)
	}
	column, checked, why := t.configColumn(c, values)
	if len(b.Subtypes) == 0 && len(checked) == 0 {
		if len(unnamed) > 0 {
			n.addDoubt("%s.%s may tell subtypes apart, of which %s at most one row for each of %s; but no key says so, or not for which %s",
				t.name, c.Name, haveOrHas(unnamed), t.name, c.Name)
		}
		return nil, nil
	}
	if why != "" {
		reasons = append(reasons, why)
	}
	for _, v := range union(values, checked) {
		if slices.ContainsFunc(b.Subtypes, func(s Subtype) bool { return s.Value == v }) {
			continue
		}
		s := Subtype{Value: v}
		if len(checked) == 0 || slices.Contains(checked, v) {
			s.Column = column
		}
		b.Subtypes = append(b.Subtypes, s)
	}
	slices.SortStableFunc(b.Subtypes, func(a, b Subtype) int { return strings.Compare(a.Value, b.Value) })
	n.addReason("inheritance "+t.name, reasons...)
	return b, nil
}

// haveOrHas returns names with the verb.
func haveOrHas(names []string) string {
	if len(names) == 1 {
		return names[0] + " has"
	}
	return shortList(names) + " have"
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

// extensions returns the references by which other tables have at most one row for each
// row of t.
func (n *inference) extensions(t *table, key []string) []*catalog.Reference {
	var out []*catalog.Reference
	for _, ref := range t.referrers {
		if subset(key, ref.RefColumns) && n.tableOf[ref.From].UniqueBy(ref.Columns) {
			out = append(out, ref)
		}
	}
	return out
}

// sharesKey reports whether the table's primary key is part of the reference.
func (t *table) sharesKey(ref *catalog.Reference) bool {
	pk := t.PrimaryKey()
	return pk != nil && subset(pk.Columns, ref.Columns)
}

// subtypeOf returns the subtype that a table is for, and why; "" if nothing tells its
// value.
func (n *inference) subtypeOf(t *table, ref *catalog.Reference, c *catalog.Column, key, values []string) (Subtype, string) {
	s := Subtype{Table: t.Relation}
	for _, k := range key {
		s.Key = append(s.Key, ref.Columns[slices.Index(ref.RefColumns, k)])
	}
	if i := slices.Index(ref.RefColumns, c.Name); i >= 0 {
		s.Discriminator = ref.Columns[i]
		if s.Value = constantValue(t, t.Column(s.Discriminator)); s.Value != "" {
			return s, fmt.Sprintf("%s is for %s only: its %s is fixed and part of foreign key %s", t.name, s.Value, s.Discriminator, ref.Name)
		}
	}
	if s.Value = valueNamed(t.Name, values); s.Value != "" {
		return s, fmt.Sprintf("%s has at most one row for each of %s, and is named for %s", t.name, n.catalog.Name(ref.To), s.Value)
	}
	return Subtype{}, ""
}

// constantValue returns the only value that a column can have, or "".
func constantValue(t *table, c *catalog.Column) string {
	if c.Generated != "" {
		if values := sqltext.Literals(c.Expr); len(values) == 1 {
			return values[0]
		}
	}
	for _, k := range t.Checks() {
		if values := sqltext.Literals(k.Expr); slices.Equal(k.Columns, []string{c.Name}) && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

// valueNamed returns the longest value with which a table's name begins or ends, as in
// snowflake_configs, source_system_snowflake or cars, or "".
func valueNamed(table string, values []string) string {
	name := normalizedName(table)
	best := ""
	for _, v := range values {
		key := normalizedName(v)
		if key != "" && (strings.HasPrefix(name, key) || strings.HasSuffix(name, key)) && len(v) > len(best) {
			best = v
		}
	}
	return best
}

// distinctValues returns the values of a column in the first sampleSize rows.
func (n *inference) distinctValues(t *table, c *catalog.Column) ([]string, error) {
	var out []string
	err := n.query(t.name, func(v, _ *string) { out = append(out, *v) },
		fmt.Sprintf("select distinct %[1]s::text, null from (select %[1]s from %[2]s limit %[3]d) first where %[1]s::text <> '' order by 1 limit 50",
			catalog.Ident(c.Name), t.Ident(), sampleSize))
	return out, err
}

// configColumn returns the column of the base with the settings of subtypes, the values
// for which checks prescribe its content, and why.
func (t *table) configColumn(c *catalog.Column, values []string) (column string, checked []string, why string) {
	var names []string
	for _, k := range t.Checks() {
		if len(k.Columns) < 2 || !slices.Contains(k.Columns, c.Name) {
			continue
		}
		for _, name := range k.Columns {
			if !isJSON(t.Column(name)) || column != "" && name != column {
				continue
			}
			if cases := casesOf(k.Expr, values); len(cases) > 0 {
				column, checked, names = name, union(checked, cases), append(names, k.Name)
			}
		}
	}
	if column != "" {
		return column, checked, fmt.Sprintf("checks say what %s holds for %s: %s", column, strings.Join(checked, ", "), strings.Join(names, ", "))
	}
	for _, name := range configNames {
		if isJSON(t.Column(name)) {
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

// casesOf returns the discriminator's values that a check names; if the values are not
// known, those after WHEN.
func casesOf(expr string, values []string) []string {
	var out []string
	tokens := sqltext.Tokens(expr)
	for i, t := range tokens {
		named := slices.Contains(values, t.Text) || len(values) == 0 && i > 0 && tokens[i-1].Is("when")
		if t.Kind == sqltext.String && named && !slices.Contains(out, t.Text) {
			out = append(out, t.Text)
		}
	}
	return out
}

// doubtClasses adds a doubt if a text column named type has names of classes in rows, as where
// one table holds the objects of several classes: nothing else tells of such subtypes.
func (n *inference) doubtClasses(t *table) error {
	c := t.Column("type")
	if c == nil || !t.mayDiscriminate(c) || c.Type.Underlying().Kind == catalog.EnumType || len(t.pairs) > 0 && t.pairs[0].Type == c {
		return nil
	}
	if listed, _ := allowedValues(t.Relation, c); len(listed) > 0 {
		return nil
	}
	values, err := n.distinctValues(t, c)
	if err != nil {
		return err
	}
	var classes []string
	for _, v := range values {
		if isClassName(v) && !strings.ContainsAny(v, " .,-") {
			classes = append(classes, v)
		}
	}
	if len(classes) > 0 && len(classes) == len(values) {
		n.addDoubt("%s.type may tell subtypes apart: rows have %s, which are written like classes", t.name, shortList(classes))
	}
	return nil
}
