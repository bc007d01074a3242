// Package competitors is a package of five database tests, in three ways: with
// Seedbed, with a clone each on a server that runs already, and with
// a server of its own. The benchmarks of pgtest run it ten times over.
package competitors

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/fstest"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

var schema = func() fstest.MapFS {
	up := "-- +goose Up\n"
	for i := range 20 {
		up += fmt.Sprintf("CREATE TABLE t%d (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\nCREATE INDEX ON t%d (name);\n", i, i)
	}
	return fstest.MapFS{"00001_tables.sql": {Data: []byte(up)}}
}()

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func work(t *testing.T, db querier) {
	for i := range 5 {
		var id int64
		if err := db.QueryRow(t.Context(), fmt.Sprintf("INSERT INTO t%d (name) VALUES ('x') RETURNING id", i)).Scan(&id); err != nil || id != 1 {
			t.Fatal(id, err)
		}
	}
}

func five(t *testing.T, one func(t *testing.T)) {
	for i := range 5 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			one(t)
		})
	}
}

func TestSeedbed(t *testing.T) {
	pg := &pgtest.Server{Migrations: schema}
	five(t, func(t *testing.T) { work(t, pg.DB(t)) })
}

// TestClone is what pgtestdb does: a template by name, under a lock, and for each
// test CREATE DATABASE with the default strategy, a connection, DROP DATABASE.
func TestClone(t *testing.T) {
	url := os.Getenv("COMPETITOR_URL")
	admin := connect(t, url)
	makeTemplate(t, admin)
	five(t, func(t *testing.T) {
		conn := connect(t, url)
		name := fmt.Sprintf("clone_%d_%s", os.Getpid(), t.Name()[len("TestClone/"):])
		run(t, conn, "CREATE DATABASE "+name+" TEMPLATE competitor")
		cfg := conn.Config().Copy()
		cfg.Database = name
		db, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		work(t, db)
		db.Close(t.Context())
		run(t, conn, "DROP DATABASE "+name+" WITH (FORCE)")
		conn.Close(t.Context())
	})
}

func makeTemplate(t *testing.T, admin *pgx.Conn) {
	run(t, admin, "SELECT pg_advisory_lock(1)")
	var there bool
	if err := admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'competitor')").Scan(&there); err != nil {
		t.Fatal(err)
	}
	if !there {
		run(t, admin, "CREATE DATABASE competitor_draft")
		cfg := admin.Config().Copy()
		cfg.Database = "competitor_draft"
		draft, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := migrations.Up(t.Context(), draft, schema); err != nil {
			t.Fatal(err)
		}
		draft.Close(t.Context())
		run(t, admin, "ALTER DATABASE competitor_draft RENAME TO competitor")
	}
	admin.Close(t.Context())
}

// TestEmbedded has embedded-postgres start a server for this package alone, with
// the binaries in place.
func TestEmbedded(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	server := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().BinariesPath(os.Getenv("COMPETITOR_BINARIES")).
		RuntimePath(t.TempDir()).Port(uint32(port)).Logger(io.Discard).
		StartParameters(map[string]string{"unix_socket_directories": ""})) // Debian's is not everybody's
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	conn := connect(t, fmt.Sprintf("postgres://postgres:postgres@localhost:%d/postgres?sslmode=disable", port))
	if err := migrations.Up(t.Context(), conn, schema); err != nil {
		t.Fatal(err)
	}
	for i := range 5 { // one database: the tests clean up behind themselves
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			work(t, conn)
			for i := range 5 {
				run(t, conn, fmt.Sprintf("TRUNCATE t%d RESTART IDENTITY", i))
			}
		})
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
