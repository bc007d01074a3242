package rows

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// row is a row that is being made. Its definition and the options fill structValue, a Go struct or
// a Record; readFields copies that into values, by column; the references add theirs; what
// values then holds is inserted, and storeField writes it back into structValue.
type row struct {
	table        *table
	definition   *Definition
	maker        *rowMaker
	structValue  reflect.Value // of the definition's type
	number       int64         // which row of the table; the cells are made from it
	values       []any         // by column
	isSet        []bool        // by column: values has a value, or NULL
	origins      map[int]Path  // by column: where the value comes from
	associations []association
	children     []childRequest

	// tenantsThroughParents are the tenants, by level name, of a row whose table has no
	// tenant columns.
	tenantsThroughParents map[string]tenantOrigin
	// tenantsMade are the tenants that were made because the caller gave none.
	tenantsMade []*row
	// hasRowIn holds the child tables in which this base has a row, or in which Has says how many.
	hasRowIn map[*table]bool

	// writtenAfter are the rows of the call that foreign keys checked at once lead to.
	writtenAfter []*row

	mayExist  bool // its key consists of references, so the database may have the row
	resolved  bool // its parents are found or made
	sent      bool // its INSERT is queued
	isExample bool // it is not written and has no children
}

// asParent returns the row as a parent of other rows.
func (r *row) asParent() *parentRow {
	return &parentRow{table: r.table, made: r, description: "the new " + r.table.name}
}

// setValue sets a column. A different value that is set already is a *DisagreeError. NULL
// sets nothing.
func (r *row) setValue(col int, v any, via string) error {
	c := r.table.columns[col]
	if v = canonical(c, v); v == nil {
		return nil
	}
	if !r.isSet[col] || r.values[col] == nil {
		r.values[col], r.isSet[col] = v, true
		r.origins[col] = Path{Via: via}
		return nil
	}
	if old := canonical(c, r.values[col]); old != v {
		first := r.origins[col]
		return &DisagreeError{Table: r.table.name, Column: c.name,
			First: Path{first.Via, display(old)}, Second: Path{via, display(v)}}
	}
	return nil
}

// canHaveParent reports whether p may be the parent of r on a reference: p's key is known,
// and no column, discriminator or tenant that both rows know differs.
func (r *row) canHaveParent(ref *reference, p *parentRow) bool {
	if p.table != ref.parent {
		return false
	}
	for i, col := range ref.childColumns {
		v, ok := p.value(ref.parentColumns[i])
		if !ok || v == nil {
			return false
		}
		if r.isSet[col] && r.values[col] != nil && canonical(r.table.columns[col], r.values[col]) != v {
			return false
		}
	}
	for col, want := range ref.discriminators {
		if v, ok := p.value(col); ok && v != want {
			return false
		}
	}
	if ref.pair != nil && r.isSet[ref.pairTypeColumn] && keyText(r.table.columns[ref.pairTypeColumn], r.values[ref.pairTypeColumn]) != ref.pairType {
		return false
	}
	for _, l := range r.table.levels {
		mine, theirs := r.tenantKeyOf(l.tenant.Name), p.knownTenantKey(l.tenant.Name)
		if mine != nil && theirs != nil && !slices.Equal(mine, theirs) {
			return false
		}
	}
	return true
}

// setParent makes p the parent of r on a reference: it sets the columns of the reference
// and the tenant.
func (r *row) setParent(ref *reference, p *parentRow) error {
	via := ref.String() + p.keyText() + ", " + p.description
	if p.description == "" {
		via = ref.String() + p.keyText()
	}
	if p.made != nil && ref.checkedAtOnce() {
		r.writtenAfter = append(r.writtenAfter, p.made)
	}
	if ref.pair != nil {
		if err := r.setValue(ref.pairTypeColumn, ref.pairType, via); err != nil {
			return err
		}
	}
	hasKey := false
	for i, col := range ref.childColumns {
		v, ok := p.value(ref.parentColumns[i])
		if hasKey = hasKey || ok && v != nil; !ok {
			continue
		}
		if err := r.setValue(col, v, via); err != nil {
			return err
		}
	}
	if !hasKey || !ref.toTenant && r.isUnset(ref) {
		return fmt.Errorf("%s: %s: that row does not say its %s; was it created?", r.table.name, cmp.Or(p.description, p.table.name), ref.parentColumnNames())
	}
	for _, l := range r.table.levels {
		if err := r.setTenant(l.tenant.Name, p.tenantKeyOf(l.tenant.Name), via); err != nil {
			return err
		}
	}
	return nil
}

// isUnset reports whether a column that only this reference decides is still unset.
func (r *row) isUnset(ref *reference) bool {
	for _, c := range ref.ownColumns {
		if !r.isSet[c] || r.values[c] == nil {
			return true
		}
	}
	return false
}

// setDiscriminators sets the discriminator columns of a base whose subtype is known.
func (r *row) setDiscriminators(discriminators map[int]string) error {
	for _, col := range slices.Sorted(maps.Keys(discriminators)) {
		if err := r.setField(col, discriminators[col]); err != nil {
			return err
		}
	}
	return nil
}

// setField sets a column before the definition and the options do: in the struct or Record
// or, where the struct has no such field, in values.
func (r *row) setField(col int, v any) error {
	b := r.maker.binding
	switch {
	case b == nil:
		r.record().Set(r.table.columns[col].name, v)
	case b.fieldByColumn[col] < 0:
		r.values[col], r.isSet[col] = v, true
	default:
		return b.storeField(r.structValue, col, v)
	}
	return nil
}

func (r *row) record() *Record { return recordOf(r.structValue) }

// readFields copies what the definition and the options have set from structValue to values.
func (r *row) readFields() error {
	if r.maker.binding == nil {
		return r.record().readInto(r)
	}
	return r.maker.binding.readRow(r, r.structValue)
}

// storeField writes a column back into the struct or Record.
func (r *row) storeField(col int, v any) error {
	if r.maker.binding == nil {
		r.record().Set(r.table.columns[col].name, v)
		return nil
	}
	return r.maker.binding.storeField(r.structValue, col, v)
}
