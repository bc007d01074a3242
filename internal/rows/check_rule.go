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

// Postgres prints constraints fully parenthesised and with casts. These expressions read
// the forms that people write most; for all others checkSolver asks the server.
var (
	ruleAny     = regexp.MustCompile(`^(\S+) = ANY \(+ARRAY\[(.*?)\]`) // x = ANY (ARRAY['a'::text, 'b'::text])
	ruleAnyText = regexp.MustCompile(`^(\S+) = ANY \(+'\{(.*)\}'::`)   // x = ANY ('{a,b}'::text[])
	ruleMatch   = regexp.MustCompile(`^(\S+) ~ '((?:[^']|'')*)'`)      // x ~ '^[a-z]+$'
	ruleLength  = regexp.MustCompile(`^(?:char_|character_|octet_)?length\((?:btrim\()?([^)]*?)\)+ (>=|<=|>|<|=) (\d+)$`)
	ruleBound   = regexp.MustCompile(`^(\S+) (>=|<=|>|<|=) \(?'?(-?\d+(?:\.\d+)?)'?\)?(?:::[\w ]+)?$`)
	ruleJSON    = regexp.MustCompile(`^jsonb?_typeof\((\S+)\) = '(\w+)'`)
	ruleEqual   = regexp.MustCompile(`^(\S+) = '((?:[^']|'')*)'`)
	ruleNotNull = regexp.MustCompile(`^(\S+) IS NOT NULL$`)
	ruleCase    = regexp.MustCompile(`^(\S+) = (upper|lower)\((\S+)\)$`) // x = lower(x)
	ruleBool    = regexp.MustCompile(`^(?:NOT )?(\S+)$`)                 // x, or NOT x

	arrayElement = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|[^,]+`)
	literal      = regexp.MustCompile(`'((?:[^']|'')*)'|-?\d+(?:\.\d+)?`)
	// qualifiedOperator matches an operator of an extension's type: OPERATOR(public.~)
	qualifiedOperator = regexp.MustCompile(`OPERATOR\((?:"[^"]+"|\w+)\.([^)]+)\)`)
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
	if r.choices == nil {
		r.choices = c.childChoices
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
	match := func(re *regexp.Regexp) []string {
		m := re.FindStringSubmatch(part)
		if m == nil || columnName(m[1]) != name {
			return nil
		}
		return m
	}
	if match(ruleNotNull) != nil {
		r.notNull = true
	} else if m := match(ruleAny); m != nil {
		r.choices = literals(m[2])
	} else if m := match(ruleAnyText); m != nil {
		r.choices = elements(unquote(m[2]))
	} else if m := match(ruleMatch); m != nil {
		r.patterns = append(r.patterns, unquote(m[2]))
	} else if m := match(ruleLength); m != nil {
		n, _ := strconv.Atoi(m[3])
		r.addLength(m[2], n)
	} else if m := match(ruleJSON); m != nil {
		r.jsonType = m[2]
	} else if m := match(ruleBound); m != nil {
		x, _ := strconv.ParseFloat(m[3], 64)
		r.addBound(m[2], x)
	} else if m := match(ruleEqual); m != nil {
		r.choices = []string{unquote(m[2])}
	} else if m := match(ruleCase); m != nil && columnName(m[3]) == name {
		r.letterCase = m[2]
	} else if match(ruleBool) != nil {
		r.choices = []string{strconv.FormatBool(!strings.HasPrefix(part, "NOT "))}
	}
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

// unquote undoubles the quotes in a literal.
func unquote(s string) string { return strings.ReplaceAll(s, "''", "'") }

// literals returns the texts and numbers in an expression.
func literals(list string) []string {
	var out []string
	for _, m := range literal.FindAllStringSubmatch(list, -1) {
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
