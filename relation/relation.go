package relation

import (
	"bytes"
	"encoding/json"
)

// Named says what a relation is called, and what loads it. An empty struct type
// will do: it is part of the handle's type, so that a zero handle can say what it is.
type Named interface {
	Relation() (name, loader string)
}

// One is at most one related row. Its zero value is not loaded.
type One[T any, R Named] struct {
	loaded bool
	value  *T
}

// Set makes the relation loaded; nil: there is none.
func (o *One[T, R]) Set(value *T) { o.loaded, o.value = true, value }

// Loaded reports whether Set was called.
func (o One[T, R]) Loaded() bool { return o.loaded }

// Get returns the related row, nil where there is none, or a *NotLoadedError.
func (o One[T, R]) Get() (*T, error) {
	if !o.loaded {
		return nil, notLoaded[R]()
	}
	return o.value, nil
}

// MarshalJSON writes the row, or null where there is none. One that was not loaded
// is an error.
func (o One[T, R]) MarshalJSON() ([]byte, error) {
	if !o.loaded {
		return nil, notLoaded[R]()
	}
	return json.Marshal(o.value)
}

// Marshals returns what MarshalJSON writes: it makes the relation a sanitize.Wrapper.
// false: the relation is not loaded.
func (o One[T, R]) Marshals() (value any, ok bool) { return o.value, o.loaded }

// UnmarshalJSON loads what is there; null is loaded and empty.
func (o *One[T, R]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		o.Set(nil)
		return nil
	}
	value := new(T)
	if err := json.Unmarshal(data, value); err != nil {
		return err
	}
	o.Set(value)
	return nil
}

// Many is any number of related rows. Its zero value is not loaded.
type Many[T any, R Named] struct {
	loaded bool
	values []T
}

// Set makes the relation loaded; nil or none: it is empty.
func (m *Many[T, R]) Set(values []T) { m.loaded, m.values = true, values }

// Loaded reports whether Set was called.
func (m Many[T, R]) Loaded() bool { return m.loaded }

// Get returns the related rows, or a *NotLoadedError.
func (m Many[T, R]) Get() ([]T, error) {
	if !m.loaded {
		return nil, notLoaded[R]()
	}
	return m.values, nil
}

// MarshalJSON writes an array, [] where it is empty. One that was not loaded is an error.
func (m Many[T, R]) MarshalJSON() ([]byte, error) {
	switch {
	case !m.loaded:
		return nil, notLoaded[R]()
	case m.values == nil:
		return []byte("[]"), nil
	}
	return json.Marshal(m.values)
}

// Marshals returns what MarshalJSON writes: it makes the relation a sanitize.Wrapper.
// false: the relation is not loaded.
func (m Many[T, R]) Marshals() (values any, ok bool) {
	if m.values == nil {
		return []T{}, m.loaded
	}
	return m.values, m.loaded
}

// UnmarshalJSON loads what is there; null is loaded and empty.
func (m *Many[T, R]) UnmarshalJSON(data []byte) error {
	var values []T
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	m.Set(values)
	return nil
}
