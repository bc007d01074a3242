package dev

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/migrations"
)

// Plan is what a database is made of.
type Plan struct {
	// Source is the absolute directory of a goose set; "" is the reference schema.
	Source string
	// Seeded names what Seed fills the database with; "" where Seed is nil.
	Seeded string
	// Seed fills a migrated database, all or nothing, and tells progress how far it
	// is. Nil: it stays empty.
	Seed func(ctx context.Context, db *pgxpool.Pool, progress func(what string, done, of int)) error
}

// SourceName is a source of migrations as people call it.
func SourceName(source string) string {
	if source == "" {
		return "the reference schema"
	}
	return source
}

// files is the file system of a source.
func files(source string) (fs.FS, error) {
	if source == "" {
		return migrations.FS, nil
	}
	if _, err := os.ReadDir(source); err != nil {
		return nil, err
	}
	return os.DirFS(source), nil
}

// AbsSource makes a directory given on a command line a source.
func AbsSource(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	_, err = os.ReadDir(abs)
	return abs, err
}

// open reads the plan's migrations. Progress goes to say.
func (p Plan) open(say Reporter, pending *int) (*migrations.Set, error) {
	fsys, err := files(p.Source)
	if err != nil {
		return nil, err
	}
	done := 0
	return migrations.Open(fsys, migrations.Options{Progress: func(e migrations.Event) {
		done++
		say.Update(e.Migration.Name(), done, *pending)
	}})
}

// Check reads the plan's migrations, so that what is wrong with them is said before
// anything is booted.
func (p Plan) Check() error {
	_, err := p.open(silent{}, new(int))
	return err
}
