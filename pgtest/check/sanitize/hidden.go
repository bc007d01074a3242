package sanitize

import (
	"encoding/base64"
	"reflect"
)

// hidden are bytes behind a MarshalJSON, by the text that encoding/json makes of
// bytes: where that stands in the document, they go out.
type hidden map[string][]byte

// mostHidden bounds how many values are looked at behind one MarshalJSON.
const mostHidden = 10_000

// hiddenIn looks in v's exported fields for bytes that doc may hold.
func (p *Policy) hiddenIn(doc string, v reflect.Value) hidden {
	if p.AllowBinary {
		return nil
	}
	s := search{values: mostHidden, longest: len(doc), room: 4 * len(doc)}
	s.look(v)
	return s.found
}

// search is a look behind a MarshalJSON.
type search struct {
	found   hidden
	values  int // that may still be looked at
	longest int // text that the document has room for
	room    int // for text of all bytes: many may refer to the same
}

func (s *search) look(v reflect.Value) {
	if s.values--; s.values < 0 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			s.look(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.look(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		s.list(v)
	case reflect.Map:
		for it := v.MapRange(); s.values > 0 && it.Next(); {
			s.look(it.Value())
		}
	}
}

func (s *search) list(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		s.bytes(v)
		return
	}
	for i := 0; i < v.Len() && s.values > 0; i++ {
		s.look(v.Index(i))
	}
}

// bytes notes those of a slice: an array goes out as numbers.
func (s *search) bytes(v reflect.Value) {
	if v.Kind() != reflect.Slice || v.Len() == 0 || v.Type() == rawMessageType {
		return
	}
	n := base64.StdEncoding.EncodedLen(v.Len())
	if n+2 > s.longest || n > s.room {
		return
	}
	s.room -= n
	if s.found == nil {
		s.found = hidden{}
	}
	s.found[base64.StdEncoding.EncodeToString(v.Bytes())] = v.Bytes()
}

// replace puts a Binary in place of each string of a tree that is such bytes.
func (h hidden) replace(tree any) any {
	switch x := tree.(type) {
	case string:
		if b, there := h[x]; there {
			return NewBinary(b)
		}
	case []any:
		for i := range x {
			x[i] = h.replace(x[i])
		}
	case Object:
		for i := range x {
			x[i].Value = h.replace(x[i].Value)
		}
	}
	return tree
}
