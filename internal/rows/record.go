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

// recordOf is the record that an addressable value is.
func recordOf(v reflect.Value) *Record { return v.Addr().Interface().(*Record) }

// asRecord is the record that a row is; false where it is a struct of the caller's. Any
// type with a Record's fields is one.
func asRecord(row Row) (Record, bool) {
	v := reflect.Indirect(reflect.ValueOf(row))
	if !v.Type().ConvertibleTo(recordType) {
		return Record{}, false
	}
	return v.Convert(recordType).Interface().(Record), true
}

func (r *Record) load(d *row) error {
	for name, v := range r.Values {
		c := d.table.columnsByName[name]
		if c == nil {
			return &StructError{Struct: "factory.Record", Table: d.table.name,
				Problems: []string{d.table.noColumnMessage(field{name: fmt.Sprintf("%q", name), column: name})}}
		}
		d.values[c.index], d.isSet[c.index] = v, true
		d.origins[c.index] = Path{Via: "its own column " + name}
	}
	return nil
}
