package rows

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/qarion/seedbed/internal/catalog"
)

// structLayout is what a struct says of its columns, before any table is known.
type structLayout struct {
	typ    reflect.Type
	fields []field
}

type field struct {
	name   string // in Go
	column string // from the `db` tag, or the name in snake case
	tagged bool
	index  []int
}

var layouts sync.Map // reflect.Type → *layout: a memo, nothing is ever looked up by name

func layoutOf(t reflect.Type) *structLayout {
	if l, ok := layouts.Load(t); ok {
		return l.(*structLayout)
	}
	l := &structLayout{typ: t}
	l.collect(t, nil)
	layouts.Store(t, l)
	return l
}

// collect flattens embedded structs, as encoding/json does. A field tagged
// `db:"-"` has no column: it is a transient parameter.
func (l *structLayout) collect(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(at[:len(at):len(at)], i)
		tag, tagged := f.Tag.Lookup("db")
		tag, _, _ = strings.Cut(tag, ",")
		switch {
		case tag == "-":
		case f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct:
			l.collect(f.Type, index)
		case !f.IsExported():
		case tag != "":
			l.fields = append(l.fields, field{f.Name, tag, true, index})
		default:
			l.fields = append(l.fields, field{f.Name, snakeCase(f.Name), false, index})
		}
	}
}

// snakeCase turns SpaceID into space_id and HTTPStatus into http_status.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// squash is how names are compared when they differ in case and underscores only:
// the field TenantID finds a column "tenantId".
func squash(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// binding is a layout that fits a table.
type binding struct {
	layout        *structLayout
	table         *table
	fields        []boundField
	fieldByColumn []int // column → its field, or -1
}

type boundField struct {
	field
	column *column
}

// bind matches fields with columns. A field without a column is an error; a column
// without a field is none.
func bind(l *structLayout, t *table) (*binding, error) {
	b := &binding{layout: l, table: t, fieldByColumn: make([]int, len(t.columns))}
	for i := range b.fieldByColumn {
		b.fieldByColumn[i] = -1
	}
	var problems []string
	for _, f := range l.fields {
		c := t.columnFor(f)
		switch {
		case c == nil:
			problems = append(problems, t.noColumnMessage(f))
		case b.fieldByColumn[c.index] >= 0:
			other := b.fields[b.fieldByColumn[c.index]].name
			problems = append(problems, fmt.Sprintf("fields %s and %s are both column %s", other, f.name, c.name))
		default:
			b.fieldByColumn[c.index] = len(b.fields)
			b.fields = append(b.fields, boundField{f, c})
			problems = append(problems, t.typeMismatch(l, f, c)...)
		}
	}
	if len(problems) > 0 {
		return nil, &StructError{Struct: l.typ.String(), Table: t.name, Problems: problems}
	}
	return b, nil
}

func (t *table) columnFor(f field) *column {
	if c := t.columnsByName[f.column]; c != nil || f.tagged {
		return c
	}
	for _, c := range t.columns {
		if squash(c.name) == squash(f.column) {
			return c
		}
	}
	return nil
}

func (t *table) noColumnMessage(f field) string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	msg := fmt.Sprintf("field %s: no column %s", f.name, f.column)
	if near := catalog.Nearest(f.column, names); near != "" {
		return msg + fmt.Sprintf("; did you mean `db:%q`?", near)
	}
	return msg + fmt.Sprintf("; the table has %s; `db:\"-\"` keeps a field out", catalog.Idents(names))
}

// typeMismatch tries whether pgx can carry the field's type to the column's. Types that
// only the server knows, enums above all, go as text and are left to it.
func (t *table) typeMismatch(l *structLayout, f field, c *column) []string {
	typ := l.typ.FieldByIndex(f.index).Type
	sample := reflect.New(typ).Elem()
	if typ.Kind() == reflect.Pointer {
		sample = reflect.New(typ.Elem())
	}
	if typ.Kind() == reflect.Interface || typ.Kind() == reflect.String || t.schema.codecs.canEncode(c.Type.OID, sample.Interface()) {
		return nil
	}
	return []string{fmt.Sprintf("field %s: a Go %s cannot be stored in column %s, type %s", f.name, typ, c.name, c.SQLType)}
}

// readRow takes a row's fields over into the row. The zero of a field is a value,
// save where it leaves something open.
func (b *binding) readRow(r *row, row reflect.Value) {
	for _, f := range b.fields {
		v, c := row.FieldByIndex(f.index), f.column
		if v.IsZero() && b.zeroMeansUnset(c, v) || c.Generated != "" {
			continue
		}
		r.values[c.index], r.isSet[c.index] = v.Interface(), true
		r.origins[c.index] = Path{Via: "its own field " + f.name, Value: ""}
	}
}

// zeroMeansUnset reports whether a zero field means "not said": where a reference or the
// tenant decides the column, an identity or a default that only Postgres can compute,
// and in types that have a word for nothing, such as moments and UUIDs. Everywhere
// else false is false and 0 is 0, keys included.
func (b *binding) zeroMeansUnset(c *column, v reflect.Value) bool {
	if c.inReference || c.leftToPostgres() {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return c.Required()
	case reflect.Struct, reflect.Array:
		return true
	}
	return false
}

// zeroMeansUnknown reports whether a zero field of a row that is there tells nothing. Such a
// row has its whole key, so what is left open in a new one is a 0 in its key.
func (b *binding) zeroMeansUnknown(c *column, v reflect.Value) bool {
	key := c.inPrimaryKey && !c.leftToPostgres() && (v.CanInt() || v.CanUint() || v.Kind() == reflect.String)
	return b.zeroMeansUnset(c, v) && !key
}

// storeField writes a value back into the row's field, if it has one.
func (b *binding) storeField(row reflect.Value, col int, v any) error {
	i := b.fieldByColumn[col]
	if i < 0 {
		return nil
	}
	return setFieldValue(b.table.schema.codecs, b.table.columns[col], row.FieldByIndex(b.fields[i].index), v)
}

// tryStoreField is store for values that a field may be unable to hold: it keeps its own
// then.
func (b *binding) tryStoreField(row reflect.Value, col int, v any) {
	i := b.fieldByColumn[col]
	if i < 0 {
		return
	}
	field := row.FieldByIndex(b.fields[i].index)
	fresh := reflect.New(field.Type()).Elem()
	if setFieldValue(b.table.schema.codecs, b.table.columns[col], fresh, v) == nil {
		field.Set(fresh)
	}
}
