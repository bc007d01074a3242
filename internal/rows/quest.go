package rows

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// found turns the rows of a search into values for columns, and a decision for
// references: that of the first row, which only the rows like it then serve.
func (q *quest) found(rows [][]*string) (map[string]*pool, map[string]bool) {
	pools, wanted := map[string]*pool{}, map[string]bool{}
	name := func(c *column) string { return q.table.name + "\x00" + c.name }
	alike := func(row []*string) bool {
		for i, c := range q.columns {
			if c.inEdge && (row[i] == nil) != (rows[0][i] == nil) {
				return false
			}
		}
		return true
	}
	p := &pool{guessed: q.guessed}
	rows = q.preferFresh(rows)
	for _, row := range rows {
		if alike(row) {
			p.rows = append(p.rows, row)
		}
	}
	for i, c := range q.columns {
		p.columns, p.fresh = append(p.columns, c.index), append(p.fresh, nil)
		if q.differs(c) {
			p.fresh[i] = guess(c.differing())
		}
		if c.inEdge {
			wanted[name(c)] = rows[0][i] != nil
		} else {
			pools[name(c)] = p
		}
	}
	return pools, wanted
}

// differs reports whether the column is part of a unique key and has many values.
func (q *quest) differs(c *column) bool {
	return q.broken == nil && !c.inEdge && c.inUnique() && c.base != boolOID && len(c.rule().choices) == 0
}

// differing is the column as one whose values differ from row to row.
func (c *column) differing() *column {
	other := *c
	other.unique = true
	return &other
}

// preferFresh keeps the rows that have no fixed value in a unique column, where there
// are any.
func (q *quest) preferFresh(rows [][]*string) [][]*string {
	fresh := slices.DeleteFunc(slices.Clone(rows), func(row []*string) bool {
		for i, c := range q.columns {
			if q.differs(c) && row[i] != nil && !q.guessed[row[i]] {
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

// known reports whether all columns of the search were searched for before.
func (q *quest) known() bool {
	for _, c := range q.columns {
		_, wanted := q.table.schema.wanted[q.table.name+"\x00"+c.name]
		if c.pool == nil && !wanted {
			return false
		}
	}
	return true
}

// quest is one search: the columns that a group of constraints reads.
type quest struct {
	table   *table
	columns []*column
	checks  []*catalog.Constraint
	options [][]*string // candidates, by column
	cells   *fake.Cells
	draws   int64
	guessed map[*string]bool    // which candidates are what would be guessed
	broken  *catalog.Constraint // the one to break, in search of a violation
}

// cluster grows from a constraint to all that share columns with it.
func (q *quest) cluster(k *catalog.Constraint) {
	names := slices.Clone(k.Columns)
	for grown := true; grown; {
		grown = false
		for _, other := range q.table.rel.Checks() {
			if slices.Contains(q.checks, other) || !slices.ContainsFunc(other.Columns, func(n string) bool { return slices.Contains(names, n) }) {
				continue
			}
			q.checks, grown = append(q.checks, other), true
			names = append(names, other.Columns...)
			names = append(names, q.generatedFrom(other.Columns)...)
		}
	}
	for _, c := range q.table.columns {
		free := !c.inKey && (!c.inEdge || q.table.maybe(c))
		if q.broken != nil { // a violation may touch keys, and say nonsense of what it points at
			free = !c.inEdge && c.base != uuidOID || q.table.pairType(c)
		}
		if slices.Contains(names, c.name) && c.Writable() && free {
			q.columns = append(q.columns, c)
		}
	}
	for _, c := range q.columns {
		q.options = append(q.options, q.candidates(c))
	}
}

// maybe reports whether a column is one of a reference that a row may do without.
func (t *table) maybe(c *column) bool {
	return !c.Required() && !t.tenantColumn(c.index) && !t.pairType(c) && slices.ContainsFunc(t.edges, func(e *edge) bool {
		return e.pair == nil && slices.Contains(e.own, c.index) && (e.parent != t || len(e.own) == 1)
	})
}

// pairType reports whether a column says which table a polymorphic pair points at.
func (t *table) pairType(c *column) bool {
	return slices.ContainsFunc(t.edges, func(e *edge) bool { return e.pair != nil && e.typ == c.index })
}

// generatedFrom are the columns that generated ones among those named read.
func (q *quest) generatedFrom(columns []string) []string {
	var out []string
	for _, name := range columns {
		if c := q.table.byName[name]; c != nil && c.Generated != "" {
			for _, other := range q.table.columns {
				if mentions(c.Expr, other.name) {
					out = append(out, other.name)
				}
			}
		}
	}
	return out
}

func mentions(expr, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(expr)
}

// candidates of a column: what would be guessed, what the constraints name, NULL,
// and what its type's simplest values are.
func (q *quest) candidates(c *column) []*string {
	var out []*string
	add := func(s string) { out = append(out, &s) }
	if c.inEdge && q.broken == nil {
		q.cells.At(7)
		add(literalText(guess(c)(q.cells.Of(c.name))))
		return append(out, nil)
	}
	if choices := c.rule().choices; len(choices) > 0 && q.broken == nil {
		for _, s := range choices {
			add(s)
		}
		if !c.Required() {
			out = append(out, nil)
		}
		return out
	}
	make := guess(c)
	if q.differs(c) {
		make = guess(c.differing())
	}
	if q.guessed == nil {
		q.guessed = map[*string]bool{}
	}
	for row := range int64(3) {
		q.cells.At(row)
		add(literalText(make(q.cells.Of(c.name))))
		q.guessed[out[len(out)-1]] = true
	}
	if !c.Required() {
		out = append(out, nil)
	}
	t := c.Type.Underlying()
	for _, k := range q.checks {
		if !slices.Contains(k.Columns, c.name) {
			continue
		}
		for _, lit := range literalsOf(k.Expr) {
			if fitsType(t, lit) {
				add(lit)
			}
		}
		for _, m := range patternsOf(k.Expr) {
			if p, err := fake.NewPattern(m, 0); err == nil && t.Category == "S" {
				q.cells.At(1)
				add(q.cells.Of(c.name).Match(p))
			}
		}
	}
	for _, s := range simplest(t) {
		add(s)
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
	return show(v)
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

func simplest(t *catalog.Type) []string {
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
