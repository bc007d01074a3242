package rows

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// checkStorable returns an error where a value's Go type, or the number itself, is none that
// the column takes. pgx finds that out, too, and then closes the connection, with the caller's
// transaction. What only the server knows, such as the syntax of a text, it decides.
func (t *table) checkStorable(c *column, v any) error {
	switch x := v.(type) {
	case nil, string, pending:
		return nil
	case bool:
		if c.baseOID == boolOID {
			return nil
		}
	case int64:
		if c.baseOID == pgtype.Int8OID {
			return nil
		}
	case time.Time:
		if c.baseOID == pgtype.TimestamptzOID {
			return nil
		}
	case [16]byte:
		if c.baseOID == uuidOID {
			return nil
		}
	case float64, float32:
		if err := c.checkWhole(x); err != nil {
			return fmt.Errorf("%s.%s: %w", t.name, c.name, err)
		}
	}
	m := t.schema.codecs.borrow()
	defer t.schema.codecs.maps.Put(m)
	if _, known := m.TypeForOID(c.Type.OID); !known {
		return nil
	}
	_, err := m.Encode(c.Type.OID, pgtype.BinaryFormatCode, v, nil)
	if err != nil {
		if _, asText := m.Encode(c.Type.OID, pgtype.TextFormatCode, v, nil); asText == nil {
			return nil
		}
		return fmt.Errorf("%s.%s: %w", t.name, c.name, c.encodeError(v, err))
	}
	return nil
}

// checkWhole returns an error for a fraction in a column of whole numbers, from which pgx
// would cut it off.
func (c *column) checkWhole(v any) error {
	f := reflect.ValueOf(v).Float()
	switch c.baseOID {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		if f != math.Trunc(f) {
			return fmt.Errorf("%v is no whole number, which type %s takes", v, c.SQLType)
		}
	}
	return nil
}

// encodeError is pgx's error about a value, in terms of the column.
func (c *column) encodeError(v any, err error) error {
	text := err.Error()
	if at := strings.LastIndex(text, "): "); strings.HasPrefix(text, "unable to encode") && at > 0 {
		text = text[at+len("): "):]
	}
	if text == "cannot find encode plan" {
		return fmt.Errorf("a Go %T cannot be stored in type %s", v, c.SQLType)
	}
	return fmt.Errorf("type %s does not take it: %s", c.SQLType, text)
}
