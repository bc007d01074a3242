package rows

import (
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// pending stands for a value that Postgres will choose when a row of this call is inserted:
// an identity, a serial, another default, or a generated column.
type pending struct {
	row    *row
	column int
}

const (
	boolOID  = 16
	textOID  = 25
	jsonOID  = 114
	uuidOID  = 2950
	jsonbOID = 3802
)

// canonical converts a value of a key to a form that == compares, whatever Go type a struct
// keeps it in: int64, [16]byte, time.Time in UTC, or string. nil stays nil.
func canonical(c *column, v any) any {
	switch x := v.(type) {
	case nil, pending, int64, [16]byte:
		return v
	case pgtype.UUID:
		return x.Bytes
	case string:
		if c.baseOID == uuidOID {
			if id, err := ParseUUID(x); err == nil {
				return id
			}
		}
		return x
	case time.Time:
		return x.UTC().Round(0).Truncate(time.Microsecond)
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return canonical(c, r.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(r.Uint())
	case reflect.String:
		return canonical(c, r.String())
	case reflect.Array:
		if id, ok := uuidFromArray(r); ok {
			return id
		}
	}
	if valuer, ok := v.(pgtype.UUIDValuer); ok {
		if id, err := valuer.UUIDValue(); err == nil {
			return id.Bytes
		}
	}
	return fmt.Sprint(v)
}

// canonicalFromServer is canonical for a value as pgx reads it, without its column.
func canonicalFromServer(v any) any {
	if s, ok := v.(string); ok {
		return s
	}
	return canonical(nil, v)
}

func uuidFromArray(r reflect.Value) (id [16]byte, ok bool) {
	if r.Type().Elem().Kind() != reflect.Uint8 || r.Len() != 16 {
		return id, false
	}
	reflect.Copy(reflect.ValueOf(&id).Elem(), r)
	return id, true
}

// display writes a value for a message.
func display(v any) string {
	switch x := v.(type) {
	case nil:
		return "NULL"
	case [16]byte:
		return FormatUUID(x)
	case pending:
		return "a new row's " + x.row.table.columns[x.column].name
	}
	return fmt.Sprint(v)
}

// keyText writes a value of a key as Postgres reads it; "" for NULL.
func keyText(c *column, v any) string {
	switch x := canonical(c, v).(type) {
	case nil:
		return ""
	case [16]byte:
		return FormatUUID(x)
	default:
		return fmt.Sprint(x)
	}
}

// setFieldValue sets a struct field to a value of a column. Where Go cannot convert the
// value to the field's type, it goes through Postgres's text form.
func setFieldValue(m *codecs, c *column, dst reflect.Value, v any) error {
	src := reflect.ValueOf(v)
	switch {
	case v == nil:
		dst.SetZero()
		return nil
	case src.Type().AssignableTo(dst.Type()):
		dst.Set(src)
		return nil
	case dst.Kind() == reflect.Pointer:
		fresh := reflect.New(dst.Type().Elem())
		if err := setFieldValue(m, c, fresh.Elem(), v); err != nil {
			return err
		}
		dst.Set(fresh)
		return nil
	case src.Kind() == reflect.Pointer && !src.IsNil():
		return setFieldValue(m, c, dst, src.Elem().Interface())
	}
	if setSameKind(dst, src, v) {
		return nil
	}
	return setFromText(m, c, dst, v)
}

// setSameKind sets a field of the same kind but another type: integers that fit, floats,
// strings, and a UUID as text. It returns false where the kinds differ.
func setSameKind(dst, src reflect.Value, v any) bool {
	switch {
	case dst.CanInt() && src.CanInt() && !dst.OverflowInt(src.Int()):
		dst.SetInt(src.Int())
	case dst.CanUint() && src.CanInt() && src.Int() >= 0 && !dst.OverflowUint(uint64(src.Int())):
		dst.SetUint(uint64(src.Int()))
	case dst.CanFloat() && src.CanFloat():
		dst.SetFloat(src.Float())
	case dst.Kind() == src.Kind() && src.Type().ConvertibleTo(dst.Type()):
		dst.Set(src.Convert(dst.Type()))
	case dst.Kind() == reflect.Slice && dst.Type().Elem().Kind() == reflect.Uint8 && src.Kind() == reflect.String:
		dst.SetBytes([]byte(src.String()))
	case dst.Kind() == reflect.String:
		id, ok := asUUID(v)
		if !ok {
			return false
		}
		dst.SetString(FormatUUID(id))
	default:
		return false
	}
	return true
}

// asUUID reads any array of 16 bytes as a UUID.
func asUUID(v any) (id [16]byte, ok bool) {
	if id, ok = v.([16]byte); ok {
		return id, true
	}
	if r := reflect.ValueOf(v); r.IsValid() && r.Type().ConvertibleTo(reflect.TypeOf(id)) && r.Kind() == reflect.Array {
		return r.Convert(reflect.TypeOf(id)).Interface().([16]byte), true
	}
	return id, false
}

// setFromText sets a field by encoding the value as Postgres's text and scanning that.
func setFromText(m *codecs, c *column, dst reflect.Value, v any) error {
	var buf []byte
	if s, ok := v.(string); ok {
		buf = []byte(s)
	} else {
		var err error
		if buf, err = m.encode(c.Type.OID, pgtype.TextFormatCode, v, nil); err != nil {
			return fmt.Errorf("column %s: a %T does not fit type %s: %w", c.name, v, c.SQLType, err)
		}
	}
	if c.baseOID == boolOID && len(buf) > 1 {
		buf = buf[:1] // "true" → "t", the form that pgx scans
	}
	if err := m.scan(c.Type.OID, pgtype.TextFormatCode, buf, dst.Addr().Interface()); err != nil {
		return fmt.Errorf("column %s: type %s does not fit a field of type %s: %w", c.name, c.SQLType, dst.Type(), err)
	}
	return nil
}

// FormatUUID returns the canonical text of a UUID, in lower case.
func FormatUUID(u [16]byte) string {
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

var errUUID = errors.New("not a uuid")

// ParseUUID reads what FormatUUID writes.
func ParseUUID(s string) (id [16]byte, err error) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return [16]byte{}, errUUID
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return [16]byte{}, errUUID
	}
	return id, nil
}

// literalText writes a value as the text that Postgres reads for any type.
func literalText(v any) string {
	switch x := v.(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case []byte:
		return fmt.Sprintf(`\x%x`, x)
	}
	return display(v)
}
