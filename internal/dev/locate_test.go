package dev_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/migrations"
)

const (
	gooseFile = ": -- +goose Up\nCREATE TABLE t (id int);"
	plainFile = ": CREATE TABLE t (id int);"
	dumpFile  = ": -- PostgreSQL database dump\nCREATE TABLE t (id int);"
)

// Where real repositories keep their migrations, and what lies beside them.
func TestLocate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from  string
		files []string
		want  []string // "path: what"
	}{
		"migrations":  {"", []string{"migrations/1_t.sql" + gooseFile}, []string{"migrations: 1 goose migration"}},
		"db/migrate":  {"", []string{"db/migrate/1_t.up.sql" + plainFile, "db/migrate/1_t.down.sql" + plainFile}, []string{"db/migrate: 1 golang-migrate migration"}},
		"Prisma":      {"", []string{"prisma/migrations/20240101000000_init/migration.sql" + plainFile, "prisma/schema.prisma: x"}, []string{"prisma/migrations: 1 Prisma migration"}},
		"Supabase":    {"", []string{"supabase/migrations/20240101000000_init.sql" + plainFile, "supabase/seed.sql" + plainFile}, []string{"supabase/migrations: 1 plain SQL migration"}},
		"Flyway":      {"", []string{"src/main/resources/db/migration/V1__init.sql" + plainFile}, []string{"src/main/resources/db/migration: 1 plain SQL migration"}},
		"deep":        {"", []string{"frontend/packages/db/supabase/migrations/1_a.sql" + plainFile}, []string{"frontend/packages/db/supabase/migrations: 1 plain SQL migration"}},
		"Rails":       {"", []string{"db/migrate/20240101_a.rb: x", "db/structure.sql" + dumpFile}, []string{"db/structure.sql: a dump by pg_dump"}},
		"sqlc":        {"", []string{"sql/queries/q.sql: SELECT 1", "sql/migrations/1_t.sql" + plainFile, "sql/schema.sql" + plainFile}, []string{"sql/migrations: 1 plain SQL migration"}},
		"schema only": {"", []string{"schema.sql" + plainFile, "query.sql: SELECT 1"}, []string{"schema.sql: 1 plain SQL migration"}},
		"queries":     {"", []string{"internal/users/get.sql: SELECT 1", "internal/users/put.sql: SELECT 2"}, nil},
		"nothing":     {"", []string{"main.go: package main"}, nil},
		"other databases": {"", []string{"clickhouse/migrations/1_t.sql" + plainFile, "db/mysql/1_t.sql" + plainFile, "db/postgres/1_t.sql" + plainFile},
			[]string{"db/postgres: 1 plain SQL migration"}},
		"not ours": {"", []string{"node_modules/x/migrations/1_t.sql" + plainFile, "vendor/x/migrations/1_t.sql" + plainFile, ".cache/migrations/1_t.sql" + plainFile,
			"tools/go.mod: module tools", "tools/migrations/1_t.sql" + gooseFile}, nil},
		"examples come last": {"", []string{"examples/a/migrations/1_t.sql" + gooseFile, "db/migrations/1_t.sql" + gooseFile, "e2e/migrations/1_t.sql" + gooseFile},
			[]string{"db/migrations: 1 goose migration"}},
		"only examples": {"", []string{"examples/a/migrations/1_t.sql" + gooseFile}, []string{"examples/a/migrations: 1 goose migration"}},
		"several": {"", []string{"b/migrations/1_t.sql" + gooseFile, "a/migrations/1_t.sql" + gooseFile},
			[]string{"a/migrations: 1 goose migration", "b/migrations: 1 goose migration"}},
		"from below":       {"cmd/server", []string{"migrations/1_t.sql" + gooseFile, "cmd/server/main.go: package main"}, []string{"migrations: 1 goose migration"}},
		"in the directory": {"b/migrations", []string{"b/migrations/1_t.sql" + gooseFile, "a/migrations/1_t.sql" + gooseFile}, []string{"b/migrations: 1 goose migration"}},
		"of the repository": {"backend", []string{".git/HEAD: ref: refs/heads/main", "backend/go.mod: module x", "supabase/migrations/1_t.sql" + plainFile},
			[]string{"../supabase/migrations: 1 plain SQL migration"}},
		"the module's own first": {"backend", []string{".git/HEAD: ref: refs/heads/main", "backend/go.mod: module x", "migrations/1_t.sql" + gooseFile, "backend/migrations/1_t.sql" + gooseFile},
			[]string{"migrations: 1 goose migration"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := test.files
			if !slices.ContainsFunc(files, func(f string) bool { return strings.HasPrefix(f, ".git/") }) {
				files = append(files, "go.mod: module x")
			}
			root := tree(t, files...)
			places, err := dev.Locate(filepath.Join(root, test.from))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range places {
				if p.Err != nil {
					t.Errorf("%s: %v", p.Name, p.Err)
				}
				got = append(got, p.Name+": "+p.What)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// Migrations that are no SQL are an error that says which file would do; what cannot be
// read as it is comes with the reason.
func TestLocateUnreadable(t *testing.T) {
	t.Parallel()
	root := tree(t, "go.mod: module x", "db/migrate/20240101000000_create_users.rb: x")
	_, err := dev.Locate(root)
	if e, ok := errors.AsType[*dev.UnreadableError](err); !ok || e.Dir != "db/migrate" || e.Kind != "Ruby" || e.Dump != "db/structure.sql" {
		t.Errorf("%v", err)
	}
	root = tree(t, "go.mod: module x", "internal/migrations/00001_herds.go: x", "internal/migrations/.keep: x")
	_, err = dev.Locate(root)
	if e, ok := errors.AsType[*dev.UnreadableError](err); !ok || e.Dir != "internal/migrations" || e.Kind != "Go" {
		t.Errorf("in Go: %v", err)
	}
	root = tree(t, "go.mod: module x", "db/migrations/.gitkeep: x", "tests/migrations/.gitkeep: x")
	_, err = dev.Locate(root)
	if e, ok := errors.AsType[*dev.EmptyError](err); !ok || e.Dir != "db/migrations" {
		t.Errorf("an empty directory: %v", err)
	}
	root = tree(t, "go.mod: module x", "db/migrations/.gitkeep: x", "schema/1_a.sql"+gooseFile)
	if places, err := dev.Locate(root); err != nil || len(places) != 1 || places[0].Name != "schema" {
		t.Errorf("an empty directory beside migrations: %+v, %v", places, err)
	}
	root = tree(t, "go.mod: module x", "migrations/herds.sql"+gooseFile, "sketches/more.sql"+gooseFile)
	if places, err := dev.Locate(root); err != nil || len(places) != 1 || places[0].Name != "migrations" || !errors.Is(places[0].Err, migrations.ErrNoMigrations) {
		t.Errorf("no number: %+v, %v", places, err)
	}
	root = tree(t, "go.mod: module x", "migrations/1_a.sql"+gooseFile, "migrations/01_b.sql"+gooseFile)
	places, err := dev.Locate(root)
	if err != nil || len(places) != 1 || places[0].Err == nil || !strings.Contains(places[0].Err.Error(), "same version") {
		t.Errorf("%+v, %v", places, err)
	}
}

// A source of several directories is one history, named from what they share, in the
// order given; where it lies does not matter.
func TestSourceOfSeveralDirectories(t *testing.T) {
	t.Parallel()
	root := tree(t, "go.mod: module x", "db/a/1_t.sql"+gooseFile, "db/b/migrations/1_u.up.sql: CREATE TABLE u (id int);", "one.sql"+plainFile)
	source, err := dev.NewSource(filepath.Join(root, "db/b/migrations"), filepath.Join(root, "db/a"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := dev.FindProject(root)
	if err != nil {
		t.Fatal(err)
	}
	if got := source.Describe(p); got != "db/b/migrations, db/a" {
		t.Errorf("it is called %q", got)
	}
	if err := (dev.Plan{Source: source}).Check(); err != nil {
		t.Error(err)
	}
	var kept dev.Source
	if err := kept.Scan(strings.Join(source, "\n")); err != nil || !kept.Equal(source) {
		t.Errorf("the record yields %q, %v", kept, err)
	}
	if _, err := dev.NewSource(filepath.Join(root, "one.sql"), filepath.Join(root, "db/a")); err == nil || !strings.Contains(err.Error(), "is a file: give it alone") {
		t.Errorf("a file beside a directory: %v", err)
	}
}
