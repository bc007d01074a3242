package rows

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/qarion/seedbed/internal/catalog"
)

// structLayout lists the fields of a struct type that have a column.
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

var layouts sync.Map // reflect.Type → *structLayout

// layoutOf returns the layout of a struct type, which it computes once.
func layoutOf(t reflect.Type) *structLayout {
	if l, ok := layouts.Load(t); ok {
		return l.(*structLayout)
	}
	l := &structLayout{typ: t}
	if t.Kind() == reflect.Struct {
		l.collect(t, nil)
	}
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

// squash removes case and underscores, so that the field TenantID finds a column "tenantId".
func squash(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// binding connects the fields of a struct with the columns of a table.
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

// problems says why no row can be read from values of the type.
func (l *structLayout) problems() []string {
	switch {
	case l.typ.Kind() == reflect.Pointer:
		return []string{fmt.Sprintf("it is a pointer: write %s, whose TableName has a value receiver", l.typ.Elem())}
	case l.typ.Kind() != reflect.Struct:
		return []string{"it is no struct: its exported fields are the columns"}
	case len(l.fields) == 0:
		return []string{"it has no exported field that is a column"}
	}
	return nil
}

// bind finds the column of each field. A field without a column is a *StructError; a column
// may be without a field.
func bind(l *structLayout, t *table) (*binding, error) {
	b := &binding{layout: l, table: t, fieldByColumn: make([]int, len(t.columns))}
	for i := range t.columns {
		b.fieldByColumn[i] = -1
	}
	matched, problems := l.match(t.columnNames())
	for i, f := range l.fields {
		if matched[i] < 0 {
			continue
		}
		c := t.columns[matched[i]]
		b.fieldByColumn[c.index] = len(b.fields)
		b.fields = append(b.fields, boundField{f, c})
		problems = append(problems, t.typeMismatch(l, f, c)...)
	}
	if len(problems) > 0 {
		return nil, &StructError{Struct: l.typ.String(), Table: t.name, Problems: problems}
	}
	return b, nil
}

// StructFields returns the places of the fields of a struct type, for reflect's
// FieldByIndex, by the columns of a table that they are named for. A field without a
// column is a *StructError.
func StructFields(typ reflect.Type, table string, columns []string) (map[string][]int, error) {
	l := layoutOf(typ)
	matched, problems := l.match(columns)
	if len(problems) > 0 {
		return nil, &StructError{Struct: typ.String(), Table: table, Problems: problems}
	}
	fields := map[string][]int{}
	for i, f := range l.fields {
		fields[columns[matched[i]]] = f.index
	}
	return fields, nil
}

// match returns for each field which of the columns it is named for, or -1 and a problem.
func (l *structLayout) match(columns []string) (matched []int, problems []string) {
	problems = l.problems()
	byColumn := map[int]field{}
	for _, f := range l.fields {
		at := f.columnAmong(columns)
		if other, twice := byColumn[at]; twice && at >= 0 {
			problems = append(problems, fmt.Sprintf("fields %s and %s are both column %s", other.name, f.name, columns[at]))
			at = -1
		} else if at < 0 {
			problems = append(problems, f.noColumnMessage(columns))
		}
		byColumn[at] = f
		matched = append(matched, at)
	}
	return matched, problems
}

// columnAmong finds the column of a field: by its `db` tag or name, or else by squash.
func (f field) columnAmong(columns []string) int {
	if at := slices.Index(columns, f.column); at >= 0 || f.tagged {
		return at
	}
	return slices.IndexFunc(columns, func(name string) bool { return squash(name) == squash(f.column) })
}

// noColumnMessage says that a field has no column, with the one that was probably meant.
func (f field) noColumnMessage(columns []string) string {
	msg := fmt.Sprintf("field %s: no column %s", f.name, f.column)
	if near := catalog.Nearest(f.column, columns); near != "" {
		return msg + fmt.Sprintf("; did you mean `db:%q`?", near)
	}
	return msg + fmt.Sprintf("; the table has %s; `db:\"-\"` keeps a field out", strings.Join(columns, ", "))
}

func (t *table) columnNames() (names []string) {
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// suggestColumn ends an error about a name that no column has.
func (t *table) suggestColumn(name string) string {
	return cmp.Or(catalog.Suggestion(name, t.columnNames()), "; the table has "+strings.Join(t.columnNames(), ", "))
}

// typeMismatch returns a problem where pgx cannot encode the field's Go type for the
// column. A column type that pgx does not know, such as an enum, is left to the server.
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

// readRow copies the fields of a struct into the row's values. A zero field is a value,
// except where zeroMeansUnset says otherwise.
func (b *binding) readRow(r *row, fields reflect.Value) error {
	for _, f := range b.fields {
		v, c := fields.FieldByIndex(f.index), f.column
		if c.Generated != "" && !v.IsZero() {
			return &StructError{Struct: b.layout.typ.String(), Table: b.table.name, Problems: []string{"field " + f.name + ": " + c.whyGenerated() + "; leave it zero"}}
		}
		if v.IsZero() && b.zeroMeansUnset(c, v) || c.Generated != "" {
			continue
		}
		r.values[c.index], r.isSet[c.index] = v.Interface(), true
		r.origins[c.index] = Path{Via: "its own field " + f.name, Value: ""}
	}
	return nil
}

// whyGenerated says of a generated column why no value may be given.
func (c *column) whyGenerated() string {
	return fmt.Sprintf("%s is generated by Postgres, from %s", c.name, c.Expr)
}

// zeroMeansUnset reports whether a zero field leaves its column unset. It does where a
// reference or the tenant decides the column, where Postgres computes it (identity,
// default), and for types whose zero is no value: time.Time, UUIDs, nil of a required
// column. Elsewhere false is false and 0 is 0, in keys too.
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

// zeroMeansUnknown is zeroMeansUnset for a row that the caller gives as a parent. Such a
// row has a key already, so a 0 or "" in the key is a value.
func (b *binding) zeroMeansUnknown(c *column, v reflect.Value) bool {
	isKey := c.inPrimaryKey && !c.leftToPostgres() && (v.CanInt() || v.CanUint() || v.Kind() == reflect.String)
	return b.zeroMeansUnset(c, v) && !isKey
}

// storeField sets the field of a column, where the struct has one.
func (b *binding) storeField(row reflect.Value, col int, v any) error {
	i := b.fieldByColumn[col]
	if i < 0 {
		return nil
	}
	return setFieldValue(b.table.schema.codecs, b.table.columns[col], row.FieldByIndex(b.fields[i].index), v)
}

// tryStoreField is storeField, but leaves a field as it is that cannot hold the value.
func (b *binding) tryStoreField(row reflect.Value, col int, v any) {
	i := b.fieldByColumn[col]
	if i < 0 {
		return
	}
	field := row.FieldByIndex(b.fields[i].index)
	converted := reflect.New(field.Type()).Elem()
	if setFieldValue(b.table.schema.codecs, b.table.columns[col], converted, v) == nil {
		field.Set(converted)
	}
}
