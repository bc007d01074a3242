package rows

import (
	"fmt"
	"slices"
)

// childRequest are rows that a row comes with: Has.
type childRequest struct {
	n          int
	definition *Definition
}

// addChildren makes what d comes with: what the caller asked for, then the row that
// its subtype needs.
func (b *batch) addChildren(r *row, chain []*row) error {
	for _, c := range r.children {
		def := c.definition
		t, err := b.schema.table(def.Table)
		if err != nil {
			return err
		}
		r.hasSubtypeRow[t] = true
		for range c.n {
			if err := b.addChild(r, def, t, chain); err != nil {
				return err
			}
		}
	}
	inherits, ok := b.schema.model.Inherits(r.table.name)
	if !ok {
		return nil
	}
	c := r.table.columnsByName[inherits.Discriminator]
	for _, sub := range inherits.Subtypes {
		if c == nil || sub.Table == "" || keyText(c, r.values[c.index]) != sub.Value {
			continue
		}
		t, err := b.schema.table(sub.Table)
		if err != nil {
			return err
		}
		if !r.hasSubtypeRow[t] {
			return b.addChild(r, r.definition.definitionFor(b.schema, t), t, chain)
		}
	}
	return nil
}

func (b *batch) addChild(r *row, def *Definition, t *table, chain []*row) error {
	used := false
	call, err := readOptions(b.schema, def.Options)
	if err != nil {
		return err
	}
	kind := aboutRow
	if t.isScopedBy(r.table) && !slices.ContainsFunc(t.references, func(ref *reference) bool { return !ref.toTenant && ref.parent == r.table }) {
		kind = inTenant
	}
	own := []association{{row: r.asParent(), kind: kind, used: &used}}
	_, err = b.add(request{definition: def, table: t, associations: append(own, withoutAboutRow(r.associations)...), options: call, chain: chain})
	if err == nil && !used {
		return fmt.Errorf("Has: %w", unusedAssociation(t, own[:1]))
	}
	return err
}

// withoutAboutRow leaves out what a row is about: its children are about the row.
func withoutAboutRow(associations []association) []association {
	var out []association
	for _, a := range associations {
		if a.kind != aboutRow {
			out = append(out, a)
		}
	}
	return out
}
