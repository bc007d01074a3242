package migrations

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/dirfs"
)

// location is a directory with migrations, or one SQL file.
type location struct {
	dir     string
	dialect Dialect
	err     error    // a twoToolsError
	leftOut []string // SQL files that the tool does not take
}

func (p location) String() string { return fmt.Sprintf("%s (%s)", p.dir, p.dialect) }

// locate returns the location and the dialect of the migrations; it finds out what the
// options do not say.
func locate(fsys fs.FS, o Options) (location, error) {
	dir, dialect := path.Clean("./"+o.Dir), o.Dialect
	if dialect != "" && dialectReaders[dialect] == nil && dialect != Goose {
		return location{}, catalog.Unknownf("read migrations: there is no dialect %q%s", dialect,
			cmp.Or(catalog.Suggestion(string(dialect), dialectNames()), "; there are "+strings.Join(dialectNames(), ", ")))
	}
	if o.Dir == "" && dialect == "" {
		return findLocation(fsys)
	}
	if info, err := fs.Stat(fsys, dir); err != nil {
		return location{}, fmt.Errorf("read migrations: %w", err)
	} else if !info.IsDir() {
		return locateFile(fsys, dir, dialect)
	}
	if dialect == "" {
		var err error
		if dialect, err = recognise(fsys, dir); err != nil {
			return location{}, fmt.Errorf("read migrations: %w", err)
		}
	}
	return location{dir: dir, dialect: dialect}, nil
}

// locateFile takes one file for the whole history; of golang-migrate, one pair.
func locateFile(fsys fs.FS, name string, dialect Dialect) (location, error) {
	if dialect == "" {
		var err error
		if dialect, err = recogniseFiles(fsys, path.Dir(name), []string{path.Base(name)}); err != nil {
			return location{}, fmt.Errorf("read migrations: %w", err)
		}
	}
	return location{dir: name, dialect: dialect}, nil
}

// findLocation looks for migrations at the root and in the directories below. Folders of a
// migration tool come before numbered SQL files, a dump and other SQL files. If several
// directories of the best kind have some, it takes the root or fails.
func findLocation(fsys fs.FS) (location, error) {
	all, err := findLocations(fsys)
	if err != nil {
		return location{}, fmt.Errorf("read migrations: %w", err)
	}
	var best []location
	for _, rank := range []func(location) bool{
		func(p location) bool { return p.dialect.hasOwnFolder() },
		func(p location) bool { return p.dialect == Plain && isNumbered(fsys, p.dir) },
		func(p location) bool { return p.dialect == Dump },
		func(location) bool { return true },
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
		return location{dir: "."}, nil
	case len(best) == 1 || best[0].dir == ".":
		if best[0].err != nil {
			return location{}, fmt.Errorf("read migrations: in %s: %w", best[0].dir, best[0].err)
		}
		return best[0], nil
	}
	names := make([]string, len(best))
	for i, p := range best {
		names[i] = p.String()
	}
	return location{}, fmt.Errorf("read migrations: %w: %s; set Options.Dir (pgtest.Server.Dir), use fs.Sub, or migrations.Dirs for all of them",
		ErrSeveralDirs, strings.Join(names, ", "))
}

// findLocations returns every directory with migrations.
func findLocations(fsys fs.FS) ([]location, error) {
	var all []location
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && p == ".":
			return err
		case err != nil: // skip a directory that cannot be read
			return fs.SkipDir
		case !d.IsDir():
			return nil
		case isSkippedDir(p):
			return fs.SkipDir
		}
		dialect, err := recognise(fsys, p)
		if err != nil && p == "." {
			return err
		}
		if dialect == "" {
			return nil
		}
		all = append(all, location{dir: p, dialect: dialect, err: err})
		if dialect == Prisma {
			return fs.SkipDir // each folder below is one migration
		}
		return nil
	})
	return all, err
}

// isNumbered reports whether every SQL file of dir begins with a number.
func isNumbered(fsys fs.FS, dir string) bool {
	names, _ := sqlFiles(fsys, dir)
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return numberOf(n) == "" })
}

// isSkippedDir reports whether a directory is not searched: Go ignores it, or it may have
// migrations of dependencies or of tests.
func isSkippedDir(p string) bool {
	base := path.Base(p)
	return p != "." && (base == "vendor" || base == "node_modules" || base == "testdata" ||
		strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
}

// describeSQLDirs names up to three directories with SQL files.
func describeSQLDirs(fsys fs.FS) string {
	var dirs []string
	_ = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && isSkippedDir(p) {
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

// noMigrationsError says where migrations were looked for, and which files are there.
func noMigrationsError(fsys fs.FS, dir string, d Dialect) error {
	where, root := "no file system", "no file system"
	var present []string
	if fsys != nil {
		where = path.Join(".", dir)
		root = where
		if disk, ok := dirfs.Path(fsys); ok {
			root = filepath.Join(disk, where)
		}
		_ = fs.WalkDir(fsys, where, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir() && isSkippedDir(p):
				return fs.SkipDir
			case !d.IsDir():
				present = append(present, p)
			}
			if len(present) > 3 {
				return fs.SkipAll
			}
			return nil
		})
	}
	err := fmt.Errorf("read migrations: %w: .sql files of goose (NUMBER_name.sql) or of another tool were looked for in %q and below", ErrNoMigrations, root)
	switch {
	case len(present) > 0 && d == Goose:
		err = errors.Join(err, fmt.Errorf("  goose does not take the names that are there: %s", strings.Join(present, ", ")))
	case len(present) > 0:
		err = errors.Join(err, fmt.Errorf("  what is there: %s", strings.Join(present, ", ")))
	}
	return err
}
