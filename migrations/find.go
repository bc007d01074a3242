package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// place is a directory that holds migrations, or one SQL file.
type place struct {
	dir     string
	dialect Dialect
}

func (p place) String() string { return fmt.Sprintf("%s (%s)", p.dir, p.dialect) }

// locatePlace is where the migrations are and which tool they are for, as far as the
// options do not say.
func locatePlace(fsys fs.FS, o Options) (place, error) {
	dir, dialect := path.Clean("./"+o.Dir), o.Dialect
	if dialect != "" && readers[dialect] == nil && dialect != Goose {
		return place{}, fmt.Errorf("read migrations: there is no dialect %q", dialect)
	}
	if o.Dir == "" && dialect == "" {
		return findPlace(fsys)
	}
	if info, err := fs.Stat(fsys, dir); err != nil {
		return place{}, fmt.Errorf("read migrations: %w", err)
	} else if !info.IsDir() {
		return recogniseFile(fsys, dir, dialect)
	}
	if dialect == "" {
		var err error
		if dialect, err = recognise(fsys, dir); err != nil {
			return place{}, fmt.Errorf("read migrations: %w", err)
		}
	}
	return place{dir, dialect}, nil
}

// recogniseFile takes one file for a whole history.
func recogniseFile(fsys fs.FS, name string, dialect Dialect) (place, error) {
	if dialect != "" {
		return place{name, dialect}, nil
	}
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		return place{}, fmt.Errorf("read migrations: %w", err)
	}
	if isDump(content) {
		return place{name, Dump}, nil
	}
	return place{name, Plain}, nil
}

// findPlace looks for migrations: at the root, else in the only directory below that
// holds some. A folder that a tool keeps its migrations in comes before a dump or
// files without numbers, which may be queries.
func findPlace(fsys fs.FS) (place, error) {
	all, err := findPlaces(fsys)
	if err != nil {
		return place{}, fmt.Errorf("read migrations: %w", err)
	}
	var best []place
	for _, rank := range []func(place) bool{
		func(p place) bool { return p.dialect.versioned() },
		func(p place) bool { return p.dialect == Plain && numbered(fsys, p.dir) },
		func(p place) bool { return p.dialect == Dump },
		func(place) bool { return true },
	} {
		for _, p := range all {
			if rank(p) {
				best = append(best, p)
			}
		}
		if len(best) > 0 {
			break
		}
	}
	switch {
	case len(best) == 0:
		return place{dir: "."}, nil
	case len(best) == 1 || best[0].dir == ".":
		return best[0], nil
	}
	names := make([]string, len(best))
	for i, p := range best {
		names[i] = p.String()
	}
	return place{}, fmt.Errorf("read migrations: %w: %s; set Options.Dir, use fs.Sub, or migrations.Dirs for all of them",
		ErrSeveralDirs, strings.Join(names, ", "))
}

func findPlaces(fsys fs.FS) ([]place, error) {
	var all []place
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && p == ".":
			return err
		case err != nil: // an unreadable corner of a large tree is not for us
			return fs.SkipDir
		case !d.IsDir():
			return nil
		case skipped(p):
			return fs.SkipDir
		}
		dialect, err := recognise(fsys, p)
		if err != nil && p == "." {
			return err
		}
		if err != nil || dialect == "" {
			return nil
		}
		all = append(all, place{p, dialect})
		if dialect == Prisma {
			return fs.SkipDir // each folder below is one migration
		}
		return nil
	})
	return all, err
}

// numbered reports whether every SQL file of dir begins with a number.
func numbered(fsys fs.FS, dir string) bool {
	names, _ := sqlNames(fsys, dir)
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return numberOf(n) == "" })
}

// skipped are directories in which Go keeps no sources of its own, and in which
// other people's migrations lie about.
func skipped(p string) bool {
	base := path.Base(p)
	return p != "." && (base == "vendor" || base == "node_modules" || base == "testdata" ||
		strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
}

// noMigrations says what was looked for, and names what was there instead.
// whereSQLIs names directories that hold SQL files.
func whereSQLIs(fsys fs.FS) string {
	var dirs []string
	_ = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && skipped(p) {
			return fs.SkipDir
		}
		if dir := fmt.Sprintf("%q", path.Dir(p)); path.Ext(p) == ".sql" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		if len(dirs) == 3 {
			return fs.SkipAll
		}
		return nil
	})
	if len(dirs) == 0 {
		return "no directory of the file system holds SQL files"
	}
	return "SQL files are in " + strings.Join(dirs, ", ")
}

func noMigrations(fsys fs.FS, dir string, d Dialect) error {
	where := "no file system"
	var seen []string
	if fsys != nil {
		where = path.Join(".", dir)
		_ = fs.WalkDir(fsys, where, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir() && skipped(p):
				return fs.SkipDir
			case !d.IsDir():
				seen = append(seen, p)
			}
			if len(seen) > 3 {
				return fs.SkipAll
			}
			return nil
		})
	}
	err := fmt.Errorf("read migrations: %w: .sql files of goose (NUMBER_name.sql) or of another tool were looked for in %q and below", ErrNoMigrations, where)
	switch {
	case len(seen) > 0 && d == Goose:
		err = errors.Join(err, fmt.Errorf("  goose does not take the names that are there: %s", strings.Join(seen, ", ")))
	case len(seen) > 0:
		err = errors.Join(err, fmt.Errorf("  what is there: %s", strings.Join(seen, ", ")))
	}
	return err
}
