package rows

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule is what the CHECKs about one column say, as far as it can be read. Nil and zero
// fields say nothing.
type rule struct {
	choices     []string // the only values
	patterns    []string // regular expressions that must match
	min, max    *float64
	minExcluded bool // the value must be above min, not equal
	maxExcluded bool // the value must be below max, not equal
	minLen      int
	maxLen      int
	jsonType    string // the jsonb_typeof that is demanded
	notNull     bool   // IS NOT NULL
	letterCase  string // "upper" or "lower": the case that is demanded
}

// Constraints come as Postgres prints them, fully parenthesised and with casts.
// This is a reader of that print for the few forms that people write, no parser of
// SQL: whatever it does not know, checkSolver tries out on the server.
var (
	ruleAny      = regexp.MustCompile(`^(\S+) = ANY \(+ARRAY\[(.*?)\]`)
	arrayElement = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|[^,]+`)
	ruleAnyText  = regexp.MustCompile(`^(\S+) = ANY \(+'\{(.*)\}'::`)
	ruleMatch    = regexp.MustCompile(`^(\S+) ~ '((?:[^']|'')*)'`)
	ruleLength   = regexp.MustCompile(`^(?:char_|character_|octet_)?length\((?:btrim\()?([^)]*?)\)+ (>=|<=|>|<|=) (\d+)$`)
	ruleBound    = regexp.MustCompile(`^(\S+) (>=|<=|>|<|=) \(?'?(-?\d+(?:\.\d+)?)'?\)?(?:::[\w ]+)?$`)
	ruleJSON     = regexp.MustCompile(`^jsonb?_typeof\((\S+)\) = '(\w+)'`)
	ruleEqual    = regexp.MustCompile(`^(\S+) = '((?:[^']|'')*)'`)
	ruleNotNull  = regexp.MustCompile(`^(\S+) IS NOT NULL$`)
	ruleFold     = regexp.MustCompile(`^(\S+) = (upper|lower)\((\S+)\)$`)
	ruleFlag     = regexp.MustCompile(`^(?:NOT )?(\S+)$`)
	// of an extension's type, such as citext: OPERATOR(public.~)
	qualifiedOperator = regexp.MustCompile(`OPERATOR\((?:"[^"]+"|\w+)\.([^)]+)\)`)
	ruleLiteral       = regexp.MustCompile(`'((?:[^']|'')*)'|-?\d+(?:\.\d+)?`)
)

// rule reads every CHECK that is about the column alone, including those of its domains.
func (c *column) rule() rule {
	var r rule
	for _, k := range c.Table.Checks() {
		if len(k.Columns) == 1 && k.Columns[0] == c.name {
			r.read(k.Expr, c.name)
		}
	}
	for _, d := range c.Type.Domains() {
		for _, k := range d.Checks {
			r.read(k.Expr, "VALUE")
		}
	}
	if labels := c.Type.Underlying().Labels; len(labels) > 0 && r.choices == nil {
		r.choices = labels
	}
	if c.Length > 0 && (r.maxLen == 0 || c.Length < r.maxLen) {
		r.maxLen = c.Length
	}
	return r
}

// read reads an expression about the column, or the VALUE of a domain.
func (r *rule) read(expr, name string) {
	expr = qualifiedOperator.ReplaceAllString(expr, "$1")
	for _, part := range conjuncts(expr) {
		r.readConjunct(part, name)
	}
}

// readConjunct reads one of the conditions that AND connects.
func (r *rule) readConjunct(part, name string) {
	isColumn := func(s string) bool { return columnName(s) == name }
	switch {
	case matchColumn(ruleNotNull, part, isColumn) != nil:
		r.notNull = true
	case matchColumn(ruleAny, part, isColumn) != nil:
		r.choices = literals(matchColumn(ruleAny, part, isColumn)[2])
	case matchColumn(ruleAnyText, part, isColumn) != nil:
		r.choices = elements(unquote(matchColumn(ruleAnyText, part, isColumn)[2]))
	case matchColumn(ruleMatch, part, isColumn) != nil:
		r.patterns = append(r.patterns, unquote(matchColumn(ruleMatch, part, isColumn)[2]))
	case matchColumn(ruleLength, part, isColumn) != nil:
		m := matchColumn(ruleLength, part, isColumn)
		n, _ := strconv.Atoi(m[3])
		r.addLength(m[2], n)
	case matchColumn(ruleJSON, part, isColumn) != nil:
		r.jsonType = matchColumn(ruleJSON, part, isColumn)[2]
	case matchColumn(ruleBound, part, isColumn) != nil:
		m := matchColumn(ruleBound, part, isColumn)
		x, _ := strconv.ParseFloat(m[3], 64)
		r.addBound(m[2], x)
	case matchColumn(ruleEqual, part, isColumn) != nil:
		r.choices = []string{unquote(matchColumn(ruleEqual, part, isColumn)[2])}
	case matchColumn(ruleFold, part, isColumn) != nil && isColumn(matchColumn(ruleFold, part, isColumn)[3]):
		r.letterCase = matchColumn(ruleFold, part, isColumn)[2]
	case matchColumn(ruleFlag, part, isColumn) != nil:
		r.choices = []string{strconv.FormatBool(!strings.HasPrefix(part, "NOT "))}
	}
}

// matchColumn returns the groups of a match whose first group is the column.
func matchColumn(re *regexp.Regexp, s string, isColumn func(string) bool) []string {
	m := re.FindStringSubmatch(s)
	if m == nil || !isColumn(m[1]) {
		return nil
	}
	return m
}

// addLength notes a comparison of the length.
func (r *rule) addLength(op string, n int) {
	switch op {
	case ">=":
		r.minLen = n
	case ">":
		r.minLen = n + 1
	case "<=":
		r.maxLen = n
	case "<":
		r.maxLen = n - 1
	case "=":
		r.minLen, r.maxLen = n, n
	}
}

// addBound notes a comparison of the value.
func (r *rule) addBound(op string, x float64) {
	switch op {
	case ">=", ">":
		r.min, r.minExcluded = &x, op == ">"
	case "<=", "<":
		r.max, r.maxExcluded = &x, op == "<"
	case "=":
		r.min, r.max = &x, &x
	}
}

// narrow moves lo and hi within the bounds. step is the distance from a bound that is
// excluded.
func (r *rule) narrow(lo, hi, step float64) (float64, float64) {
	if r.min != nil {
		lo = *r.min
		if r.minExcluded {
			lo += step
		}
		hi = max(hi, lo)
	}
	if r.max != nil {
		hi = *r.max
		if r.maxExcluded {
			hi -= step
		}
		lo = min(lo, hi)
	}
	return lo, hi
}

// columnName strips parentheses, casts and quotes from a column's name.
func columnName(s string) string {
	s, _, _ = strings.Cut(s, "::")
	return strings.Trim(s, `()" `)
}

func unquote(s string) string { return strings.ReplaceAll(s, "''", "'") }

// literals returns the texts and numbers in an expression.
func literals(list string) []string {
	var out []string
	for _, m := range ruleLiteral.FindAllStringSubmatch(list, -1) {
		if strings.HasPrefix(m[0], "'") {
			out = append(out, unquote(m[1]))
		} else {
			out = append(out, m[0])
		}
	}
	return slices.Compact(out)
}

// elements returns the elements of an array as Postgres prints it, without its braces.
func elements(array string) []string {
	var out []string
	for _, m := range arrayElement.FindAllStringSubmatch(array, -1) {
		if m[1] != "" || strings.HasPrefix(m[0], `"`) {
			out = append(out, strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[1]))
		} else {
			out = append(out, m[0])
		}
	}
	return out
}

// conjuncts splits an expression at its outermost ANDs.
func conjuncts(expr string) []string {
	expr = unwrapParens(strings.TrimSpace(expr))
	depth, start, quoted := 0, 0, false
	var out []string
	for i := 0; i < len(expr); i++ {
		switch ch := expr[i]; {
		case ch == '\'':
			quoted = !quoted
		case quoted:
		case ch == '(' || ch == '[':
			depth++
		case ch == ')' || ch == ']':
			depth--
		case depth == 0 && strings.HasPrefix(expr[i:], " AND "):
			out = append(out, expr[start:i])
			start = i + 5
		}
	}
	if out == nil {
		return []string{expr}
	}
	var all []string
	for _, part := range append(out, expr[start:]) {
		all = append(all, conjuncts(part)...)
	}
	return all
}

// unwrapParens removes parentheses that enclose the whole expression.
func unwrapParens(s string) string {
	for strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		depth, quoted := 0, false
		for i := 0; i < len(s)-1; i++ {
			switch ch := s[i]; {
			case ch == '\'':
				quoted = !quoted
			case quoted:
			case ch == '(':
				depth++
			case ch == ')':
				if depth--; depth == 0 {
					return s
				}
			}
		}
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	return s
}
