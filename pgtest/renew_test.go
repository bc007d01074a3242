//go:build unix

package pgtest_test

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/pgtest"
)

// aFile is one of the files of a test's database. It stays open, so that no other
// file gets its number.
func aFile(t *testing.T, db *pgtest.DB) os.FileInfo {
	t.Helper()
	admin, err := pgx.Connect(t.Context(), db.AdminURL("seedbed"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	var path string
	err = admin.QueryRow(t.Context(), "SELECT current_setting('data_directory') || '/base/' || oid || '/PG_VERSION' FROM pg_database WHERE datname = $1",
		db.Config().ConnConfig.Database).Scan(&path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// A database that cannot be reset leaves its files to the next one; one that is not
// alone, or that somebody may come back to, is dropped with them.
func TestSpentDatabaseLeavesItsFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		sql  string
		then func(*pgtest.DB)
		want bool
	}{
		{"a table", "CREATE TABLE extra AS SELECT * FROM plans", nil, true},
		{"no tables", "DROP TABLE notes, accounts, plans CASCADE", nil, true},
		{"unlogged", "CREATE UNLOGGED TABLE extra AS SELECT generate_series(1, 10000)", nil, true},
		{"written anew", "VACUUM FULL plans", nil, true},
		{"catalogs written anew", "CREATE TEMP TABLE extra (a int); REINDEX TABLE plans", nil, true},
		{"prepared transaction", "BEGIN; INSERT INTO plans VALUES ('p', 1); PREPARE TRANSACTION 'renew_test'", nil, false},
		{"URL given away", "CREATE TABLE extra (a int)", func(db *pgtest.DB) { db.URL() }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &pgtest.Server{Migrations: recycled, Settings: alone}
			test := &oneTest{TB: t}
			db := server.DB(test)
			before := aFile(t, db)
			conn, err := db.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, sql := range splitStatements(c.sql) {
				if _, err := conn.Exec(t.Context(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			conn.Release()
			if c.then != nil {
				c.then(db)
			}
			test.end()
			server.Settle()
			var got bool
			for range 6 {
				next := server.DB(t)
				got = got || os.SameFile(before, aFile(t, next))
				var rows string
				err := next.QueryRow(t.Context(), "SELECT string_agg(p::text, ' ' ORDER BY code) || (SELECT count(*) FROM accounts, notes) FROM plans p").Scan(&rows)
				if want := `(free,0,0) (pro,10,20) ("quote'd	tab",3,6)0`; err != nil || rows != want {
					t.Errorf("plans: %s, %v, want %s", rows, err, want)
				}
			}
			if got != c.want {
				t.Errorf("a database after it has its files: %t, want %t", got, c.want)
			}
		})
	}
}

// Somebody looks into every database as soon as it is there, as monitoring may do, and
// also into those that are just being made: what is read then must not stay in the
// server's memory, and tests get what the template has.
func TestSomebodyLooksIntoEveryDatabase(t *testing.T) {
	server := &pgtest.Server{Migrations: recycled, Settings: alone}
	first := server.DB(t)
	admin, err := pgx.Connect(t.Context(), first.AdminURL("seedbed"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	ctx, stop := context.WithCancel(t.Context())
	var looked, refused atomic.Int64
	var looking sync.WaitGroup
	looking.Go(func() {
		seen := map[string]int{}
		for ctx.Err() == nil {
			rows, _ := admin.Query(t.Context(), "SELECT datname::text FROM pg_database WHERE datname LIKE 'sb\\_%' AND NOT datistemplate")
			names, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Error(err)
				return
			}
			for _, name := range names {
				if seen[name] > 40 {
					continue
				}
				seen[name]++
				conn, err := pgx.Connect(t.Context(), first.AdminURL(name))
				if err != nil {
					refused.Add(1)
					continue
				}
				seen[name] = 100
				conn.Exec(t.Context(), "SELECT count(*) FROM plans, accounts, pg_class, pg_attribute")
				conn.Close(t.Context())
				looked.Add(1)
			}
		}
	})
	for range 30 {
		test := &oneTest{TB: t}
		db := server.DB(test)
		var rows string
		err := db.QueryRow(t.Context(), `SELECT string_agg(p::text, ' ' ORDER BY code) || (SELECT count(*) FROM accounts)
			|| (SELECT count(*) FROM pg_class WHERE relname LIKE 'extra%') FROM plans p`).Scan(&rows)
		if want := `(free,0,0) (pro,10,20) ("quote'd	tab",3,6)00`; err != nil || rows != want {
			t.Errorf("plans, accounts and tables: %s, %v, want %s", rows, err, want)
		}
		for _, sql := range []string{"UPDATE plans SET price = 77", "INSERT INTO accounts (plan) VALUES ('pro')", "CREATE TABLE extra (a int)"} {
			if _, err := db.Exec(t.Context(), sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
		test.end()
		server.Settle()
	}
	stop()
	looking.Wait()
	t.Logf("looked into %d databases, refused %d times", looked.Load(), refused.Load())
	if looked.Load() == 0 {
		t.Error("nobody has looked into a database")
	}
}
