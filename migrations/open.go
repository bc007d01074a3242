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

// Options say how a set is read and run. The zero value does what `goose up` does in the
// set's directory.
type Options struct {
	// Dir is the directory with the migrations, or one SQL file, such as structure.sql.
	// Empty: the root of the file system if it has migrations, else the only directory
	// below that has some.
	Dir string
	// Dialect is the tool that the files are written for. Empty: Open recognises it.
	Dialect Dialect
	// Go are migrations in Go beyond those registered with goose's global
	// functions. Nil: only the registered ones.
	Go []*GoMigration
	// OnlyOwnGo ignores globally registered Go migrations. Set it if one program runs
	// several sets.
	OnlyOwnGo bool
	// Table is goose's version table. Empty: goose_db_version.
	Table string
	// AllowMissing applies versions lower than the highest applied one. False: they
	// are an error, as with goose.
	AllowMissing bool
	// LockWait limits the wait for goose's migration lock, in whole seconds. Zero: five
	// minutes, which is goose's default.
	LockWait time.Duration
	// Progress is called after each migration that ran. Nil: no call.
	Progress func(Event)
}

// Event is a migration that has been applied or rolled back.
type Event struct {
	Migration Migration
	Down      bool
	Empty     bool // it has no statements in this direction
	Took      time.Duration
}

// Migration is one versioned step of a set.
type Migration struct {
	Version int64
	File    string // base name, with the folder if there are several; "" for a Go migration without a file
	Go      bool
}

// Name returns the file, or "go migration N" if there is none.
func (m Migration) Name() string {
	if m.File != "" {
		return m.File
	}
	return fmt.Sprintf("go migration %d", m.Version)
}

// Set is a history of migrations that Open has read and checked. It keeps the bytes of the
// files, so later changes of the files do not affect it. It is safe for concurrent use.
type Set struct {
	options   Options
	sources   []source   // by version
	locations []location // one, or one for each directory of Dirs
}

// Open reads the migrations in fsys, without a database, and recognises their [Dialect].
// It returns [ErrNoMigrations], [ErrSeveralDirs] or a [*SourceError]: for two files of one
// version, a file that cannot be read or is not UTF-8, an annotation that goose refuses,
// or a Go file whose migration is not registered. fsys may be nil if all migrations are
// Go. At most one Options may be given.
func Open(fsys fs.FS, options ...Options) (*Set, error) {
	o, err := oneOption(options)
	if err != nil {
		return nil, err
	}
	files, locations, err := readLocations(fsys, o)
	if errors.Is(err, fs.ErrNotExist) {
		if missing := dirfs.Missing(fsys); missing != nil {
			return nil, fmt.Errorf("read migrations: %w", missing)
		}
		if o.Dir != "" {
			return nil, fmt.Errorf("read migrations: Dir is %q, which is not there; %s", o.Dir, describeSQLDirs(fsys))
		}
	}
	if err != nil {
		return nil, err
	}
	functions, err := allGoMigrations(o)
	if err != nil {
		return nil, err
	}
	sources, err := mergeGoMigrations(files, functions)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, noMigrationsError(fsys, o.Dir, locations[0].dialect)
	}
	return &Set{options: o, sources: sources, locations: locations}, nil
}

// readLocations reads fsys, or each directory of Dirs.
func readLocations(fsys fs.FS, o Options) (sources []source, locations []location, err error) {
	if several, ok := fsys.(joinedFS); ok {
		return readJoined(several, o)
	}
	sources, p, err := readSet(fsys, o)
	return sources, []location{p}, err
}

// Dialect returns the dialect of the files; with Dirs, of the first directory.
func (s *Set) Dialect() Dialect { return s.locations[0].dialect }

// Dir returns the directory or the file with the migrations; with Dirs, the first.
func (s *Set) Dir() string { return s.locations[0].dir }

// String describes the set: "41 golang-migrate migrations in db/migrations".
func (s *Set) String() string {
	noun := "migrations"
	if len(s.sources) == 1 {
		noun = "migration"
	}
	if len(s.locations) == 1 {
		return fmt.Sprintf("%d %s %s in %s", len(s.sources), s.Dialect(), noun, s.Dir())
	}
	found := make([]string, len(s.locations))
	for i, p := range s.locations {
		found[i] = p.String()
	}
	return fmt.Sprintf("%d %s in %s", len(s.sources), noun, strings.Join(found, ", "))
}

// Notes returns what Open left out, a sentence each: "b.sql is left out: goose takes
// NUMBER_name.sql"; and the variables of ENVSUB that are not set.
func (s *Set) Notes() []string {
	var notes []string
	for i, p := range s.locations {
		if len(p.leftOut) == 0 {
			continue
		}
		names := strings.Join(p.leftOut[:min(len(p.leftOut), 3)], ", ")
		if n := len(p.leftOut) - 3; n > 0 {
			names += fmt.Sprintf(" and %d more", n)
		}
		if len(s.locations) > 1 {
			names += " in " + s.locations[i].dir
		}
		verb := "is"
		if len(p.leftOut) > 1 {
			verb = "are"
		}
		notes = append(notes, fmt.Sprintf("%s %s left out: %s takes %s", names, verb, p.dialect, p.dialect.fileNames()))
	}
	for _, src := range s.sources {
		for _, v := range src.unsetVariables() {
			notes = append(notes, filePosition(src.Name(), v.line)+": "+v.String())
		}
	}
	return notes
}

// dialectOf returns the dialect of a migration's directory.
func (s *Set) dialectOf(src source) Dialect {
	return s.locations[min(int(src.Version/versionSpan), len(s.locations)-1)].dialect
}

// Migrations returns the set's migrations by version.
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

// oneOption returns the only Options given, or the zero value.
func oneOption(options []Options) (Options, error) {
	switch len(options) {
	case 0:
		return Options{}, nil
	case 1:
		return options[0], nil
	}
	return Options{}, fmt.Errorf("read migrations: %d Options given, at most one is possible", len(options))
}
