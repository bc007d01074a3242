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
	"github.com/qarion/seedbed/pgtest/check/sanitize"
)

var pg = &pgtest.Server{}

// held is one thing that Postgres holds and that cannot leave as it is.
type held struct {
	name   string
	column string
	value  any
	rule   sanitize.Rule
}

var allHeld = []held{
	{"C0", "text", "a\x01\x1b[31m", sanitize.C0Control},
	{"C1", "text", "a\u0085\u009b", sanitize.C1Control},
	{"BOM", "text", "\ufeffid", sanitize.ByteOrderMark},
	{"override", "text", "user\u202etxt.exe", sanitize.BidiControl},
	{"noncharacter", "text", "\uffff", sanitize.Noncharacter},
	{"two MiB", "text", strings.Repeat("é", 1<<20), sanitize.OversizeString},
	{"list of text", "texts", []string{"ok", "\x02"}, sanitize.C0Control},
	{"C0 in jsonb", "jsonb", `{"a":["\u0001"]}`, sanitize.C0Control},
	{"override in a jsonb key", "jsonb", `{"\u202e":1}`, sanitize.BidiControl},
	{"1e400 in jsonb", "jsonb", `{"n":1e400}`, sanitize.NumberOutOfRange},
	{"2^53+1 in jsonb", "jsonb", `{"n":9007199254740993}`, sanitize.UnsafeInteger},
	{"deep jsonb", "jsonb", strings.Repeat("[", 200) + strings.Repeat("]", 200), sanitize.TooDeep},
	{"NUL in json", "json", `{"a":"x\u0000y"}`, sanitize.NUL},
	{"half a pair in json", "json", `{"a":"\ud800"}`, sanitize.LoneSurrogate},
	{"duplicate key in json", "json", `{"a":1,"a":2}`, sanitize.DuplicateKey},
	{"invalid UTF-8 in bytea", "bytea", []byte("caf\xe9"), sanitize.RawBinary},
	{"overlong UTF-8 in bytea", "bytea", []byte("\xc0\xaf"), sanitize.RawBinary},
	{"surrogate UTF-8 in bytea", "bytea", []byte("\xed\xa0\x80"), sanitize.RawBinary},
	{"NUL in bytea", "bytea", []byte{0}, sanitize.RawBinary},
	{"list of bytea", "byteas", [][]byte{{1}, nil, {2}}, sanitize.RawBinary},
	{"uuid", "uuid", "00112233-4455-6677-8899-aabbccddeeff", sanitize.RawBinary},
	{"macaddr", "macaddr", net.HardwareAddr{8, 0, 43, 1, 2, 3}, sanitize.RawBinary},
	{"bits", "varbit", pgtype.Bits{Bytes: []byte{0xf0}, Len: 4, Valid: true}, sanitize.RawBinary},
	{"NaN", "float8", math.NaN(), sanitize.NotFinite},
	{"Inf", "float8", math.Inf(1), sanitize.NotFinite},
	{"-Inf in float4", "float4", float32(math.Inf(-1)), sanitize.NotFinite},
	{"NaN in a list", "float8s", []float64{1, math.NaN()}, sanitize.NotFinite},
	{"infinite path", "path", pgtype.Path{P: []pgtype.Vec2{{X: math.Inf(1)}}, Valid: true}, sanitize.NotFinite},
	{"float like an integer", "float8", 1e17, sanitize.UnsafeInteger},
	{"bigint", "int8", int64(1)<<53 + 1, sanitize.UnsafeInteger},
	{"2^53+1 in numeric", "numeric", "9007199254740993", sanitize.UnsafeInteger},
	{"money in numeric", "numeric", "9007199254740993.25", sanitize.UnsafeInteger},
	{"1e400 in numeric", "numeric", "1e400", sanitize.NumberOutOfRange},
	{"most digits in numeric", "numeric", strings.Repeat("9", 131072), sanitize.NumberOutOfRange},
	{"year 10000", "timestamptz", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), sanitize.TimeOutOfRange},
	{"last year", "timestamptz", time.Date(294276, 12, 31, 0, 0, 0, 0, time.UTC), sanitize.TimeOutOfRange},
	{"4713 BC", "timestamp", time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC), sanitize.TimeOutOfRange},
	{"last date", "date", time.Date(5874897, 12, 31, 0, 0, 0, 0, time.UTC), sanitize.TimeOutOfRange},
	{"infinity", "timestamptz", pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, sanitize.TimeOutOfRange},
	{"-infinity", "date", pgtype.Date{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, sanitize.TimeOutOfRange},
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
	return h.column != "json" && h.rule != sanitize.NumberOutOfRange && !(h.column == "jsonb" && h.rule == sanitize.UnsafeInteger)
}

func foundIn(t *testing.T, h held, v any) {
	t.Helper()
	found := sanitize.Inspect(v, sanitize.Policy{})
	for _, f := range found {
		if f.Rule == h.rule {
			return
		}
	}
	t.Errorf("want %s in %T, got\n%s", h.rule, v, sanitize.Report(h.name, found))
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
