package rows

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// candidateValues returns the values to try in a column: inferred ones, those that the
// CHECKs name, NULL, and the simplest of the type.
func (solver *checkSolver) candidateValues(c *column) []*string {
	var out []*string
	add := func(s string) { out = append(out, &s) }
	if c.inReference && solver.violated == nil {
		solver.cells.At(7)
		add(literalText(inferValue(c)(solver.cells.Of(c.name))))
		return append(out, nil)
	}
	if choices := c.rule().choices; len(choices) > 0 && solver.violated == nil {
		for _, s := range choices {
			add(s)
		}
		if !c.Required() {
			out = append(out, nil)
		}
		return out
	}
	infer := inferValue(c)
	if solver.needsDistinctValues(c) {
		infer = inferValue(c.asUnique())
	}
	if solver.inferred == nil {
		solver.inferred = map[*string]bool{}
	}
	for row := range int64(3) {
		solver.cells.At(row)
		add(literalText(infer(solver.cells.Of(c.name))))
		solver.inferred[out[len(out)-1]] = true
	}
	if !c.Required() {
		out = append(out, nil)
	}
	t := c.Type.Underlying()
	for _, k := range solver.checks {
		if !slices.Contains(k.Columns, c.name) {
			continue
		}
		for _, lit := range literals(k.Expr) {
			if fitsType(t, lit) {
				add(lit)
			}
		}
		for _, m := range patternsOf(k.Expr) {
			if p, err := fake.NewPattern(m, 0); err == nil && t.Category == "S" {
				solver.cells.At(1)
				add(solver.cells.Of(c.name).Match(p))
			}
		}
	}
	for _, s := range simpleValues(t) {
		add(s)
	}
	for _, k := range solver.checks {
		if slices.Contains(k.Columns, c.name) {
			for _, s := range structuredValues(t, k.Expr) {
				add(s)
			}
		}
	}
	return out
}

// needsDistinctValues reports whether the column belongs to a unique key and can have many
// values.
func (solver *checkSolver) needsDistinctValues(c *column) bool {
	return solver.violated == nil && !c.inReference && c.inUnique() && c.baseOID != boolOID && len(c.rule().choices) == 0
}

// asUnique returns the column as one whose values must differ from row to row.
func (c *column) asUnique() *column {
	other := *c
	other.mustDiffer = true
	return &other
}

// simpleValues returns the simplest values of a type.
func simpleValues(t *catalog.Type) []string {
	switch {
	case t.Name == "bool":
		return []string{"true", "false"}
	case t.Category == "N":
		return []string{"0", "1", "2", "10", "100", "-1"}
	case t.Name == "jsonb", t.Name == "json":
		return []string{"{}", "[]", `"x"`, "1", "null", `{"name": "x"}`}
	case t.Category == "S":
		return []string{"", "x"}
	case t.Elem != nil && t.Elem.Category == "S":
		return []string{"{}", "{a}", "{a,b}"}
	case t.Elem != nil && t.Elem.Category == "N":
		return []string{"{}", "{1}", "{1,2}"}
	case strings.HasPrefix(t.Name, "timestamp"), t.Name == "date":
		return []string{"2025-01-01", "2025-06-01", "2026-01-01"}
	}
	return t.Labels
}

// jsonKey finds the keys that an expression reads of a JSON document.
var jsonKey = regexp.MustCompile(`(?:->>?|#>>?|\?[|&]?) ?(?:ARRAY\[)?\(?'((?:[^']|'')*)'`)

// structuredValues returns documents with the keys that an expression names, or arrays of
// the lengths that it names.
func structuredValues(t *catalog.Type, expr string) []string {
	var out []string
	switch {
	case t.Name == "jsonb" || t.Name == "json":
		var keys []string
		for _, m := range jsonKey.FindAllStringSubmatch(expr, -1) {
			for _, key := range strings.Split(strings.Trim(m[1], "{}"), ",") {
				if !slices.Contains(keys, key) {
					keys = append(keys, key)
				}
			}
		}
		values := []any{"x", 1, true, []any{}, map[string]any{}, []any{"x"}}
		for _, lit := range literals(expr) {
			if !slices.Contains(keys, lit) {
				values = append(values, lit)
			}
		}
		for _, v := range values {
			if len(keys) == 0 {
				break
			}
			doc := map[string]any{}
			for _, key := range keys {
				doc[key] = v
			}
			text, _ := json.Marshal(doc)
			out = append(out, string(text))
		}
	case t.Elem != nil:
		element := map[string]string{"S": "a", "N": "1", "B": "true", "D": "2025-01-01"}[t.Elem.Underlying().Category]
		if t.Elem.Name == "uuid" {
			element = "00000000-0000-4000-8000-000000000001"
		}
		if labels := t.Elem.Underlying().Labels; len(labels) > 0 {
			element = labels[0]
		}
		for _, lit := range literals(expr) {
			if n, err := strconv.Atoi(lit); err == nil && n > 0 && n <= 64 && element != "" {
				for size := n; size <= n+1; size++ {
					out = append(out, "{"+strings.TrimSuffix(strings.Repeat(element+",", size), ",")+"}")
				}
			}
		}
	}
	return out
}

var patternLiteral = regexp.MustCompile(`~\*? '((?:[^']|'')*)'`)

// patternsOf returns the regular expressions in an expression.
func patternsOf(expr string) []string {
	var out []string
	for _, m := range patternLiteral.FindAllStringSubmatch(expr, -1) {
		out = append(out, unquote(m[1]))
	}
	return out
}

// fitsType reports whether a literal of an expression may be a value of the type.
func fitsType(t *catalog.Type, lit string) bool {
	switch {
	case t.Kind == catalog.EnumType:
		return slices.Contains(t.Labels, lit)
	case t.Name == "jsonb", t.Name == "json":
		return json.Valid([]byte(lit))
	case t.Category == "S":
		return true
	case t.Category == "N":
		return regexp.MustCompile(`^-?\d{1,9}(\.\d+)?$`).MatchString(lit) && (t.Name == "numeric" || strings.HasPrefix(t.Name, "float") || !strings.Contains(lit, ".")) &&
			(t.Name != "int2" || len(lit) < 5)
	}
	return false
}
