package rows

import (
	"strings"

	"github.com/qarion/seedbed/internal/fake"
)

// hostile is the option Hostile.
type hostile struct{}

func (hostile) apply(c *callOptions) error {
	c.hostile = true
	return nil
}

// fillHostile sets the columns that may hold anything to hostile values.
func (r *row) fillHostile(cells *fake.Cells) error {
	cells.At(r.number)
	for _, c := range r.table.columns {
		infer := c.hostileValues()
		if infer == nil {
			continue
		}
		v := infer(cells.Of(c.name))
		if b := r.maker.binding; b != nil && b.fieldByColumn[c.index] >= 0 {
			b.tryStoreField(r.structValue, c.index, v)
		} else if err := r.setField(c.index, v); err != nil {
			return err
		}
	}
	return nil
}

// hostileValues returns what makes hostile values for a column; nil where a key, a
// reference, a CHECK or the type leaves no room for them.
func (c *column) hostileValues() func(*fake.Value) any {
	if !c.Writable() || c.inReference || c.inPrimaryKey || !c.isUnconstrained() {
		return nil
	}
	switch c.Type.Underlying().Name {
	case "text", "varchar", "bpchar", "citext":
		return c.hostileTexts()
	case "bytea":
		return func(v *fake.Value) any { return v.HostileBytes() }
	case "jsonb":
		return func(v *fake.Value) any { return v.HostileJSON() }
	case "json":
		return func(v *fake.Value) any {
			return fake.HostileJSONText[int(v.Row())%len(fake.HostileJSONText)]
		}
	}
	return nil
}

// hostileTexts makes hostile texts within the column's length. In a unique column, each
// ends in a tag of its own.
func (c *column) hostileTexts() func(*fake.Value) any {
	limit, unique := c.Length, c.inUnique()
	return func(v *fake.Value) any {
		if !unique {
			return v.HostileText(limit)
		}
		room := 0
		if limit > 0 {
			room = max(limit-9, 1)
		}
		return v.HostileText(room) + " " + v.Tag()
	}
}

// isUnconstrained reports whether no domain and no CHECK restricts the column, except its
// length or JSON type.
func (c *column) isUnconstrained() bool {
	for _, k := range c.Table.Checks() {
		for _, name := range k.Columns {
			if name == c.name && (len(k.Columns) > 1 || !harmless(k.Expr)) {
				return false
			}
		}
	}
	return len(c.Type.Domains()) == 0
}

// harmless reports whether a CHECK looks only at a length, or at whether a document is an
// object.
func harmless(expr string) bool {
	if strings.Contains(expr, "jsonb_typeof") {
		return strings.Contains(expr, "'object'") && !strings.Contains(expr, "CASE")
	}
	return strings.Contains(expr, "length(") && !strings.ContainsAny(expr, "~'")
}
