// Package testpg gives this repository's tests their databases and runs SQL in them:
//
//	db := testpg.Reference.DB(t)
//	testpg.Exec(t, db, "DELETE FROM comments")
//	n := testpg.One[int](t, db, "SELECT count(*) FROM comments")
//
// All tests of one schema share a server, over packages too. What needs no
// database is in package testkit.
package testpg

import (
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

var (
	// Empty has databases with nothing in them.
	Empty = &pgtest.Server{}

	// Reference has databases with the reference schema.
	Reference = &pgtest.Server{Migrations: migrations.FS}
)

// Schema returns a server for the schema that sql makes, in one migration. It may
// have several statements and dollar quotes.
func Schema(sql string, extensions ...string) *pgtest.Server {
	return &pgtest.Server{Extensions: extensions, Migrations: fstest.MapFS{
		"00001_schema.sql": {Data: []byte("-- +goose Up\n-- +goose StatementBegin\n" + sql + "\n-- +goose StatementEnd\n")},
	}}
}

// Exec runs a statement with arguments, or several without, which must succeed.
func Exec(t testing.TB, db seedbed.DB, sql string, args ...any) {
	t.Helper()
	if len(args) == 0 {
		args = []any{pgx.QueryExecModeSimpleProtocol}
	}
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// One returns the value that a query yields.
func One[T any](t testing.TB, db seedbed.DB, sql string, args ...any) (value T) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// List returns the values of a query's only column.
func List[T any](t testing.TB, db seedbed.DB, sql string, args ...any) []T {
	t.Helper()
	rows, err := db.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

// Superuser is the same database as the superuser has it.
func Superuser(t testing.TB, db *pgtest.DB) *pgtest.DB {
	t.Helper()
	return db.As(t, "postgres", nil)
}
