package sanitize

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// Wrapper is a type whose MarshalJSON encodes another value, and nothing beside it:
// a loaded relation (package relation), an optional. Inspect and Value look at that
// value as if it stood there itself, before bytes become base64 and what is not
// UTF-8 becomes U+FFFD.
type Wrapper interface {
	json.Marshaler
	// Marshals returns what MarshalJSON would encode. false: there is nothing, as in
	// a relation that was not loaded; then MarshalJSON is asked.
	Marshals() (value any, ok bool)
}

// unwrapped returns what v wraps. A panic in Marshals is left for MarshalJSON to
// show.
func unwrapped(v reflect.Value) (inner any, ok bool) {
	if isNil(v) {
		return nil, false
	}
	defer func() {
		if recover() != nil {
			inner, ok = nil, false
		}
	}()
	w, ok := v.Interface().(Wrapper)
	if !ok && v.CanAddr() {
		w, ok = v.Addr().Interface().(Wrapper)
	}
	if !ok {
		return nil, false
	}
	return w.Marshals()
}

// marshaler walks what a MarshalJSON encodes, or where it does not say, what it
// returns.
func (w *walker) marshaler(v reflect.Value) {
	if inner, ok := unwrapped(v); ok {
		if w.hop() {
			w.any(inner)
		}
		w.hops--
		return
	}
	doc, err := marshalJSON(v)
	if err != nil {
		w.replace(failedMarker, unencodable, "MarshalJSON of %s fails: %s", typeName(v.Type()), short(quoteASCII(err.Error())))
		return
	}
	look := lookBehind(doc, v, !w.p.AllowBinary)
	if look.coerced() {
		w.found(invalidUTF8, "MarshalJSON of %s makes U+FFFD of bytes that are not UTF-8", typeName(v.Type()))
	}
	w.document(doc, look.hidden)
}

// textMarshaler walks what a MarshalText returns.
func (w *walker) textMarshaler(v reflect.Value) {
	text, err := marshalText(v)
	switch {
	case err != nil:
		w.replace(failedMarker, unencodable, "MarshalText of %s fails: %s", typeName(v.Type()), short(quoteASCII(err.Error())))
	case text == nil:
		w.null()
	default:
		w.str(string(text), false)
	}
}

// marshalJSON calls the MarshalJSON that encoding/json would call for v. A panic
// in it is an error here: the rest of the payload is still worth looking at.
func marshalJSON(v reflect.Value) (doc []byte, err error) {
	defer recovered(&err)
	m := receiver[json.Marshaler](v)
	if m == nil {
		return []byte("null"), nil
	}
	return m.MarshalJSON()
}

// marshalText does the same with MarshalText. It returns nil, nil for null.
func marshalText(v reflect.Value) (text []byte, err error) {
	defer recovered(&err)
	m := receiver[encoding.TextMarshaler](v)
	if m == nil {
		return nil, nil
	}
	text, err = m.MarshalText()
	return append([]byte{}, text...), err
}

// receiver returns what has the method M: v or its address, and nil for a nil pointer.
func receiver[M any](v reflect.Value) (m M) {
	if isNil(v) && (v.Kind() == reflect.Pointer || v.IsNil()) {
		return m
	}
	m, ok := v.Interface().(M)
	if !ok {
		m = v.Addr().Interface().(M)
	}
	return m
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("it panics: %v", r)
	}
}

// entry is a member of a map.
type entry struct {
	name  string
	err   error // of the key's MarshalText
	value reflect.Value
}

// entriesOf returns the members of a map, sorted by the text of their keys.
func entriesOf(v reflect.Value) []entry {
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		e := entry{value: it.Value()}
		if e.name, e.err = keyText(it.Key()); e.err != nil {
			e.name = failedMarker
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return entries
}

// keyText returns a map key as encoding/json writes it.
func keyText(k reflect.Value) (string, error) {
	if k.Kind() == reflect.String {
		return k.String(), nil
	}
	if k.Type().Implements(textMarshalerType) {
		text, err := marshalText(k)
		return string(text), err
	}
	return fmt.Sprint(k), nil
}
