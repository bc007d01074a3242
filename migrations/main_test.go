package migrations_test

import (
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testpg"
)

// pg hands out empty databases, as their owner: a role with CREATEROLE and no more,
// which is what migrations run as in production. reference has the reference schema.
var pg, reference = testpg.Empty, testpg.Reference

// files makes a goose set out of name, content pairs.
func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// one returns the value that a query yields.
func one[T any](t *testing.T, db seedbed.DB, sql string, args ...any) T {
	t.Helper()
	return testpg.One[T](t, db, sql, args...)
}

// do runs statements that must succeed.
func do(t *testing.T, db seedbed.DB, sql string, args ...any) {
	t.Helper()
	testpg.Exec(t, db, sql, args...)
}
