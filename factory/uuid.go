package factory

import (
	"database/sql/driver"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qarion/seedbed/internal/rows"
)

// UUID is the key of a built-in row. It prints, marshals and scans as the usual 36
// characters, and pgx and database/sql take it as a uuid. Your own structs may use any
// other type that pgx takes.
type UUID [16]byte

// IsZero reports whether u is the nil UUID, which the engine takes for "not set".
func (u UUID) IsZero() bool { return u == UUID{} }

// String is the canonical form, in lower case.
func (u UUID) String() string { return rows.FormatUUID(u) }

// MarshalText writes the canonical form.
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (u *UUID) UnmarshalText(text []byte) error {
	id, err := rows.ParseUUID(string(text))
	if err == nil {
		*u = id
	}
	return err
}

// UUIDValue makes pgx send u in binary.
func (u UUID) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: u, Valid: true}, nil }

// ScanUUID takes a uuid from pgx; NULL becomes the zero UUID.
func (u *UUID) ScanUUID(v pgtype.UUID) error {
	*u = v.Bytes
	return nil
}

// Value is for database/sql.
func (u UUID) Value() (driver.Value, error) { return u.String(), nil }

// Scan is for database/sql; NULL becomes the zero UUID.
func (u *UUID) Scan(src any) error {
	switch s := src.(type) {
	case nil:
		*u = UUID{}
		return nil
	case string:
		return u.UnmarshalText([]byte(s))
	case []byte:
		return u.UnmarshalText(s)
	}
	return fmt.Errorf("scan uuid: cannot take a %T", src)
}
