package rows

import (
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// carriers marks, for each unique key, a column whose values must differ from row
// to row: the one that can do so most believably.
func (t *table) carriers() {
	for _, ix := range t.uniqueIndexes() {
		if !t.varies(ix) {
			c := t.carrier(ix)
			if c != nil && c.capacity() == 0 {
				// too few values to tell rows apart: parents must
				if e := t.lastEdge(ix); e != nil {
					e.exclusive = true
					continue
				}
			}
			if c != nil {
				c.unique = true
				c.forced = !c.made()
			}
		}
	}
	for _, c := range t.columns {
		if c.Writable() && !c.inEdge && c.partition() != nil {
			c.forced = true
		}
		if c.Writable() && !c.Required() && !c.inEdge && c.rule().present {
			c.forced = true
		}
	}
}

// varies reports whether the key differs anyway: a parent of its own, a number of
// its own, or a NULL.
func (t *table) varies(ix *catalog.Index) bool {
	for _, k := range ix.Keys {
		c := t.byName[k.Column]
		if c == nil {
			continue
		}
		if c.Identity != "" || strings.HasPrefix(c.Default, "nextval(") || c.base == uuidOID && c.volatileDefault() ||
			c.unique || !c.Required() && !c.Filled() && !c.inEdge && !ix.NullsNotDistinct {
			return true
		}
		for _, e := range t.edges {
			if e.exclusive && slices.Contains(e.own, c.index) {
				return true
			}
		}
	}
	return false
}

// lastEdge is the last reference that has part in a key, other than the tenant's.
func (t *table) lastEdge(ix *catalog.Index) (last *edge) {
	for _, k := range ix.Keys {
		for _, e := range t.edges {
			if c := t.byName[k.Column]; c != nil && slices.Contains(e.own, c.index) && !e.tenant && e.pair == nil {
				last = e
			}
		}
	}
	return last
}

func (t *table) carrier(ix *catalog.Index) *column {
	var best *column
	for _, k := range ix.Keys {
		c := t.byName[k.Column]
		if c == nil {
			c = t.mentioned(k.Expr)
		}
		if c == nil || !c.Writable() || c.inEdge {
			continue
		}
		if best == nil || c.capacity() > best.capacity() {
			best = c
		}
	}
	return best
}

// mentioned is the first column that an expression names.
func (t *table) mentioned(expr string) *column {
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(expr, -1) {
		if c := t.byName[word]; c != nil && !c.inEdge {
			return c
		}
	}
	return nil
}

// capacity ranks how well a column can differ from row to row.
func (c *column) capacity() int {
	r := c.rule()
	if len(r.choices) > 0 || c.base == boolOID {
		return 0
	}
	switch t := c.Type.Underlying(); {
	case t.Name == "uuid":
		return 9
	case t.Category == "S" && (r.maxLen == 0 || r.maxLen >= 8):
		return 8
	case t.Name == "int8", t.Name == "int4":
		return 7
	case t.Name == "timestamptz", t.Name == "timestamp":
		return 6
	case t.Name == "numeric", t.Name == "date":
		return 5
	}
	return 1
}
