package pgtest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: fstest.MapFS{
	"00001_things.sql": {Data: []byte("-- +goose Up\nCREATE TABLE things (id int PRIMARY KEY, name text NOT NULL);\n-- +goose Down\nDROP TABLE things;\n")},
}}

func TestDBIsMigratedAndPrivate(t *testing.T) {
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pg.DB(t)
			if _, err := db.Exec(t.Context(), "INSERT INTO things VALUES (1, $1)", name); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil || n != 1 {
				t.Fatalf("count = %d, %v, want 1", n, err)
			}
		})
	}
}

func TestOtherWaysToTheSameDatabase(t *testing.T) {
	db := pg.DB(t)
	if _, err := db.Exec(t.Context(), "INSERT INTO things VALUES (1, 'x')"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil || n != 1 {
		t.Errorf("database/sql sees %d rows, %v", n, err)
	}
	conn, err := pgx.Connect(t.Context(), db.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil || n != 1 {
		t.Errorf("a connection of one's own sees %d rows, %v", n, err)
	}
}

func FuzzDB(f *testing.F) {
	f.Add("x")
	f.Fuzz(func(t *testing.T, name string) {
		db := pg.DB(t)
		if _, err := db.Exec(t.Context(), "INSERT INTO things VALUES (1, md5($1::bytea))", []byte(name)); err != nil {
			t.Fatal(err)
		}
	})
}

// The card of a failed test says how to open its database, what it left open, and
// what the server said to it: not what it said to the test that had the database
// before.
func TestFailureCard(t *testing.T) {
	t.Parallel()
	server := &pgtest.Server{Migrations: tables(3)}
	ask := func(db *pgtest.DB, sql string) {
		if _, err := db.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s succeeded", sql)
		}
	}
	before := testkit.NewInner(t)
	db := server.DB(before)
	used := db.Config().ConnConfig.Database
	ask(db, "SELECT another_tests_error")
	before.End()
	server.Settle()

	for range 8 { // the one that was used before is among those that lie ready
		test := testkit.NewRecorder(t)
		db := server.DB(test)
		if db.Config().ConnConfig.Database != used {
			defer test.End()
			continue
		}
		test.Fail()
		ask(db, "SELECT its_own_error")
		conn, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		if _, err := conn.Exec(t.Context(), "SELECT 'left open'"); err != nil {
			t.Fatal(err)
		}
		test.End()
		card := test.Logged()
		testkit.Mention(t, card, "psql '", used, "its_own_error")
		testkit.Mention(t, test.Text(), "ended with a connection in use, acquired at ", "db_test.go:", "left open")
		if strings.Contains(card, "another_tests_error") {
			t.Errorf("another test's line:\n%s", card)
		}
		return
	}
	t.Error("the database was not used again")
}
