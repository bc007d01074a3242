package rows

import (
	"reflect"
	"strings"
	"sync"
	"unicode"
)

// layout is what a struct says of its columns, before any table is known.
type layout struct {
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

func layoutOf(t reflect.Type) *layout {
	if l, ok := layouts.Load(t); ok {
		return l.(*layout)
	}
	l := &layout{typ: t}
	l.collect(t, nil)
	layouts.Store(t, l)
	return l
}

// collect flattens embedded structs, as encoding/json does. A field tagged
// `db:"-"` has no column: it is a transient parameter.
func (l *layout) collect(t reflect.Type, at []int) {
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
			l.fields = append(l.fields, field{f.Name, snake(f.Name), false, index})
		}
	}
}

// snake turns SpaceID into space_id and HTTPStatus into http_status.
func snake(name string) string {
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
