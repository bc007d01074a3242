package pgtest_test

import (
	"embed"
	"testing"

	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

//go:embed testdata/widgets/*.sql
var widgets embed.FS

// One Server for a package, in a variable; each test asks it for a database.
func ExampleServer_DB() {
	server := &pgtest.Server{Migrations: widgets}

	_ = func(t *testing.T) {
		t.Parallel()
		db := server.DB(t)
		if _, err := db.Exec(t.Context(), "INSERT INTO widgets (name) VALUES ('sprocket')"); err != nil {
			t.Fatal(err)
		}
	}
}

// For code that neither commits nor opens connections, a transaction will do.
func ExampleServer_Tx() {
	server := &pgtest.Server{Migrations: widgets}

	_ = func(t *testing.T) {
		tx := server.Tx(t)
		if _, err := tx.Exec(t.Context(), "INSERT INTO widgets (name) VALUES ('sprocket')"); err != nil {
			t.Fatal(err)
		}
	}
}

// What the application sees of one space, logged in as it is in production.
func ExampleDB_As() {
	server := &pgtest.Server{Migrations: migrations.FS}

	_ = func(t *testing.T) {
		app := server.DB(t).As(t, "seedbed_app", map[string]string{"seedbed.space_id": "4b5c0f4e-0000-4000-8000-000000000000"})
		var n int
		if err := app.QueryRow(t.Context(), "SELECT count(*) FROM datasets").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d datasets in a space that does not exist, %v", n, err)
		}
	}
}
