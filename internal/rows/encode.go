package rows

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// encoder appends a field in COPY's format, its length before it.
type encoder func(buf []byte, v reflect.Value) ([]byte, error)

func null(buf []byte) []byte { return append(buf, 0xff, 0xff, 0xff, 0xff) }

func length(buf []byte, n int) []byte { return binary.BigEndian.AppendUint32(buf, uint32(n)) }

func appendUUID(buf []byte, id [16]byte) []byte { return append(length(buf, 16), id[:]...) }

func appendText(buf []byte, s string) []byte { return append(length(buf, len(s)), s...) }

// epoch2000 is where Postgres counts microseconds from.
var epoch2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// encoderFor picks the direct way for what rows mostly consist of; everything else
// goes through pgx.
func encoderFor(m *codecs, c *column, t reflect.Type) encoder {
	if t.Kind() == reflect.Pointer {
		inner := encoderFor(m, c, t.Elem())
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return null(buf), nil
			}
			return inner(buf, v.Elem())
		}
	}
	if e := direct(c, t); e != nil {
		return e
	}
	return func(buf []byte, v reflect.Value) ([]byte, error) { return encodeAny(m, c, buf, v.Interface()) }
}

func direct(c *column, t reflect.Type) encoder {
	switch {
	case t.Kind() == reflect.String && c.textual():
		return func(buf []byte, v reflect.Value) ([]byte, error) { return appendText(buf, v.String()), nil }
	case t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8 && c.baseOID == uuidOID:
		return func(buf []byte, v reflect.Value) ([]byte, error) { return append(length(buf, 16), v.Bytes()...), nil }
	case t == reflect.TypeFor[time.Time]() && c.baseOID == pgtype.TimestamptzOID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			at := v.Addr().Interface().(*time.Time)
			return binary.BigEndian.AppendUint64(length(buf, 8), uint64(at.UnixMicro()-epoch2000)), nil
		}
	case t.Kind() == reflect.Bool && c.baseOID == boolOID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			if v.Bool() {
				return append(length(buf, 1), 1), nil
			}
			return append(length(buf, 1), 0), nil
		}
	case t == reflect.TypeFor[json.RawMessage]() && (c.baseOID == jsonbOID || c.baseOID == jsonOID):
		return jsonEncoder(c.baseOID == jsonbOID)
	}
	return directNumber(c, t)
}

func directNumber(c *column, t reflect.Type) encoder {
	probe := reflect.Zero(t)
	switch {
	case probe.CanInt() && c.baseOID == pgtype.Int8OID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return binary.BigEndian.AppendUint64(length(buf, 8), uint64(v.Int())), nil
		}
	case probe.CanInt() && c.baseOID == pgtype.Int4OID && t.Bits() <= 32:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return binary.BigEndian.AppendUint32(length(buf, 4), uint32(v.Int())), nil
		}
	case probe.CanFloat() && c.baseOID == pgtype.Float8OID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return binary.BigEndian.AppendUint64(length(buf, 8), math.Float64bits(v.Float())), nil
		}
	}
	return nil
}

func jsonEncoder(b bool) encoder {
	return func(buf []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return null(buf), nil
		}
		text := v.Bytes()
		if b {
			return append(append(length(buf, len(text)+1), 1), text...), nil
		}
		return append(length(buf, len(text)), text...), nil
	}
}

// textual types send the same bytes in binary as in text.
func (c *column) textual() bool {
	switch c.baseOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, jsonOID, pgtype.XMLOID:
		return true
	}
	t := c.Type.Underlying()
	return len(t.Labels) > 0 || t.Name == "citext"
}

// encodeAny is the way through pgx.
func encodeAny(m *codecs, c *column, buf []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return null(buf), nil
	case [16]byte:
		if c.baseOID == uuidOID {
			return appendUUID(buf, x), nil
		}
	case string:
		if c.textual() {
			return appendText(buf, x), nil
		}
		if c.baseOID == jsonbOID {
			return append(append(length(buf, len(x)+1), 1), x...), nil
		}
		return encodeString(m, c, buf, x)
	}
	at := len(buf)
	buf = length(buf, 0)
	out, err := m.encode(c.baseOID, pgtype.BinaryFormatCode, v, buf)
	if err != nil {
		return buf, err
	}
	if out == nil {
		return null(buf[:at]), nil
	}
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	return out, nil
}

// encodeString reads a value's text form to write its binary one: inet, intervals,
// numerics, arrays.
func encodeString(m *codecs, c *column, buf []byte, s string) ([]byte, error) {
	var v any
	if err := m.scan(c.baseOID, pgtype.TextFormatCode, []byte(s), &v); err != nil {
		return buf, err
	}
	if _, still := v.(string); still {
		return buf, fmt.Errorf("column %s: no binary form of type %s is known", c.name, c.SQLType)
	}
	return encodeAny(m, c, buf, v)
}

// binary reports whether pgx can write the type's binary form.
func (c *column) binary(m *codecs) bool {
	if c.textual() || c.baseOID == jsonbOID {
		return true
	}
	return m.binary(c.baseOID)
}

// encodeLiteral writes a value as the text that Postgres reads. Arrays of types that
// pgx does not know, enums above all, have the form of arrays of text.
func encodeLiteral(m *codecs, c *column, buf []byte, v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Pointer && r.IsNil():
		return null(buf), nil
	case r.Kind() == reflect.Pointer:
		return encodeLiteral(m, c, buf, r.Elem().Interface())
	case r.Kind() == reflect.String:
		return appendText(buf, r.String()), nil
	}
	for _, oid := range []uint32{c.baseOID, pgtype.TextArrayOID} {
		at := len(buf)
		out, err := m.encode(oid, pgtype.TextFormatCode, v, length(buf, 0))
		if err != nil {
			continue
		}
		if out == nil {
			return null(buf), nil
		}
		binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
		return out, nil
	}
	return appendText(buf, literalText(v)), nil
}

// codecs are pgx's, for all goroutines: a [pgtype.Map] remembers its plans in
// maps without a lock, so each call has one to itself.
type codecs struct{ maps sync.Pool }

func newCodecs() *codecs {
	return &codecs{sync.Pool{New: func() any { return pgtype.NewMap() }}}
}

func (c *codecs) borrow() *pgtype.Map { return c.maps.Get().(*pgtype.Map) }

func (c *codecs) encode(oid uint32, format int16, v any, buf []byte) ([]byte, error) {
	m := c.borrow()
	defer c.maps.Put(m)
	return m.Encode(oid, format, v, buf)
}

func (c *codecs) scan(oid uint32, format int16, src []byte, dst any) error {
	m := c.borrow()
	defer c.maps.Put(m)
	return m.Scan(oid, format, src, dst)
}

// carries tells whether a value can go to the type at all. A type that pgx does not
// know is left to the server.
func (c *codecs) carries(oid uint32, v any) bool {
	m := c.borrow()
	defer c.maps.Put(m)
	_, known := m.TypeForOID(oid)
	return !known || m.PlanEncode(oid, pgtype.BinaryFormatCode, v) != nil || m.PlanEncode(oid, pgtype.TextFormatCode, v) != nil
}

// binary tells whether the type has a binary form that pgx writes.
func (c *codecs) binary(oid uint32) bool {
	m := c.borrow()
	defer c.maps.Put(m)
	t, ok := m.TypeForOID(oid)
	return ok && t.Codec.FormatSupported(pgtype.BinaryFormatCode)
}
