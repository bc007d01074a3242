package pgtest_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/pgtest"
)

// Any migrator can make the schema. Inputs says what it reads, so that it runs again
// when that changes.
func ExampleServer_migrate() {
	schema := os.DirFS("schema")
	server := &pgtest.Server{
		Migrate: func(ctx context.Context, db *pgtest.DB) error {
			return exec.CommandContext(ctx, "atlas", "schema", "apply", "--url", db.TCPURL(), "--to", "file://schema", "--auto-approve").Run()
		},
		Inputs: schema,
	}
	_ = func(t *testing.T) { server.DB(t) }
}

// Migrations that make event triggers or give tables away need a superuser. Tests run
// without its rights.
func ExampleServer_migrateAsSuperuser() {
	server := &pgtest.Server{Migrations: widgets, MigrateAsSuperuser: true}
	_ = func(t *testing.T) { server.DB(t) }
}

// Goose's own options.
func ExampleServer_goose() {
	server := &pgtest.Server{Migrations: widgets, Dir: "testdata/widgets", Table: "schema_versions", AllowMissing: true}
	_ = func(t *testing.T) { server.DB(t) }
}

// Extensions that the schema's owner may not create belong to it nevertheless.
func ExampleServer_extensions() {
	server := &pgtest.Server{Migrations: widgets, Extensions: []string{"pg_stat_statements"}}
	_ = func(t *testing.T) { server.DB(t) }
}

// A Seed that reads files says which.
func ExampleServer_seed() {
	files := os.DirFS("../seeds")
	server := &pgtest.Server{
		Migrations: widgets,
		Seed: func(ctx context.Context, db seedbed.DB) error {
			sql, err := fs.ReadFile(files, "widgets.sql")
			if err != nil {
				return err
			}
			_, err = db.Exec(ctx, string(sql))
			return err
		},
		Inputs: files,
	}
	_ = func(t *testing.T) { server.DB(t) }
}

// One database for a whole package: the app starts once, in TestMain.
func ExampleServer_Open() {
	server := &pgtest.Server{Migrations: widgets}

	_ = func(m *testing.M) int {
		db, err := server.Open(context.Background())
		if err != nil {
			panic(err)
		}
		defer db.Close()
		// start(db.URL())
		return m.Run()
	}
}

// goleak finds nothing at the end of a package that closes its server.
func ExampleServer_Close() {
	server := &pgtest.Server{Migrations: widgets}

	_ = func(m *testing.M) int {
		code := m.Run()
		server.Close()
		return code
	}
}

// A client that parses host, port, user and password.
func ExampleDB_TCPURL() {
	server := &pgtest.Server{Migrations: widgets}

	_ = func(t *testing.T) {
		db := server.DB(t)
		psql := exec.CommandContext(t.Context(), "psql", db.TCPURL(), "-c", "SELECT * FROM widgets")
		if out, err := psql.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}
