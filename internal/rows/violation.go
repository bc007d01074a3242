package rows

import (
	"slices"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// violation is a row that one constraint should refuse.
type violation struct {
	name       string // of the constraint; of NOT NULL, of the column
	definition string
	sqlState   string              // the error that is expected
	values     map[string]any      // of the row, by column name
	reason     string              // why no such row can be made; "": it can
	check      *catalog.Constraint // values are to be searched that break this CHECK
}

// violations returns a row for each constraint of the table: the second of two valid rows,
// changed so that it breaks the constraint. The first row is in the database.
func (t *table) violations(first, second *row) []violation {
	var out []violation
	for _, c := range t.columns {
		if c.NotNull && c.Writable() && c.Identity == "" {
			v := violation{name: c.name, definition: "NOT NULL", sqlState: "23502"}
			v.values = second.withChanges(map[string]any{c.name: nil})
			out = append(out, v)
		}
	}
	for _, k := range t.relation.Constraints {
		v := violation{name: k.Name, definition: k.Definition}
		switch k.Kind {
		case catalog.PrimaryKey, catalog.Unique:
			v.sqlState, v.values, v.reason = "23505", second.withChanges(first.valuesOf(k.Columns)), t.whyNotWritable(k.Columns)
		case catalog.Exclusion:
			v.sqlState, v.values = "23P01", second.withChanges(first.writableValues())
			v.values = second.withFreshKey(v.values)
		case catalog.ForeignKey:
			if k.Inherited || !k.Enforced {
				continue
			}
			v.sqlState = "23503"
			v.values, v.reason = t.danglingValues(k, second)
		case catalog.Check:
			v.sqlState, v.check, v.values = "23514", k, second.withChanges(nil)
		default:
			continue
		}
		out = append(out, v)
	}
	return out
}

// writableValues returns the row's values by column name, without generated columns.
func (r *row) writableValues() map[string]any {
	out := map[string]any{}
	if r == nil {
		return out
	}
	for i, c := range r.table.columns {
		if r.isSet[i] && c.Writable() {
			out[c.name] = r.values[i]
		}
	}
	return out
}

// valuesOf returns the row's values of some columns.
func (r *row) valuesOf(columns []string) map[string]any {
	all, out := r.writableValues(), map[string]any{}
	for _, name := range columns {
		if v, ok := all[name]; ok {
			out[name] = v
		}
	}
	return out
}

// withChanges returns the row's values with a new key and some columns changed.
func (r *row) withChanges(with map[string]any) map[string]any {
	out := r.withFreshKey(r.writableValues())
	for name, v := range with {
		out[name] = v
	}
	return out
}

// withFreshKey gives a row a key that no other row has, as far as no reference decides the
// key.
func (r *row) withFreshKey(row map[string]any) map[string]any {
	if r == nil {
		return row
	}
	cells := fake.New(99, r.table.name, fake.Epoch.Add(48*time.Hour)) // another seed than any call's
	cells.At(r.number + 1<<30)                                        // and a number that no row has
	for _, c := range r.table.columns {
		switch {
		case c.Identity != "" || c.inPrimaryKey && c.leftToPostgres() && c.baseOID != uuidOID:
			delete(row, c.name)
		case c.inPrimaryKey && c.baseOID == uuidOID && !c.inReference:
			row[c.name] = cells.Of(c.name).UUID()
		}
	}
	return row
}

// whyNotWritable says that one of the columns is written by Postgres only; "" otherwise.
func (t *table) whyNotWritable(columns []string) string {
	for _, name := range columns {
		if c := t.columnsByName[name]; !c.Writable() {
			return "its column " + name + " is written by Postgres only"
		}
	}
	return ""
}

// danglingValues returns the row with a foreign key that leads to no row. A shadow foreign
// key, which is over a generated column, is reached through the columns of its polymorphic
// pair.
func (t *table) danglingValues(k *catalog.Constraint, r *row) (values map[string]any, reason string) {
	cells := fake.New(77, t.name, fake.Epoch)
	cells.At(1 << 30) // a number that no row has
	change := map[string]any{}
	for _, name := range k.Columns {
		c := t.columnsByName[name]
		if c.Generated != "" || t.isTenantColumn(c.index) && len(k.Columns) > 1 {
			continue
		}
		change[name] = inferValue(&column{Column: c.Column, name: c.name, baseOID: c.baseOID, mustDiffer: true, index: c.index})(cells.Of(name + " orphan"))
		if c.Type.Underlying().Name == "int2" {
			change[name] = 32_000
		}
		if c.baseOID == uuidOID {
			change[name] = cells.Of(name).UUIDv4()
		}
	}
	if len(change) > 0 {
		return r.withChanges(change), ""
	}
	for _, ref := range t.references {
		target, ok := shadowColumn(ref)
		if ok && slices.Contains(k.Columns, target) {
			row := r.withChanges(map[string]any{ref.pair.ID: cells.Of("orphan").UUIDv4()})
			row[ref.pair.Type] = ref.pairType
			return row, ""
		}
	}
	last := t.columnsByName[k.Columns[len(k.Columns)-1]]
	if last.Writable() && last.baseOID == uuidOID {
		return r.withChanges(map[string]any{last.name: cells.Of(last.name).UUIDv4()}), ""
	}
	return nil, "its columns are the tenant's, or written by Postgres only"
}

// shadowColumn returns the generated column behind a target of a polymorphic pair.
func shadowColumn(ref *reference) (shadow string, ok bool) {
	if ref.pair == nil {
		return "", false
	}
	target, ok := ref.pair.Target(ref.pairType)
	return target.Shadow, ok && target.Shadow != ""
}
