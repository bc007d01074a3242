package sanitize

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
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

// mostWraps bounds wrappers of nothing but wrappers, which may be endless.
const mostWraps = 32

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

// marshaler writes what a MarshalJSON encodes, or where it does not say, what it
// returns.
func (c *cleaner) marshaler(v reflect.Value) {
	if inner, ok := unwrapped(v); ok && c.wraps < mostWraps {
		c.wraps++
		c.any(inner)
		c.wraps--
		return
	}
	doc, err := marshalJSON(v)
	if err != nil {
		c.add(unencodable, "MarshalJSON of %s fails: %s", typeName(v.Type()), short(quoteASCII(err.Error())))
		c.marker(failedMarker)
		return
	}
	look := lookBehind(doc, v, !c.p.AllowBinary)
	found, dirty := len(c.found), c.dirty
	c.dirty = false
	c.json(doc, look.hidden)
	if !c.dirty && look.coerced() {
		c.add(invalidUTF8, "MarshalJSON of %s makes U+FFFD of bytes that are not UTF-8", typeName(v.Type()))
	}
	c.dirty = c.dirty || dirty || len(c.found) > found
}

// textMarshaler writes what a MarshalText returns.
func (c *cleaner) textMarshaler(v reflect.Value) {
	text, err := marshalText(v)
	switch {
	case err != nil:
		c.add(unencodable, "MarshalText of %s fails: %s", typeName(v.Type()), short(quoteASCII(err.Error())))
		c.marker(failedMarker)
	case text == nil:
		c.write("null")
	default:
		c.str(plainText(string(text), "string"))
	}
}

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
