package rows

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule is what CHECK constraints say of one column, as far as it can be read.
// Nil and zero fields say nothing.
type rule struct {
	choices  []string
	patterns []string
	lo, hi   *float64
	above    bool // lo itself is out
	below    bool // hi itself is out
	minLen   int
	maxLen   int
	json     string // the jsonb_typeof it must have
	present  bool   // IS NOT NULL
	fold     string // upper or lower: the case it must have
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

// rule reads every CHECK that is about the column alone, its domains' included.
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

func (r *rule) read(expr, name string) {
	expr = qualifiedOperator.ReplaceAllString(expr, "$1")
	for _, part := range conjuncts(expr) {
		r.readOne(part, name)
	}
}

func (r *rule) readOne(part, name string) {
	mine := func(s string) bool { return columnName(s) == name }
	switch {
	case matchColumn(ruleNotNull, part, mine) != nil:
		r.present = true
	case matchColumn(ruleAny, part, mine) != nil:
		r.choices = literals(matchColumn(ruleAny, part, mine)[2])
	case matchColumn(ruleAnyText, part, mine) != nil:
		r.choices = elements(unquote(matchColumn(ruleAnyText, part, mine)[2]))
	case matchColumn(ruleMatch, part, mine) != nil:
		r.patterns = append(r.patterns, unquote(matchColumn(ruleMatch, part, mine)[2]))
	case matchColumn(ruleLength, part, mine) != nil:
		m := matchColumn(ruleLength, part, mine)
		n, _ := strconv.Atoi(m[3])
		r.length(m[2], n)
	case matchColumn(ruleJSON, part, mine) != nil:
		r.json = matchColumn(ruleJSON, part, mine)[2]
	case matchColumn(ruleBound, part, mine) != nil:
		m := matchColumn(ruleBound, part, mine)
		x, _ := strconv.ParseFloat(m[3], 64)
		r.bound(m[2], x)
	case matchColumn(ruleEqual, part, mine) != nil:
		r.choices = []string{unquote(matchColumn(ruleEqual, part, mine)[2])}
	case matchColumn(ruleFold, part, mine) != nil && mine(matchColumn(ruleFold, part, mine)[3]):
		r.fold = matchColumn(ruleFold, part, mine)[2]
	case matchColumn(ruleFlag, part, mine) != nil:
		r.choices = []string{strconv.FormatBool(!strings.HasPrefix(part, "NOT "))}
	}
}

func matchColumn(re *regexp.Regexp, s string, mine func(string) bool) []string {
	m := re.FindStringSubmatch(s)
	if m == nil || !mine(m[1]) {
		return nil
	}
	return m
}

func (r *rule) length(op string, n int) {
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

func (r *rule) bound(op string, x float64) {
	switch op {
	case ">=", ">":
		r.lo, r.above = &x, op == ">"
	case "<=", "<":
		r.hi, r.below = &x, op == "<"
	case "=":
		r.lo, r.hi = &x, &x
	}
}

// bounds are lo and hi with what lies outside moved in by a step.
func (r *rule) bounds(lo, hi, step float64) (float64, float64) {
	if r.lo != nil {
		lo = *r.lo
		if r.above {
			lo += step
		}
		hi = max(hi, lo)
	}
	if r.hi != nil {
		hi = *r.hi
		if r.below {
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

// elements of an array as Postgres prints one, without its braces.
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

// unwrapParens takes parentheses off that enclose the whole expression.
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
