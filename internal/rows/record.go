package rows

import (
	"fmt"
	"reflect"
)

// Record is a row of a table that has no struct.
type Record struct {
	Table  string
	Values map[string]any
}

// TableName makes a Record a Row.
func (r Record) TableName() string { return r.Table }

// Set gives a column a value. nil is NULL.
func (r *Record) Set(column string, value any) {
	if r.Values == nil {
		r.Values = map[string]any{}
	}
	r.Values[column] = value
}

var recordType = reflect.TypeFor[Record]()

// recordOf returns the Record in an addressable value.
func recordOf(v reflect.Value) *Record { return v.Addr().Interface().(*Record) }

// asRecord returns the row as a Record; false where it is another struct. Any type with the
// fields of a Record is one, such as the factory's.
func asRecord(row Row) (Record, bool) {
	v := reflect.Indirect(reflect.ValueOf(row))
	if !v.Type().ConvertibleTo(recordType) {
		return Record{}, false
	}
	return v.Convert(recordType).Interface().(Record), true
}

// readInto copies the Record's values into the row's.
func (rec *Record) readInto(r *row) error {
	for name, v := range rec.Values {
		c := r.table.columnsByName[name]
		if c == nil {
			problem := fmt.Sprintf("there is no column %q in %s%s", name, r.table.name, r.table.suggestColumn(name))
			return &StructError{Table: r.table.name, Problems: []string{problem}}
		}
		if c.Generated != "" {
			return &StructError{Table: r.table.name, Problems: []string{c.whyGenerated() + "; leave it out"}}
		}
		r.values[c.index], r.isSet[c.index] = v, true
		r.origins[c.index] = Path{Via: "its own column " + name}
	}
	return nil
}
