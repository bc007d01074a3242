package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/internal/dirfs"
)

// GoMigration is a migration written in Go, made with goose.NewGoMigration.
type GoMigration = goose.Migration

// Options says how a set is read and run. The zero value is what `goose up`
// does in the set's directory.
type Options struct {
	// Dir holds the migrations, or is one SQL file, such as structure.sql. Empty: the
	// root of the file system where it holds some, else the one directory below it
	// that does.
	Dir string
	// Dialect is the tool that the files are written for. Empty: it is recognised.
	Dialect Dialect
	// Go are migrations in Go beyond those registered with goose's global
	// functions. Nil: only the registered ones.
	Go []*GoMigration
	// OnlyOwnGo leaves the globally registered Go migrations out. Set it where one
	// program runs several sets.
	OnlyOwnGo bool
	// Table is goose's version table. Empty: goose_db_version.
	Table string
	// AllowMissing applies versions lower than the highest applied one. False: they
	// are an error, as with goose.
	AllowMissing bool
	// LockWait bounds the wait for goose's migration lock, to whole seconds. Zero:
	// five minutes, goose's own default.
	LockWait time.Duration
	// Progress is called after each migration that ran. Nil: nothing is reported.
	Progress func(Event)
}

// Event is one migration that has just been applied or rolled back.
type Event struct {
	Migration Migration
	Down      bool
	Empty     bool // it had no statements in this direction
	Took      time.Duration
}

// Migration is one versioned step of a set.
type Migration struct {
	Version int64
	File    string // base name, with its folder where that tells it from others; empty for Go migrations without a file
	Go      bool
}

// Name is the file, or "go migration N" where there is none.
func (m Migration) Name() string {
	if m.File != "" {
		return m.File
	}
	return fmt.Sprintf("go migration %d", m.Version)
}

// Set is a history of migrations that was read and found usable. It holds the bytes
// that it read: what is run is what was checked and fingerprinted, whatever happens to
// the files meanwhile. It is safe for concurrent use.
type Set struct {
	options Options
	sources []source // by version
	places  []place  // several for Dirs
}

// Open reads the migrations in fsys, without a database, and recognises the [Dialect]
// that they are written in. It fails with
// [ErrNoMigrations] or [ErrSeveralDirs], or with a [*SourceError] for two files of
// one version, an unreadable or non-UTF-8 file, an annotation that goose
// refuses, a Go file without its registered migration. fsys may be nil where all
// migrations are Go. At most one Options may be given.
func Open(fsys fs.FS, options ...Options) (*Set, error) {
	o, err := only(options)
	if err != nil {
		return nil, err
	}
	files, places, err := readPlaces(fsys, o)
	if errors.Is(err, fs.ErrNotExist) {
		if missing := dirfs.Missing(fsys); missing != nil {
			return nil, fmt.Errorf("read migrations: %w", missing)
		}
		if o.Dir != "" {
			return nil, fmt.Errorf("read migrations: Dir is %q, which is not there; %s", o.Dir, whereSQLIs(fsys))
		}
	}
	if err != nil {
		return nil, err
	}
	functions, err := goMigrations(o)
	if err != nil {
		return nil, err
	}
	sources, err := join(files, functions)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, noMigrations(fsys, o.Dir, places[0].dialect)
	}
	return &Set{options: o, sources: sources, places: places}, nil
}

func readPlaces(fsys fs.FS, o Options) ([]source, []place, error) {
	if several, ok := fsys.(joined); ok {
		return openJoined(several, o)
	}
	sources, p, err := readSet(fsys, o)
	return sources, []place{p}, err
}

// Dialect is that of the files; of the first directory where there are several.
func (s *Set) Dialect() Dialect { return s.places[0].dialect }

// Dir is the directory, or the file, in which the migrations were found.
func (s *Set) Dir() string { return s.places[0].dir }

// String says what was recognised: "41 golang-migrate migrations in db/migrations".
func (s *Set) String() string {
	noun := "migrations"
	if len(s.sources) == 1 {
		noun = "migration"
	}
	if len(s.places) == 1 {
		return fmt.Sprintf("%d %s %s in %s", len(s.sources), s.Dialect(), noun, s.Dir())
	}
	found := make([]string, len(s.places))
	for i, p := range s.places {
		found[i] = p.String()
	}
	return fmt.Sprintf("%d %s in %s", len(s.sources), noun, strings.Join(found, ", "))
}

// dialectOf is that of the directory that a migration lies in.
func (s *Set) dialectOf(src source) Dialect {
	return s.places[min(int(src.Version/span), len(s.places)-1)].dialect
}

// Migrations lists the set in the order of its versions.
func (s *Set) Migrations() []Migration {
	all := make([]Migration, len(s.sources))
	for i, src := range s.sources {
		all[i] = src.Migration
	}
	return all
}

func (s *Set) source(version int64) (source, bool) {
	i, ok := slices.BinarySearchFunc(s.sources, version, func(src source, v int64) int {
		return int(min(1, max(-1, src.Version-v)))
	})
	if !ok {
		return source{}, false
	}
	return s.sources[i], true
}

func only(options []Options) (Options, error) {
	switch len(options) {
	case 0:
		return Options{}, nil
	case 1:
		return options[0], nil
	}
	return Options{}, fmt.Errorf("read migrations: %d Options given, at most one is possible", len(options))
}
