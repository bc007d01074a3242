package migrations_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/pgtest"
)

var owners atomic.Int64

// owned is an empty database whose owner it is opened as: a role with CREATEROLE
// and no more, which is what migrations run as in production.
func owned(t *testing.T) *pgxpool.Pool {
	t.Helper()
	admin := adminOf(t)
	name := fmt.Sprintf("mig_owner_%d_%d", os.Getpid(), owners.Add(1))
	do(t, admin.Pool, "create role "+name+" login createrole")
	do(t, admin.Pool, "create database "+name+" owner "+name)
	pool, err := pgxpool.New(t.Context(), as(t, admin.URL(), name, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pool.Close()
		ctx := context.Background()
		for _, sql := range []string{"drop database " + name + " with (force)", "drop role " + name} {
			if _, err := admin.Exec(ctx, sql); err != nil {
				t.Error(err)
			}
		}
	})
	return pool
}

// adminOf is a handle that may make roles and databases, or the end of the test.
func adminOf(t *testing.T) *pgtest.DB {
	t.Helper()
	db := pg.DB(t)
	if !one[bool](t, db, "select rolsuper from pg_roles where rolname = current_user") {
		t.Skip("needs a superuser on the test server, to make a role that is none")
	}
	return db
}

func as(t *testing.T, base, user, database string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.User(user), "/"+database
	return u.String()
}

func do(t *testing.T, db *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
