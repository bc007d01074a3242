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
	// Source is the absolute directory of migrations, or an SQL file; "" is the
	// reference schema.
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

// files is the file system of a source, and where in it a single file lies.
func files(source string) (fs.FS, migrations.Options, error) {
	if source == "" {
		return migrations.FS, migrations.Options{}, nil
	}
	info, err := os.Stat(source)
	if err == nil && info.IsDir() {
		_, err = os.ReadDir(source)
	}
	if err != nil {
		return nil, migrations.Options{}, err
	}
	if !info.IsDir() {
		return os.DirFS(filepath.Dir(source)), migrations.Options{Dir: filepath.Base(source)}, nil
	}
	return os.DirFS(source), migrations.Options{}, nil
}

// AbsSource makes a directory or a file given on a command line a source.
func AbsSource(source string) (string, error) {
	if source == "" {
		return "", nil
	}
	abs, err := filepath.Abs(source)
	if err == nil {
		_, _, err = files(abs)
	}
	return abs, err
}

// open reads the plan's migrations. Progress goes to say.
func (p Plan) open(say Reporter, pending *int) (*migrations.Set, error) {
	fsys, options, err := files(p.Source)
	if err != nil {
		return nil, err
	}
	done := 0
	options.Progress = func(e migrations.Event) {
		done++
		say.Update(e.Migration.Name(), done, *pending)
	}
	return migrations.Open(fsys, options)
}

// Check reads the plan's migrations, so that what is wrong with them is said before
// anything is booted.
func (p Plan) Check() error {
	_, err := p.open(silent{}, new(int))
	return err
}
