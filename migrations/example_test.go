package migrations_test

import (
	"context"
	"embed"
	"fmt"
	"log"
	"strings"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/migrations"
)

// The set is usually embedded with //go:embed migrations/*.sql; the directory is found.
var embedded embed.FS

func ExampleUp() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/app")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	report := func(e migrations.Event) { log.Printf("%s in %s", e.Migration.Name(), e.Took) }
	if err := migrations.Up(ctx, pool, embedded, migrations.Options{Progress: report}); err != nil {
		log.Fatal(err)
	}
}

func ExampleStatus() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/app")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	states, err := migrations.Status(ctx, pool, embedded)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range states {
		fmt.Println(s.Version, s.Name(), s.Applied)
	}
}

func ExampleOpen() {
	set, err := migrations.Open(migrations.FS)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range set.Migrations()[:3] {
		fmt.Println(m.Version, m.File)
	}
	// Output:
	// 1 00001_roles_and_settings.sql
	// 2 00002_organizations_and_spaces.sql
	// 3 00003_users_and_memberships.sql
}

func ExampleFingerprint() {
	before, err := migrations.Fingerprint(migrations.FS)
	if err != nil {
		log.Fatal(err)
	}
	after, err := migrations.Fingerprint(migrations.FS, migrations.Options{Table: "other_version"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(before), before == after)
	// Output: 64 false
}

// A script is rendered without a database. Here only what comes from the file is
// shown; around it are goose's bookkeeping and the guards.
func ExampleScript() {
	fsys := fstest.MapFS{"00042_orders_note.sql": {Data: []byte(
		"-- +goose Up\nalter table orders add column note text;\n-- +goose Down\nalter table orders drop column note;\n")}}
	up, err := migrations.Script(fsys, migrations.ScriptOptions{From: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	down, err := migrations.Script(fsys, migrations.ScriptOptions{From: 42, Down: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range strings.Split(up+down, "\n") {
		if strings.HasPrefix(line, "alter table") {
			fmt.Println(line)
		}
	}
	// Output:
	// alter table orders add column note text;
	// alter table orders drop column note;
}
