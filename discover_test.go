package seedbed_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// database runs a script in a database of its own.
func database(t testing.TB, script string) *pgtest.DB {
	t.Helper()
	db := pg.DB(t)
	if _, err := db.Exec(context.Background(), script); err != nil {
		t.Fatal(err)
	}
	return db
}

func discover(t testing.TB, db seedbed.DB) *seedbed.Discovery {
	t.Helper()
	d, err := seedbed.Discover(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSchemas discovers each schema of testdata/schemas. The golden file holds the Model,
// why, and what stays in doubt; whatever is discovered must also validate.
func TestSchemas(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/schemas/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no schemas", err)
	}
	for _, path := range scripts {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := database(t, read(t, path))
			d := discover(t, db)
			testkit.Golden(t, strings.TrimSuffix(path, ".sql")+".golden", d.String())
			if err := d.Validate(context.Background(), db); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDiscoverWithoutPrivileges reads the structure as a role that may read no
// table: the catalog hides nothing, rows are a doubt, and the caller's
// transaction survives.
func TestDiscoverWithoutPrivileges(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := database(t, read(t, "testdata/schemas/prisma_camel.sql"))
	tx, err := db.As(t, "pg_monitor", nil).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	d := discover(t, tx)
	if len(d.Scoped) != 4 || len(d.Polymorphic) != 1 || len(d.Polymorphic[0].Targets) != 0 {
		t.Errorf("without privileges:\n%s", d)
	}
	if want := "the rows of Reaction may not be read"; !strings.Contains(strings.Join(d.Doubts, "\n"), want) {
		t.Errorf("doubts do not say that %s:\n%s", want, strings.Join(d.Doubts, "\n"))
	}
	if _, err := tx.Exec(ctx, "select 1"); err != nil {
		t.Errorf("the caller's transaction is spoilt: %v", err)
	}
}

// TestDiscoverBehindPolicies cannot see the rows that would tell, and says so.
func TestDiscoverBehindPolicies(t *testing.T) {
	t.Parallel()
	db := database(t, read(t, "testdata/schemas/prisma_camel.sql")+`
alter table "Reaction" enable row level security;
grant select on "Reaction" to pg_monitor`)
	d := discover(t, db.As(t, "pg_monitor", nil))
	if want := "no row of Reaction could be seen"; !strings.Contains(strings.Join(d.Doubts, "\n"), want) {
		t.Errorf("doubts do not say that %s:\n%s", want, strings.Join(d.Doubts, "\n"))
	}
}

func TestDiscoverCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := seedbed.Discover(ctx, pg.DB(t)); err == nil || !strings.HasPrefix(err.Error(), "discover model: read catalog: ") {
		t.Errorf("Discover = %v", err)
	}
}
