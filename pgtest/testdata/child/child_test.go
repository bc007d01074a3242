// Package child is the test binary that the tests of pgtest start, kill and read
// the output of: what happens to a package that uses pgtest.
package child

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: fstest.MapFS{
	"00001_things.sql": {Data: []byte("-- +goose Up\nCREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n" +
		"CREATE UNLOGGED TABLE things_unlogged AS SELECT generate_series(1, 3);\n")},
}}

func insert(t *testing.T, db *pgtest.DB) {
	t.Helper()
	var id, unlogged int64
	err := db.QueryRow(t.Context(), "INSERT INTO things (name) VALUES ($1) RETURNING id, (SELECT count(*) FROM things_unlogged)", t.Name()).Scan(&id, &unlogged)
	if err != nil {
		t.Fatal(err)
	}
	if id != 1 || unlogged != 3 {
		t.Fatalf("id = %d, %d unlogged rows, in a database that should be new", id, unlogged)
	}
}

func TestPass(t *testing.T) { insert(t, pg.DB(t)) }

func TestMany(t *testing.T) {
	for i := range testkit.Rounds(12, 24) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			insert(t, pg.DB(t))
		})
	}
}

// TestReplace has many tests that change more than rows, each in its own way.
func TestReplace(t *testing.T) {
	for i := range testkit.Rounds(20, 60) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := pg.DB(t)
			var columns, others int
			err := db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_attribute WHERE attrelid = 'things'::regclass AND attnum > 0),
				(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^(things|goose)')`).Scan(&columns, &others)
			if err != nil || columns != 2 || others != 0 {
				t.Fatalf("%d columns, %d other relations, %v in a database that should be new", columns, others, err)
			}
			insert(t, db)
			for _, sql := range [][]string{
				{"CREATE TABLE more AS SELECT * FROM things, generate_series(1, 5000)", "CREATE INDEX ON more (name)"},
				{"ALTER TABLE things ADD COLUMN extra int DEFAULT 1", "VACUUM FULL things"},
				{"DROP TABLE things"},
				{"CREATE UNLOGGED TABLE more (id int)", "INSERT INTO more SELECT generate_series(1, 5000)"},
				{"TRUNCATE things RESTART IDENTITY", "CREATE TEMP TABLE more AS SELECT 1"},
			}[i%5] {
				if _, err := db.Exec(t.Context(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
		})
	}
}

// TestCrash has the server begin anew in the middle of it, and goes on.
func TestCrash(t *testing.T) {
	t.Run("before", TestMany) // several databases are ready when they have come back
	db := pg.DB(t)
	var pid int
	var began, begins time.Time // a server that has recovered counts from the beginning
	if err := db.QueryRow(t.Context(), "SELECT pg_backend_pid(), stats_reset FROM pg_stat_bgwriter").Scan(&pid, &began); err != nil {
		t.Fatal(err)
	}
	backend, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(60 * time.Second); ; {
		err := db.QueryRow(t.Context(), "SELECT stats_reset FROM pg_stat_bgwriter").Scan(&begins)
		if err == nil && begins.After(began) || err != nil && strings.Contains(err.Error(), "was restarted") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server has not come back: %v", err)
		}
	}
	for i := range testkit.Rounds(12, 24) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			db := pg.DB(t)
			db.Reset() // a database that was ready before the crash gets a session after it
			insert(t, db)
		})
	}
}

func TestFail(t *testing.T) {
	db := pg.DB(t)
	insert(t, db)
	if _, err := db.Exec(t.Context(), "SELECT nonsense"); err == nil {
		t.Fatal("nonsense is a column")
	}
	t.Fatal("this test fails on purpose")
}

func TestFailInParallelSubtest(t *testing.T) {
	for _, name := range []string{"good", "bad"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			insert(t, pg.DB(t))
			if name == "bad" {
				t.FailNow()
			}
		})
	}
}

func TestPanic(t *testing.T) {
	insert(t, pg.DB(t))
	panic("this test panics on purpose")
}

func TestExit(t *testing.T) {
	insert(t, pg.DB(t))
	os.Exit(3)
}

// TestCrowd has more tests at a time than the server has connections.
func TestCrowd(t *testing.T) {
	crowd(t, &pgtest.Server{Migrations: pg.Migrations, Settings: map[string]string{"max_connections": "32"}})
}

// TestMigrationWithARole migrates something that all databases of the server see.
func TestMigrationWithARole(t *testing.T) {
	server := &pgtest.Server{Migrations: fstest.MapFS{"00001_role.sql": {Data: []byte("-- +goose Up\nCREATE ROLE made_by_migration;\n")}}}
	server.DB(t)
}

// TestCrowdHere is for a server that has few.
func TestCrowdHere(t *testing.T) { crowd(t, pg) }

func crowd(t *testing.T, small *pgtest.Server) {
	for i := range testkit.Rounds(20, 32) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := small.DB(t)
			for range 3 {
				if _, err := db.Exec(t.Context(), "INSERT INTO things (name) VALUES ('x')"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestGreedy takes all connections and waits for one more.
func TestGreedy(t *testing.T) {
	small := &pgtest.Server{Migrations: pg.Migrations, MaxConns: 100, Settings: map[string]string{"max_connections": "32"}}
	db := small.DB(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		if _, err := db.Acquire(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHang says when it has a database and waits to be killed.
func TestHang(t *testing.T) {
	insert(t, pg.DB(t))
	fmt.Println("hanging")
	select {}
}

// TestLeak never gives its connection back.
func TestLeak(t *testing.T) {
	conn, err := pg.DB(t).Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT 'forgotten'"); err != nil {
		t.Fatal(err)
	}
}

// TestReconnect leaves a goroutine behind that connects again and again.
func TestReconnect(t *testing.T) {
	db := pg.DB(t)
	url := db.URL()
	started := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			conn, err := pgx.Connect(context.Background(), url)
			if err != nil {
				return // the database is gone
			}
			conn.Exec(context.Background(), "INSERT INTO things (name) VALUES ('late')")
			if n == 0 {
				close(started)
			}
			conn.Close(context.Background())
		}
	}()
	<-started
	t.Cleanup(func() { time.AfterFunc(20*time.Second, func() { panic("the database is still there") }) })
}

func TestAfterReconnect(t *testing.T) {
	for range 5 {
		t.Run("", func(t *testing.T) { insert(t, pg.DB(t)) })
	}
}

// TestPrepared leaves a prepared transaction behind.
func TestPrepared(t *testing.T) {
	db := pg.DB(t)
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().Exec(t.Context(), "BEGIN; INSERT INTO things (name) VALUES ('p'); PREPARE TRANSACTION '"+db.Config().ConnConfig.Database+"'").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
}

// TestChange does what it is told to its database and waits to be killed.
func TestChange(t *testing.T) {
	db := pg.DB(t)
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Conn().PgConn().Exec(t.Context(), os.Getenv("CHILD_SQL")).ReadAll(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("hanging in", db.Config().ConnConfig.Database)
	select {}
}

// TestClean has as many databases at a time as it may, all of which have to be new.
func TestClean(t *testing.T) {
	const n = 8
	var given sync.WaitGroup
	together := flag.Lookup("test.parallel").Value.String() == fmt.Sprint(n)
	if together {
		given.Add(n)
	}
	for i := range n {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			done := func() {}
			if together {
				done = sync.OnceFunc(given.Done)
			}
			t.Cleanup(done) // also if there is no database
			db := pg.DB(t)
			t.Cleanup(func() { done(); given.Wait() }) // before it is given back
			fmt.Println("given", db.Config().ConnConfig.Database)
			var rows, tables int
			err := db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM things),
				(SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)`).Scan(&rows, &tables)
			if err != nil {
				t.Fatal(err)
			}
			if rows != 0 || tables != 3 { // goose_db_version is one
				t.Fatalf("%d rows, %d tables in a database that should be new", rows, tables)
			}
			insert(t, db)
		})
	}
}

var withKinds = &pgtest.Server{Migrations: os.DirFS("artifacts")}

// TestArtifacts writes rows of all kinds and fails.
func TestArtifacts(t *testing.T) {
	db := withKinds.DB(t)
	for _, sql := range []string{
		`INSERT INTO kinds (id, name, score, active, doc, tags) OVERRIDING SYSTEM VALUE VALUES (7, E'tab\tand "quotes" <b> \\N', -1.5, true, '{"a": [1, "x"]}', '{"a b",c}'), (8, NULL, NULL, NULL, NULL, NULL)`,
		"INSERT INTO events VALUES (1, '2024-05-05'), (7, '2030-01-01')",
		"SELECT 'x'::int",
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Error(err)
		}
	}
}
