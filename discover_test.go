package seedbed_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/pgtest"
)

var update = flag.Bool("update", false, "write golden files")

var pg = &pgtest.Server{}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got); -update writes it:\n%s", path, d)
	}
}

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

// TestZoo discovers each schema of testdata/zoo. The golden file holds the Model,
// why, and what stays in doubt; whatever is discovered must also validate.
func TestZoo(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/zoo/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no zoo", err)
	}
	for _, path := range scripts {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := database(t, read(t, path))
			d := discover(t, db)
			golden(t, strings.TrimSuffix(path, ".sql")+".golden", d.String())
			if err := d.Validate(context.Background(), db); err != nil {
				t.Error(err)
			}
		})
	}
}
