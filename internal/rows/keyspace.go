package rows

import (
	"fmt"
	"math"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// KeySpaceError says that a table cannot have as many rows as were asked for: its
// unique keys and CHECKs leave too few values.
type KeySpaceError struct {
	Table       string
	Rows, Most  int64
	Column      string
	Definitions []string // of the key, and of what limits the column
}

func (e *KeySpaceError) Error() string {
	return fmt.Sprintf("%s: %d rows asked for, and %s has %d values: %s; ask for fewer rows, or fill the table in a call of its own that says what %s holds",
		e.Table, e.Rows, e.Column, e.Most, strings.Join(e.Definitions, ", "), e.Column)
}

// checkKeySpace refuses more rows than a unique key over one made-up column allows.
func (s *set) checkKeySpace() error {
	if s.call != nil && len(s.call.says) > 0 || s.bp.Fill != nil {
		return nil
	}
	for _, ix := range s.table.uniqueIndexes() {
		c := s.table.byName[ix.Keys[0].Column]
		if len(ix.Keys) > 1 || c == nil || c.inEdge || !c.made() || c.pool != nil {
			continue
		}
		if most := c.values(); most < s.n {
			return &KeySpaceError{Table: s.table.name, Rows: s.n, Most: most, Column: c.name, Definitions: append([]string{ix.Definition}, c.limits()...)}
		}
	}
	return nil
}

// values is how many different ones the column can have.
func (c *column) values() int64 {
	r := c.rule()
	typ := c.Type.Underlying()
	switch {
	case len(r.choices) > 0:
		return int64(len(r.choices) - len(c.avoided))
	case c.base == boolOID:
		return 2
	case r.lo != nil && r.hi != nil && typ.Category == "N" && typ.Name != "numeric" && !strings.HasPrefix(typ.Name, "float"):
		lo, hi := r.bounds(0, 0, 1)
		return int64(hi-lo) + 1
	case typ.Name == "int2":
		return math.MaxInt16
	}
	return math.MaxInt64
}

// limits are the CHECKs of the column.
func (c *column) limits() []string {
	var out []string
	for _, k := range append([]*catalog.Constraint{}, c.Table.Checks()...) {
		if len(k.Columns) == 1 && k.Columns[0] == c.name {
			out = append(out, k.Definition)
		}
	}
	return out
}
