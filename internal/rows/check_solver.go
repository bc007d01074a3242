package rows

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// solve turns the rows of a search into values for columns, and a decision for
// references: that of the first row, which only the rows like it then serve.
func (solver *checkSolver) solve(found [][]*string) (map[columnKey]*solvedValues, map[columnKey]bool) {
	solved, wanted := map[columnKey]*solvedValues{}, map[columnKey]bool{}
	name := func(c *column) columnKey { return columnKey{solver.table.name, c.name} }
	alike := func(row []*string) bool {
		for i, c := range solver.columns {
			if c.inReference && (row[i] == nil) != (found[0][i] == nil) {
				return false
			}
		}
		return true
	}
	values := &solvedValues{inferred: solver.inferred}
	found = solver.preferInferred(found)
	for _, row := range found {
		if alike(row) {
			values.rows = append(values.rows, row)
		}
	}
	for i, c := range solver.columns {
		values.columns, values.uniqueInferrers = append(values.columns, c.index), append(values.uniqueInferrers, nil)
		if solver.needsDistinctValues(c) {
			values.uniqueInferrers[i] = inferValue(c.asUnique())
		}
		if c.inReference {
			wanted[name(c)] = found[0][i] != nil
		} else {
			solved[name(c)] = values
		}
	}
	return solved, wanted
}

// needsDistinctValues reports whether the column is part of a unique key and has many values.
func (solver *checkSolver) needsDistinctValues(c *column) bool {
	return solver.violated == nil && !c.inReference && c.inUnique() && c.baseOID != boolOID && len(c.rule().choices) == 0
}

// asUnique is the column as one whose values differ from row to row.
func (c *column) asUnique() *column {
	other := *c
	other.mustDiffer = true
	return &other
}

// preferInferred keeps the rows that have no fixed value in a unique column, where there
// are any.
func (solver *checkSolver) preferInferred(rows [][]*string) [][]*string {
	fresh := slices.DeleteFunc(slices.Clone(rows), func(row []*string) bool {
		for i, c := range solver.columns {
			if solver.needsDistinctValues(c) && row[i] != nil && !solver.inferred[row[i]] {
				return true
			}
		}
		return false
	})
	if len(fresh) == 0 {
		return rows
	}
	return fresh
}

// alreadySearched reports whether all columns of the search were searched for before.
func (solver *checkSolver) alreadySearched() bool {
	for _, c := range solver.columns {
		_, wanted := solver.table.schema.wantedReferences[columnKey{solver.table.name, c.name}]
		if c.solved == nil && !wanted {
			return false
		}
	}
	return true
}

// checkSolver is one search: the columns that a group of constraints reads.
type checkSolver struct {
	table      *table
	columns    []*column
	checks     []*catalog.Constraint
	candidates [][]*string // candidates, by column
	cells      *fake.Cells
	draws      int64
	inferred   map[*string]bool    // which candidates are what would be inferred
	violated   *catalog.Constraint // the one to break, in search of a violation
}

// addConstraint grows from a constraint to all that share columns with it.
func (solver *checkSolver) addConstraint(k *catalog.Constraint) {
	names := slices.Clone(k.Columns)
	for grown := true; grown; {
		grown = false
		for _, other := range solver.table.relation.Checks() {
			if slices.Contains(solver.checks, other) || !slices.ContainsFunc(other.Columns, func(n string) bool { return slices.Contains(names, n) }) {
				continue
			}
			solver.checks, grown = append(solver.checks, other), true
			names = append(names, other.Columns...)
			names = append(names, solver.generatedFrom(other.Columns)...)
		}
	}
	for _, c := range solver.table.columns {
		free := !c.inPrimaryKey && (!c.inReference || solver.table.isOptionalReference(c))
		if solver.violated != nil { // a violation may touch keys, and say nonsense of what it points at
			free = !c.inReference && c.baseOID != uuidOID || solver.table.isPairTypeColumn(c)
		}
		if slices.Contains(names, c.name) && c.Writable() && free {
			solver.columns = append(solver.columns, c)
		}
	}
	for _, c := range solver.columns {
		solver.candidates = append(solver.candidates, solver.candidateValues(c))
	}
}

// isOptionalReference reports whether a column is one of a reference that a row may do without.
func (t *table) isOptionalReference(c *column) bool {
	return !c.Required() && !t.isTenantColumn(c.index) && !t.isPairTypeColumn(c) && slices.ContainsFunc(t.references, func(ref *reference) bool {
		return ref.pair == nil && slices.Contains(ref.ownColumns, c.index) && (ref.parent != t || len(ref.ownColumns) == 1)
	})
}

// isPairTypeColumn reports whether a column says which table a polymorphic pair points at.
func (t *table) isPairTypeColumn(c *column) bool {
	return slices.ContainsFunc(t.references, func(ref *reference) bool { return ref.pair != nil && ref.pairTypeColumn == c.index })
}

// generatedFrom are the columns that generated ones among those named read.
func (solver *checkSolver) generatedFrom(columns []string) []string {
	var out []string
	for _, name := range columns {
		if c := solver.table.columnsByName[name]; c != nil && c.Generated != "" {
			for _, other := range solver.table.columns {
				if mentionsColumn(c.Expr, other.name) {
					out = append(out, other.name)
				}
			}
		}
	}
	return out
}

func mentionsColumn(expr, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(expr)
}

// candidateValues of a column: what would be inferred, what the constraints name, NULL,
// and what its type's simplest values are.
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

var jsonKey = regexp.MustCompile(`(?:->>?|#>>?|\?[|&]?) ?(?:ARRAY\[)?\(?'((?:[^']|'')*)'`)

// structuredValues are documents with the keys that a constraint names, and arrays of the
// lengths that it names.
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

func patternsOf(expr string) []string {
	var out []string
	for _, m := range patternLiteral.FindAllStringSubmatch(expr, -1) {
		out = append(out, unquote(m[1]))
	}
	return out
}

func literalText(v any) string {
	switch x := v.(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case []byte:
		return fmt.Sprintf(`\x%x`, x)
	}
	return display(v)
}

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

func simpleValues(t *catalog.Type) []string {
	switch {
	case t.Name == "bool":
		return []string{"true", "false"}
	case t.Category == "N":
		return []string{"0", "1", "2", "10", "100", "-1"}
	case t.Name == "jsonb", t.Name == "json":
		return []string{"{}", "[]", `"x"`, "1", "null"}
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
