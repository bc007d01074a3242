package rows

import (
	"fmt"
	"slices"
)

// childRequest asks for n child rows of each row made: the option Has.
type childRequest struct {
	n          int
	definition *Definition
}

// addChildren makes the child rows that Has asks for, then the row in the table of r's
// subtype.
func (b *batch) addChildren(r *row, chain []*row) error {
	for _, request := range r.children {
		def := request.definition
		t, err := b.schema.tableMadeBy(def)
		if err != nil {
			return err
		}
		r.hasRowIn[t] = true
		for range request.n {
			if err := b.addChild(r, def, t, chain); err != nil {
				return fmt.Errorf("Has: %w", err)
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
		if !r.hasRowIn[t] {
			return b.addChild(r, r.definition.definitionFor(b.schema, t), t, chain)
		}
	}
	return nil
}

// addChild makes one row of t that is about r; where r is t's tenant and no other reference of t
// leads to r's table, a row in tenant r.
func (b *batch) addChild(r *row, def *Definition, t *table, chain []*row) error {
	options, err := readOptions(b.schema, def.Options)
	if err != nil {
		return err
	}
	used, kind := false, aboutRow
	if t.isScopedBy(r.table) && !slices.ContainsFunc(t.references, func(ref *reference) bool { return !ref.toTenant && ref.parent == r.table }) {
		kind = inTenant
	}
	toParent := association{row: r.asParent(), kind: kind, used: &used}
	_, err = b.add(request{definition: def, table: t, associations: append([]association{toParent}, withoutAboutRow(r.associations)...), options: options, chain: chain})
	if err == nil && !used && slices.ContainsFunc(r.table.references, func(ref *reference) bool { return ref.parent == t }) {
		return fmt.Errorf("its rows would reference the new %s, and %[1]s reference %s: make the row of %[2]s first, and pass it with On", r.table.name, t.name)
	}
	if err == nil && !used {
		return unusedAssociation(t, []association{toParent})
	}
	return err
}

// withoutAboutRow drops the associations of On: the children of a row are about the row
// itself, not about what the row is about.
func withoutAboutRow(associations []association) []association {
	var out []association
	for _, a := range associations {
		if a.kind != aboutRow {
			out = append(out, a)
		}
	}
	return out
}
