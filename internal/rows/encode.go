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

// encoder appends a field in COPY's binary format: its length, then its bytes.
type encoder func(buf []byte, v reflect.Value) ([]byte, error)

// appendNull appends NULL: the length -1.
func appendNull(buf []byte) []byte { return append(buf, 0xff, 0xff, 0xff, 0xff) }

func appendLength(buf []byte, n int) []byte { return binary.BigEndian.AppendUint32(buf, uint32(n)) }

func appendUUID(buf []byte, id [16]byte) []byte { return append(appendLength(buf, 16), id[:]...) }

func appendText(buf []byte, s string) []byte { return append(appendLength(buf, len(s)), s...) }

// epoch2000 is the moment from which Postgres counts microseconds.
var epoch2000 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// encoderFor returns the encoder of a struct field: a direct one for the most frequent
// types, otherwise pgx's.
func encoderFor(codecs *codecs, c *column, t reflect.Type) encoder {
	if t.Kind() == reflect.Pointer {
		inner := encoderFor(codecs, c, t.Elem())
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return appendNull(buf), nil
			}
			return inner(buf, v.Elem())
		}
	}
	if e := directEncoder(c, t); e != nil {
		return e
	}
	return func(buf []byte, v reflect.Value) ([]byte, error) { return appendBinary(codecs, c, buf, v.Interface()) }
}

// directEncoder encodes without pgx; nil where it cannot.
func directEncoder(c *column, t reflect.Type) encoder {
	switch {
	case t.Kind() == reflect.String && c.isTextual():
		return func(buf []byte, v reflect.Value) ([]byte, error) { return appendText(buf, v.String()), nil }
	case t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8 && c.baseOID == uuidOID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return append(appendLength(buf, 16), v.Bytes()...), nil
		}
	case t == reflect.TypeFor[time.Time]() && c.baseOID == pgtype.TimestamptzOID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			at := v.Addr().Interface().(*time.Time)
			return binary.BigEndian.AppendUint64(appendLength(buf, 8), uint64(at.UnixMicro()-epoch2000)), nil
		}
	case t.Kind() == reflect.Bool && c.baseOID == boolOID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			if v.Bool() {
				return append(appendLength(buf, 1), 1), nil
			}
			return append(appendLength(buf, 1), 0), nil
		}
	case t == reflect.TypeFor[json.RawMessage]() && (c.baseOID == jsonbOID || c.baseOID == jsonOID):
		return jsonEncoder(c.baseOID == jsonbOID)
	}
	return directNumberEncoder(c, t)
}

// directNumberEncoder encodes the most frequent numeric types; nil for others.
func directNumberEncoder(c *column, t reflect.Type) encoder {
	probe := reflect.Zero(t)
	switch {
	case probe.CanInt() && c.baseOID == pgtype.Int8OID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return binary.BigEndian.AppendUint64(appendLength(buf, 8), uint64(v.Int())), nil
		}
	case probe.CanInt() && c.baseOID == pgtype.Int4OID && t.Bits() <= 32:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return binary.BigEndian.AppendUint32(appendLength(buf, 4), uint32(v.Int())), nil
		}
	case probe.CanFloat() && c.baseOID == pgtype.Float8OID:
		return func(buf []byte, v reflect.Value) ([]byte, error) {
			return binary.BigEndian.AppendUint64(appendLength(buf, 8), math.Float64bits(v.Float())), nil
		}
	}
	return nil
}

// jsonEncoder encodes a document. In binary, jsonb has a version byte before the text.
func jsonEncoder(b bool) encoder {
	return func(buf []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return appendNull(buf), nil
		}
		text := v.Bytes()
		if b {
			return append(append(appendLength(buf, len(text)+1), 1), text...), nil
		}
		return append(appendLength(buf, len(text)), text...), nil
	}
}

// isTextual reports whether the type's binary form is its text.
func (c *column) isTextual() bool {
	switch c.baseOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, jsonOID, pgtype.XMLOID:
		return true
	}
	t := c.Type.Underlying()
	return len(t.Labels) > 0 || t.Name == "citext"
}

// appendBinary encodes a value of any Go type that pgx takes.
func appendBinary(m *codecs, c *column, buf []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return appendNull(buf), nil
	case [16]byte:
		if c.baseOID == uuidOID {
			return appendUUID(buf, x), nil
		}
	case string:
		if c.isTextual() {
			return appendText(buf, x), nil
		}
		if c.baseOID == jsonbOID {
			return append(append(appendLength(buf, len(x)+1), 1), x...), nil
		}
		return appendTextAsBinary(m, c, buf, x)
	case float64, float32:
		if err := c.checkWhole(x); err != nil {
			return buf, err
		}
	}
	at := len(buf)
	buf = appendLength(buf, 0)
	out, err := m.encode(c.baseOID, pgtype.BinaryFormatCode, v, buf)
	if err != nil {
		return buf, c.encodeError(v, err)
	}
	if out == nil {
		return appendNull(buf[:at]), nil
	}
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	return out, nil
}

// appendTextAsBinary reads the text form of a value and appends its binary form: inet,
// intervals, numerics, arrays.
func appendTextAsBinary(m *codecs, c *column, buf []byte, s string) ([]byte, error) {
	var v any
	if err := m.scan(c.baseOID, pgtype.TextFormatCode, []byte(s), &v); err != nil {
		return buf, err
	}
	if _, still := v.(string); still {
		return buf, fmt.Errorf("column %s: no binary form of type %s is known", c.name, c.SQLType)
	}
	return appendBinary(m, c, buf, v)
}

// hasBinaryForm reports whether the column can be copied in binary.
func (c *column) hasBinaryForm(m *codecs) bool {
	if c.isTextual() || c.baseOID == jsonbOID {
		return true
	}
	return m.hasBinaryForm(c.baseOID)
}

// appendLiteral appends a value as the text that Postgres reads. Arrays of types that pgx
// does not know, such as enums, are encoded as text[].
func appendLiteral(m *codecs, c *column, buf []byte, v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Pointer && r.IsNil():
		return appendNull(buf), nil
	case r.Kind() == reflect.Pointer:
		return appendLiteral(m, c, buf, r.Elem().Interface())
	case r.Kind() == reflect.String:
		return appendText(buf, r.String()), nil
	}
	for _, oid := range []uint32{c.baseOID, pgtype.TextArrayOID} {
		at := len(buf)
		out, err := m.encode(oid, pgtype.TextFormatCode, v, appendLength(buf, 0))
		if err != nil {
			continue
		}
		if out == nil {
			return appendNull(buf), nil
		}
		binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
		return out, nil
	}
	return appendText(buf, literalText(v)), nil
}

// codecs are pgx's codecs, for all goroutines. A [pgtype.Map] caches its plans without a
// lock, so each call takes a Map of its own.
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

// canEncode reports whether pgx can encode the value for the type. It is true for a type
// that pgx does not know: the server decides.
func (c *codecs) canEncode(oid uint32, v any) bool {
	m := c.borrow()
	defer c.maps.Put(m)
	_, known := m.TypeForOID(oid)
	return !known || m.PlanEncode(oid, pgtype.BinaryFormatCode, v) != nil || m.PlanEncode(oid, pgtype.TextFormatCode, v) != nil
}

// hasBinaryForm reports whether pgx writes the type in binary.
func (c *codecs) hasBinaryForm(oid uint32) bool {
	m := c.borrow()
	defer c.maps.Put(m)
	t, ok := m.TypeForOID(oid)
	return ok && t.Codec.FormatSupported(pgtype.BinaryFormatCode)
}
