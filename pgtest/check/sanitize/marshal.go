package sanitize

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// marshalJSON calls the MarshalJSON that encoding/json would call for v. A panic
// in it is an error here: the rest of the payload is still worth looking at.
func marshalJSON(v reflect.Value) (doc []byte, err error) {
	if isNil(v) && v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface && v.IsNil() {
		return []byte("null"), nil
	}
	defer recovered(&err)
	m, ok := v.Interface().(json.Marshaler)
	if !ok {
		m = v.Addr().Interface().(json.Marshaler)
	}
	return m.MarshalJSON()
}

// marshalText does the same with MarshalText. It returns nil, nil for null.
func marshalText(v reflect.Value) (text []byte, err error) {
	if isNil(v) && v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface && v.IsNil() {
		return nil, nil
	}
	defer recovered(&err)
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		m = v.Addr().Interface().(encoding.TextMarshaler)
	}
	text, err = m.MarshalText()
	if text == nil {
		text = []byte{}
	}
	return text, err
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("it panics: %v", r)
	}
}

// typeName names t in a report or marker. Types can be spelled at any length,
// with struct tags of any content.
func typeName(t reflect.Type) string {
	name := strings.Replace(t.String(), "]uint8", "]byte", 1)
	if len(name) > longestName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) {
		return t.Kind().String()
	}
	return name
}

// coerced reports whether doc, which v's own MarshalJSON made, has U+FFFD where
// v has bytes that are not UTF-8. By then the bytes are lost, and only looking
// behind the method tells: pgtype.Text is such a type.
func coerced(doc string, v reflect.Value) bool {
	if !strings.Contains(doc, "\ufffd") && !strings.Contains(doc, `\ufffd`) {
		return false
	}
	budget := 10_000
	return holdsInvalid(v, &budget)
}

// holdsInvalid looks for a string that is not UTF-8 in v's exported fields.
func holdsInvalid(v reflect.Value, budget *int) bool {
	if *budget--; *budget < 0 {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && holdsInvalid(v.Elem(), budget)
	case reflect.Struct:
		return anyInvalid(v.NumField(), budget, func(i int) (reflect.Value, bool) {
			return v.Field(i), v.Type().Field(i).IsExported()
		})
	case reflect.Slice, reflect.Array:
		return v.Type().Elem().Kind() != reflect.Uint8 &&
			anyInvalid(v.Len(), budget, func(i int) (reflect.Value, bool) { return v.Index(i), true })
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if holdsInvalid(it.Key(), budget) || holdsInvalid(it.Value(), budget) {
				return true
			}
		}
	}
	return false
}

func anyInvalid(n int, budget *int, at func(int) (reflect.Value, bool)) bool {
	for i := 0; i < n && *budget > 0; i++ {
		if v, look := at(i); look && holdsInvalid(v, budget) {
			return true
		}
	}
	return false
}
