package sanitize

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Object is a JSON object whose members keep their order. Value returns one in
// place of a struct or map whose type cannot hold what has to go into it.
type Object []Member

// Member is one name and value of an Object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON writes the members in their order, duplicates included. It fails
// where encoding/json fails on one of the values.
func (o Object) MarshalJSON() ([]byte, error) {
	var e objectEncoder
	e.values = json.NewEncoder(&e.buf)
	e.values.SetEscapeHTML(false) // whoever encodes the whole decides that
	if err := e.object(o, 0); err != nil {
		return nil, err
	}
	return e.buf.Bytes(), nil
}

// objectEncoder writes nested objects in one go: left to encoding/json, each
// level would be encoded and checked again by every level above it.
type objectEncoder struct {
	buf    bytes.Buffer
	values *json.Encoder
}

var errObjectTooDeep = errors.New("sanitize: an Object nests deeper than 10000 levels, or contains itself")

func (e *objectEncoder) object(o Object, depth int) error {
	if o == nil {
		return e.scalar(nil)
	}
	e.buf.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		if err := e.scalar(m.Name); err != nil {
			return err
		}
		e.buf.WriteByte(':')
		if err := e.value(m.Value, depth+1); err != nil {
			return err
		}
	}
	e.buf.WriteByte('}')
	return nil
}

func (e *objectEncoder) list(list []any, depth int) error {
	if list == nil {
		return e.scalar(nil)
	}
	e.buf.WriteByte('[')
	for i, v := range list {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		if err := e.value(v, depth+1); err != nil {
			return err
		}
	}
	e.buf.WriteByte(']')
	return nil
}

func (e *objectEncoder) value(v any, depth int) error {
	if depth > mostDepth {
		return errObjectTooDeep
	}
	switch v := v.(type) {
	case Object:
		return e.object(v, depth)
	case []any:
		return e.list(v, depth)
	}
	return e.scalar(v)
}

// scalar leaves v to encoding/json, without the newline that an Encoder adds.
func (e *objectEncoder) scalar(v any) error {
	if err := e.values.Encode(v); err != nil {
		return err
	}
	e.buf.Truncate(e.buf.Len() - 1)
	return nil
}
