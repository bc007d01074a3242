package migrations_test

import (
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testpg"
)

// pg creates empty databases, whose owner has CREATEROLE and no further privilege, as
// migrations have in production. reference creates databases with the reference schema.
var pg, reference = testpg.Empty, testpg.Reference

// files makes a goose set out of name, content pairs.
func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// queryValue returns the only value of a query.
func queryValue[T any](t *testing.T, db seedbed.DB, sql string, args ...any) T {
	t.Helper()
	return testpg.One[T](t, db, sql, args...)
}

// mustExec runs statements that must succeed.
func mustExec(t *testing.T, db seedbed.DB, sql string, args ...any) {
	t.Helper()
	testpg.Exec(t, db, sql, args...)
}
