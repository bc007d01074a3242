package sanitize

import (
	"encoding/json"
	"reflect"
)

// Wrapper is a type whose MarshalJSON encodes another value, and nothing beside it:
// a relation that was loaded (package relation), an optional. Inspect and Value look
// at that value as if it stood there itself, before bytes become base64 and what is
// not UTF-8 becomes U+FFFD.
type Wrapper interface {
	json.Marshaler
	// Marshals returns what MarshalJSON would encode. false: there is nothing, as in
	// a relation that was not loaded; then MarshalJSON is asked.
	Marshals() (value any, ok bool)
}

// deepestWrapper bounds wrappers of nothing but wrappers, which may be endless.
const deepestWrapper = 32

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
	for range deepestWrapper {
		if !ok {
			return inner, inner != nil
		}
		value, there := w.Marshals()
		if !there {
			return nil, false
		}
		if value == nil {
			return nil, true
		}
		inner = value
		w, ok = value.(Wrapper)
	}
	return nil, false
}
