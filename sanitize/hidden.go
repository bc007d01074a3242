package sanitize

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"unicode/utf8"
)

// hidden are bytes behind a MarshalJSON, by the text that encoding/json makes of
// bytes: where that stands in the document, they go out.
type hidden map[string][]byte

// behind is a look at the exported fields behind a MarshalJSON.
type behind struct {
	doc     []byte
	values  int // that may still be looked at
	hidden  hidden
	room    int  // for base64: many may refer to the same bytes
	invalid bool // there is a string that is not UTF-8
}

// mostBehind bounds how many values are looked at behind one MarshalJSON.
const mostBehind = 10_000

// lookBehind looks at v for what doc, which v's MarshalJSON wrote, hides.
func lookBehind(doc []byte, v reflect.Value, binary bool) *behind {
	b := &behind{doc: doc, values: mostBehind}
	if binary {
		b.room = 4 * len(doc)
	}
	b.look(v)
	return b
}

// coerced reports whether the document has U+FFFD where the value has bytes that
// are not UTF-8. By then the bytes are lost; pgtype.Text is such a type.
func (b *behind) coerced() bool {
	return b.invalid && (bytes.Contains(b.doc, []byte("\ufffd")) || bytes.Contains(b.doc, []byte(`\ufffd`)))
}

func (b *behind) look(v reflect.Value) {
	if b.values--; b.values < 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		b.invalid = b.invalid || !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			b.look(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				b.look(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b.bytes(v)
			return
		}
		for i := 0; i < v.Len() && b.values > 0; i++ {
			b.look(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); b.values > 0 && it.Next(); {
			b.look(it.Key())
			b.look(it.Value())
		}
	}
}

// bytes notes those of a slice: an array goes out as numbers.
func (b *behind) bytes(v reflect.Value) {
	n := base64.StdEncoding.EncodedLen(v.Len())
	if v.Kind() != reflect.Slice || n == 0 || n+2 > len(b.doc) || n > b.room || v.Type() == rawMessageType {
		return
	}
	b.room -= n
	if b.hidden == nil {
		b.hidden = hidden{}
	}
	b.hidden[base64.StdEncoding.EncodeToString(v.Bytes())] = v.Bytes()
}
