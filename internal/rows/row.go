package rows

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// row is a row in the making.
type row struct {
	table                 *table
	definition            *Definition
	maker                 *rowMaker
	value                 reflect.Value // the struct; a Record where there is none
	number                int64         // of the row, from which its cells come
	values                []any         // by column
	isSet                 []bool
	origins               map[int]Path            // how a value came about
	tenantsThroughParents map[string]tenantOrigin // tenants of a row that has no column for them
	associations          []association
	children              []childRequest
	// hasSubtypeRow are the tables that already have a row for this base.
	hasSubtypeRow map[*table]bool
	mayExist      bool // all of its key is references: it may be there already
	resolved      bool
	sent          bool
	isExample     bool // it is not written, and comes with nothing
	// tenantsMade are tenants that this call made because none was given.
	tenantsMade []*row
}

// asParent of the row itself, for those that will belong to it.
func (r *row) asParent() *parentRow {
	return &parentRow{table: r.table, made: r, description: "the new " + r.table.name}
}

// setValue batches a column, or finds that another path has set it differently.
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

// canHaveParent reports whether a row may be the parent on a reference: whatever both sides
// know already must be equal.
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

// setParent makes a row the parent on a reference.
func (r *row) setParent(ref *reference, p *parentRow) error {
	via := ref.String() + p.keyText() + ", " + p.description
	if p.description == "" {
		via = ref.String() + p.keyText()
	}
	if ref.pair != nil {
		if err := r.setValue(ref.pairTypeColumn, ref.pairType, via); err != nil {
			return err
		}
	}
	given := false
	for i, col := range ref.childColumns {
		v, ok := p.value(ref.parentColumns[i])
		if given = given || ok && v != nil; !ok {
			continue
		}
		if err := r.setValue(col, v, via); err != nil {
			return err
		}
	}
	if !given || !ref.toTenant && r.isUnset(ref) {
		return fmt.Errorf("%s: %s: that row does not say its %s; was it created?", r.table.name, orElse(p.description, p.table.name), ref.parentColumnNames())
	}
	for _, l := range r.table.levels {
		if err := r.setTenant(l.tenant.Name, p.tenantKeyOf(l.tenant.Name), via); err != nil {
			return err
		}
	}
	return nil
}

// isUnset reports whether nothing has decided a reference yet.
func (r *row) isUnset(ref *reference) bool {
	for _, c := range ref.ownColumns {
		if !r.isSet[c] || r.values[c] == nil {
			return true
		}
	}
	return false
}

// keyIsReferences reports whether the row's whole key is references, so that another call
// may have written the same row.
func (r *row) keyIsReferences() bool {
	pk := r.table.relation.PrimaryKey()
	if pk == nil {
		return false
	}
	for _, name := range pk.Columns {
		if !r.table.columnsByName[name].inReference {
			return false
		}
	}
	return true
}

// fields of a base row that a subtype's row dictates.
func (r *row) setDiscriminators(discriminators map[int]string) error {
	for _, col := range slices.Sorted(maps.Keys(discriminators)) {
		if err := r.setField(col, discriminators[col]); err != nil {
			return err
		}
	}
	return nil
}

// setField batches a column before the caller has a say: in the row, or where that has no
// such field, in the row.
func (r *row) setField(col int, v any) error {
	b := r.maker.binding
	switch {
	case b == nil:
		r.record().Set(r.table.columns[col].name, v)
	case b.fieldByColumn[col] < 0:
		r.values[col], r.isSet[col] = v, true
	default:
		return b.storeField(r.value, col, v)
	}
	return nil
}

func (r *row) record() *Record { return recordOf(r.value) }

// readFields takes over what the definition and the options said.
func (r *row) readFields() error {
	if r.maker.binding == nil {
		return r.record().load(r)
	}
	r.maker.binding.readRow(r, r.value)
	return nil
}

// storeField writes a value that the engine or Postgres chose back into the row.
func (r *row) storeField(col int, v any) error {
	if r.maker.binding == nil {
		r.record().Set(r.table.columns[col].name, v)
		return nil
	}
	return r.maker.binding.storeField(r.value, col, v)
}
