package rows

import (
	"sync"

	"github.com/jackc/pgx/v5/pgtype"
)

// codecs are pgx's, for everybody at once: a [pgtype.Map] remembers its plans in
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
