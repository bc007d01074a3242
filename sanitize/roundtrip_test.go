package sanitize_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/sanitize"
)

var pg = &pgtest.Server{}

// held is one thing that Postgres holds and that cannot leave as it is.
type held struct {
	name   string
	column string
	value  any
	rule   string
}

var allHeld = []held{
	{"C0", "text", "a\x01\x1b[31m", "c0-control"},
	{"C1", "text", "a\u0085\u009b", "c1-control"},
	{"BOM", "text", "\ufeffid", "byte-order-mark"},
	{"override", "text", "user\u202etxt.exe", "bidi-control"},
	{"noncharacter", "text", "\uffff", "noncharacter"},
	{"two MiB", "text", strings.Repeat("é", 1<<20), "oversize-string"},
	{"list of text", "texts", []string{"ok", "\x02"}, "c0-control"},
	{"C0 in jsonb", "jsonb", `{"a":["\u0001"]}`, "c0-control"},
	{"override in a jsonb key", "jsonb", `{"\u202e":1}`, "bidi-control"},
	{"1e400 in jsonb", "jsonb", `{"n":1e400}`, "number-out-of-range"},
	{"2^53+1 in jsonb", "jsonb", `{"n":9007199254740993}`, "unsafe-integer"},
	{"deep jsonb", "jsonb", strings.Repeat("[", 200) + strings.Repeat("]", 200), "too-deep"},
	{"NUL in json", "json", `{"a":"x\u0000y"}`, "nul"},
	{"half a pair in json", "json", `{"a":"\ud800"}`, "lone-surrogate"},
	{"duplicate key in json", "json", `{"a":1,"a":2}`, "duplicate-key"},
	{"invalid UTF-8 in bytea", "bytea", []byte("caf\xe9"), "raw-binary"},
	{"overlong UTF-8 in bytea", "bytea", []byte("\xc0\xaf"), "raw-binary"},
	{"surrogate UTF-8 in bytea", "bytea", []byte("\xed\xa0\x80"), "raw-binary"},
	{"NUL in bytea", "bytea", []byte{0}, "raw-binary"},
	{"list of bytea", "byteas", [][]byte{{1}, nil, {2}}, "raw-binary"},
	{"uuid", "uuid", "00112233-4455-6677-8899-aabbccddeeff", "raw-binary"},
	{"macaddr", "macaddr", net.HardwareAddr{8, 0, 43, 1, 2, 3}, "raw-binary"},
	{"bits", "varbit", pgtype.Bits{Bytes: []byte{0xf0}, Len: 4, Valid: true}, "raw-binary"},
	{"NaN", "float8", math.NaN(), "not-finite"},
	{"Inf", "float8", math.Inf(1), "not-finite"},
	{"-Inf in float4", "float4", float32(math.Inf(-1)), "not-finite"},
	{"NaN in a list", "float8s", []float64{1, math.NaN()}, "not-finite"},
	{"infinite path", "path", pgtype.Path{P: []pgtype.Vec2{{X: math.Inf(1)}}, Valid: true}, "not-finite"},
	{"float like an integer", "float8", 1e17, "unsafe-integer"},
	{"bigint", "int8", int64(1)<<53 + 1, "unsafe-integer"},
	{"2^53+1 in numeric", "numeric", "9007199254740993", "unsafe-integer"},
	{"money in numeric", "numeric", "9007199254740993.25", "unsafe-integer"},
	{"1e400 in numeric", "numeric", "1e400", "number-out-of-range"},
	{"most digits in numeric", "numeric", strings.Repeat("9", 131072), "number-out-of-range"},
	{"year 10000", "timestamptz", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "time-out-of-range"},
	{"last year", "timestamptz", time.Date(294276, 12, 31, 0, 0, 0, 0, time.UTC), "time-out-of-range"},
	{"4713 BC", "timestamp", time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC), "time-out-of-range"},
	{"last date", "date", time.Date(5874897, 12, 31, 0, 0, 0, 0, time.UTC), "time-out-of-range"},
	{"infinity", "timestamptz", pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, "time-out-of-range"},
	{"-infinity", "date", pgtype.Date{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, "time-out-of-range"},
}

// columns are named for their types.
const columns = `"text" text, texts text[], "json" json, "jsonb" jsonb, "bytea" bytea, byteas bytea[], "uuid" uuid,
	"macaddr" macaddr, "varbit" varbit, float4 float4, float8 float8, float8s float8[], "path" path, int8 int8,
	"numeric" numeric, "date" date, "timestamp" timestamp, "timestamptz" timestamptz`

// TestWhatPostgresHolds writes each thing to a column, reads it back as pgx
// reads it by itself, and sends it.
func TestWhatPostgresHolds(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	if _, err := db.Exec(t.Context(), "create table held (id int primary key, "+columns+")"); err != nil {
		t.Fatal(err)
	}
	for id, h := range allHeld {
		if _, err := db.Exec(t.Context(), fmt.Sprintf("insert into held (id, %q) values ($1, $2)", h.column), id, h.value); err != nil {
			t.Fatalf("%s: %v", h.name, err)
		}
		read := func() any {
			rows, err := db.Query(t.Context(), fmt.Sprintf("select %[1]q from held where id = $1 and %[1]q is not null", h.column), id)
			if err != nil {
				t.Fatal(err)
			}
			list, err := pgx.CollectRows(rows, pgx.RowToMap)
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %d rows, %v", h.name, len(list), err)
			}
			return list
		}
		t.Run(h.name, func(t *testing.T) {
			decodes := readable(h)
			if decodes {
				foundIn(t, h, read())
				sound(t, read, sanitize.Policy{})
			}
			typed := func() any { return readTyped(t, db, id) }
			foundIn(t, h, typed())
			sound(t, typed, sanitize.Policy{})
		})
	}
	sound(t, func() any {
		rows, err := db.Query(t.Context(), "select * from held order by id")
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[typedRow])
		if err != nil {
			t.Fatal(err)
		}
		return list
	}, sanitize.Policy{})
}

// readable reports whether pgx can read h without being told a type: it decodes
// json into float64 and strings, where some of it fails and some is lost.
func readable(h held) bool {
	return h.column != "json" && h.rule != "number-out-of-range" && !(h.column == "jsonb" && h.rule == "unsafe-integer")
}

func foundIn(t *testing.T, h held, v any) {
	t.Helper()
	found := sanitize.Inspect(v, sanitize.Policy{})
	for _, f := range found {
		if f.Rule == h.rule {
			return
		}
	}
	t.Errorf("want %s in %T, got\n%s", h.rule, v, report(h.name, found))
}

// typedRow reads what pgx would alter on the way without a type that keeps it.
type typedRow struct {
	ID          int                       `json:"id"`
	Text        *string                   `json:"text,omitempty"`
	Texts       []pgtype.Text             `json:"texts,omitempty"`
	JSON        json.RawMessage           `json:"json,omitempty"`
	JSONB       json.RawMessage           `json:"jsonb,omitempty"`
	Bytea       []byte                    `json:"bytea,omitempty"`
	Byteas      [][]byte                  `json:"byteas,omitempty"`
	UUID        *[16]byte                 `json:"uuid,omitempty"`
	Macaddr     net.HardwareAddr          `json:"macaddr,omitempty"`
	Varbit      *pgtype.Bits              `json:"varbit,omitempty"`
	Float4      *float32                  `json:"float4,omitempty"`
	Float8      *float64                  `json:"float8,omitempty"`
	Float8s     pgtype.FlatArray[float64] `json:"float8s,omitempty"`
	Path        *pgtype.Path              `json:"path,omitempty"`
	Int8        *int64                    `json:"int8,omitempty"`
	Numeric     *pgtype.Numeric           `json:"numeric,omitempty"`
	Date        any                       `json:"date,omitempty"`
	Timestamp   *time.Time                `json:"timestamp,omitempty"`
	Timestamptz any                       `json:"timestamptz,omitempty"`
}

func readTyped(t *testing.T, db *pgtest.DB, id int) any {
	t.Helper()
	rows, err := db.Query(t.Context(), "select * from held where id = $1", id)
	if err != nil {
		t.Fatal(err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[typedRow])
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// TestWhatPostgresRefuses keeps the other half of the table true: these can only
// come from elsewhere.
func TestWhatPostgresRefuses(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	for name, c := range map[string]struct{ cast, value string }{
		"invalid UTF-8 in text":     {"text", "\xff"},
		"overlong UTF-8 in text":    {"text", "\xc0\xaf"},
		"surrogate UTF-8 in text":   {"text", "\xed\xa0\x80"},
		"NUL in text":               {"text", "\x00"},
		"NUL in jsonb":              {"jsonb", `"\u0000"`},
		"half of a pair in jsonb":   {"jsonb", `"\ud800"`},
		"raw control in json":       {"json", "\"\x01\""},
		"invalid UTF-8 in raw json": {"json", "\"\xff\""},
	} {
		var got string
		err := db.QueryRow(t.Context(), "select ($1::text)::"+c.cast+"::text", c.value).Scan(&got)
		if err == nil {
			t.Errorf("%s: Postgres holds %q", name, got)
		}
	}
}
