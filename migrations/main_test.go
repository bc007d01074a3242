package migrations_test

import (
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

// pg hands out empty databases, as their owner: a role with CREATEROLE and no more,
// which is what migrations run as in production. reference has the reference schema.
var (
	pg        = &pgtest.Server{}
	reference = &pgtest.Server{Migrations: migrations.FS}
)

// files makes a goose set out of name, content pairs.
func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// one runs a query that yields a single value.
func one[T any](t *testing.T, db seedbed.DB, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// do runs statements that must succeed.
func do(t *testing.T, db seedbed.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
