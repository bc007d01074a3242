package rows

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/infer"
)

// inferValue returns what makes values for a column without a definition: by its CHECKs,
// its partitions, its type and, for the meaning, its name. Most values are text, which
// Postgres reads for any type.
func inferValue(c *column) func(*fake.Value) any {
	r := c.rule()
	if len(r.choices) == 0 {
		r.choices = c.subtypes
	}
	r.choices = slices.DeleteFunc(slices.Clone(r.choices), func(s string) bool { return slices.Contains(c.avoidedValues, s) })
	if len(r.choices) > 0 {
		return func(v *fake.Value) any {
			if c.mustDiffer {
				return r.choices[v.Permutation(uint64(len(r.choices)))]
			}
			return v.OneOf(r.choices...)
		}
	}
	if bound := c.partitionValues(); bound != nil {
		return bound
	}
	return withCase(r, inferType(c, c.Type.Underlying(), r))
}

// withCase gives texts the case that a CHECK demands.
func withCase(r rule, infer func(*fake.Value) any) func(*fake.Value) any {
	if r.letterCase == "" {
		return infer
	}
	return func(v *fake.Value) any {
		s, ok := infer(v).(string)
		switch {
		case !ok:
			return infer(v)
		case r.letterCase == "upper":
			return strings.ToUpper(s)
		}
		return strings.ToLower(s)
	}
}

// inferType makes values by the type.
func inferType(c *column, t *catalog.Type, r rule) func(*fake.Value) any {
	switch t.Name {
	case "uuid":
		return func(v *fake.Value) any { return v.UUID() }
	case "bool":
		if len(c.avoidedValues) > 0 {
			return func(*fake.Value) any { return c.avoidedValues[0] == "false" }
		}
		return func(v *fake.Value) any { return v.Chance(0.5) }
	case "int2", "int4", "int8", "oid":
		return inferInt(c, t.Name, r)
	case "float4", "float8", "numeric", "money":
		return inferNumber(c, r)
	case "timestamptz", "timestamp", "date", "time", "timetz":
		return inferMoment(c, t.Name)
	case "jsonb", "json":
		return inferJSON(r)
	case "bytea":
		n := max(r.minLen, min(16, max(r.maxLen, 1)))
		if r.maxLen == 0 {
			n = max(r.minLen, 16)
		}
		return func(v *fake.Value) any { return v.Bytes(n) }
	}
	switch {
	case t.Elem != nil:
		return func(*fake.Value) any { return "{}" }
	case t.Kind == catalog.RangeType:
		return inferRange(t)
	case t.Kind == catalog.MultirangeType:
		return func(*fake.Value) any { return "{}" }
	case t.Kind == catalog.CompositeType:
		return inferComposite(c, t)
	case t.Category == "S" || t.Name == "citext":
		return inferText(c, r)
	}
	return inferOther(c, t)
}

// inferComposite makes the text form of a composite type, with a value for each attribute.
func inferComposite(c *column, t *catalog.Type) func(*fake.Value) any {
	var makers []func(*fake.Value) any
	for _, a := range t.Attributes {
		field := &column{Column: a, name: a.Name, baseOID: a.Type.Underlying().OID}
		if field.Table == nil {
			field.Column = &catalog.Column{Table: c.Table, Name: a.Name, Type: a.Type, Length: a.Length, Precision: a.Precision, Scale: a.Scale}
		}
		makers = append(makers, inferType(field, a.Type.Underlying(), rule{maxLen: a.Length}))
	}
	return func(v *fake.Value) any {
		var parts []string
		for _, m := range makers {
			x := m(v)
			if at, ok := x.(time.Time); ok {
				x = at.Format(time.RFC3339)
			}
			parts = append(parts, `"`+strings.ReplaceAll(display(x), `"`, `""`)+`"`)
		}
		return "(" + strings.Join(parts, ",") + ")"
	}
}

// inferText makes texts by the column's name, within the lengths and patterns of its
// CHECKs.
func inferText(c *column, r rule) func(*fake.Value) any {
	text := inferFromName(c.nameOfText(), c.mustDiffer, r.maxLen)
	if states := c.likelyStates(); states != nil {
		text = oneOf(states...)
	}
	if prefix := c.numberPrefix(); prefix != "" {
		text = func(v *fake.Value) string { return prefix + strconv.FormatInt(1000+v.Serial(), 10) }
	}
	for _, expr := range r.patterns {
		text = matchingText(text, expr, r)
	}
	return func(v *fake.Value) any {
		s := text(v)
		for len(s) < r.minLen {
			s += "x"
		}
		if r.maxLen > 0 && utf8.RuneCountInString(s) > r.maxLen {
			if c.mustDiffer {
				return uniqueText(fake.SwitchTo(v, c.name), r.maxLen)
			}
			s = strings.TrimRight(string([]rune(s)[:r.maxLen]), " ,.")
		}
		for len(s) < r.minLen {
			s += "x"
		}
		return s
	}
}

// nameOfText returns the name by which inferFromName finds what a text column holds: its
// own, or a clearer one where the table says more. The column name of a table of people
// holds full names.
func (c *column) nameOfText() string {
	if c.Table == nil {
		return c.name
	}
	name, table := strings.ToLower(c.name), strings.ToLower(c.Table.Name)
	switch {
	case name == "name" && c.ofPeople():
		return "full_name"
	case name == "title" && c.ofPeople():
		return "job"
	case name == "method" && paymentTable.MatchString(table):
		return "payment_method"
	case strings.Contains(name, "currency") && !slices.ContainsFunc(c.Table.Columns, func(o *catalog.Column) bool { return ownPlace.MatchString(strings.ToLower(o.Name)) }):
		return "usual_currency"
	case name == "name" && (c.ofTenants || companyTable.MatchString(table)):
		return "company"
	case name == "name" || name == "title":
		for _, kind := range namedTables {
			if kind.table.MatchString(table) {
				return kind.name
			}
		}
	case strings.Contains(name, "display_name") && !c.ofPeople():
		return "title"
	case name == "description" && linesTable.MatchString(table):
		return "product_name"
	case strings.HasSuffix(name, "state") && slices.ContainsFunc(c.Table.Columns, func(o *catalog.Column) bool { return strings.Contains(strings.ToLower(o.Name), "city") }):
		return "region"
	}
	return c.name
}

// ofPeople reports whether the rows of the column's table are persons: by its name, or
// because they were born or have first names.
func (c *column) ofPeople() bool {
	return peopleTable.MatchString(strings.ToLower(c.Table.Name)) || slices.ContainsFunc(c.Table.Columns, func(o *catalog.Column) bool {
		return birthName.MatchString(strings.ToLower(o.Name)) || firstName.MatchString(strings.ToLower(o.Name))
	})
}

var firstName = regexp.MustCompile(`^(first_?name|given_?name|forename)$`)

// numberedName matches names of texts that number the rows: invoices, orders, articles.
var numberedName = regexp.MustCompile(`^(?:(.*)_)?(number|no|nr|code|reference|sku|mrn)$`)

// numberPrefix returns what stands before the number in a column that numbers its rows: INV-
// of invoices.number, PO- of purchase_order_number. It is empty for other columns.
func (c *column) numberPrefix() string {
	m := numberedName.FindStringSubmatch(strings.Join(infer.SingularName(c.name), "_"))
	if m == nil || c.Table == nil || otherNumber.MatchString(c.name) {
		return ""
	}
	subject := m[1]
	switch {
	case m[2] == "sku" || m[2] == "mrn":
		subject = m[2]
	case subject == "":
		subject = c.Table.Name
	}
	words := infer.SingularName(subject)
	if len(words) == 1 {
		return strings.ToUpper(words[0][:min(len(words[0]), 3)]) + "-"
	}
	prefix := ""
	for _, w := range words {
		prefix += w[:1]
	}
	return strings.ToUpper(prefix[:min(len(prefix), 4)]) + "-"
}

// otherNumber matches names of numbers that are written in a way of their own.
var otherNumber = regexp.MustCompile(`(?i)phone|mobile|fax|house|zip|post|country|currency|language|lang|locale|colou?r|vat|tax|iban|status|error|bar_?code|qr|time|region|state|area|card|otp|verif|confirm|access|secret|hash`)

// namedTables are tables whose columns name and title hold names of one kind.
var namedTables = []struct {
	table *regexp.Regexp
	name  string
}{
	{regexp.MustCompile(`plans?$|tiers?$`), "plan_name"},
	{regexp.MustCompile(`products?$|items?$|articles?$|materials?$|lines?$`), "product_name"},
	{regexp.MustCompile(`tags?$|categor(y|ies)$|labels?$|topics?$`), "tag_name"},
	{regexp.MustCompile(`roles?$`), "role_name"},
	{regexp.MustCompile(`teams?$|groups?$|departments?$`), "team_name"},
	{regexp.MustCompile(`projects?$|campaigns?$|workflows?$|templates?$|boards?$|folders?$|workspaces?$`), "title"},
}

var (
	// companyTable matches tables whose rows are companies, linesTable those of the lines of a
	// document.
	companyTable = regexp.MustCompile(`(^|_)(compan(y|ies)|organi[sz]ations?|orgs?|firms?|customers?|clients?|vendors?|suppliers?|carriers?|merchants?|brands?|manufacturers?|partners?|agenc(y|ies)|accounts?|tenants?|businesses|business|practices?|banks?|insurers?|stores?|shops?|publishers?|sponsors?|employers?)$`)
	paymentTable = regexp.MustCompile(`pay|refund|transaction|deposit`)
	// ownPlace matches names of columns that say where a row's subject is.
	ownPlace   = regexp.MustCompile(`country|city|locale|time_?zone`)
	linesTable = regexp.MustCompile(`_(lines?|items?|positions?)$`)
)

// peopleTable matches tables whose rows are persons.
var peopleTable = regexp.MustCompile(`(^|_)(users?|people|persons?|contacts?|members?|employees?|recipients?|authors?|guests?|profiles?|patients?|attendees?)$`)

// lookaround matches the groups of a regular expression that Go does not support.
var lookaround = regexp.MustCompile(`\(\?<?[=!][^()]*\)`)

// matchingText keeps texts that match a CHECK's regular expression, and makes texts of the
// expression where they do not.
func matchingText(text func(*fake.Value) string, expr string, r rule) func(*fake.Value) string {
	re, err := regexp.Compile(expr)
	if err != nil { // Go has no lookaround: try without, and let the server check the text
		expr = lookaround.ReplaceAllString(expr, "")
		if re, err = regexp.Compile(expr); err != nil {
			return text
		}
	}
	cells := fake.New(0, "", fake.Epoch)
	fits := func(f func(*fake.Value) string) bool {
		for row := range int64(16) {
			cells.At(row)
			s := f(cells.Of(""))
			if !re.MatchString(s) || r.maxLen > 0 && len(s) > r.maxLen || len(s) < r.minLen {
				return false
			}
		}
		return true
	}
	if fits(text) {
		return func(v *fake.Value) string {
			if s := text(v); re.MatchString(s) {
				return s
			}
			return matchPattern(v, expr)
		}
	}
	for _, long := range []int{0, 1, 2, 8, 16, 32} {
		p, err := fake.NewPattern(expr, long)
		if err != nil {
			return text
		}
		matching := func(v *fake.Value) string { return v.Match(p) }
		if fits(matching) {
			return matching
		}
	}
	return text
}

// matchPattern makes a text of an expression, for the rows whose text does not match it.
func matchPattern(v *fake.Value, expr string) string {
	p, err := fake.NewPattern(expr, 8)
	if err != nil {
		return ""
	}
	return v.Match(p)
}

// uniqueText makes a unique text of at most n letters and digits.
func uniqueText(v *fake.Value, n int) string {
	size := uint64(1)
	for range min(n, 11) {
		size *= 36
	}
	s := strconv.FormatUint(v.Permutation(size), 36)
	return strings.Repeat("0", min(n, 11)-len(s)) + s
}
