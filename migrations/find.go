package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// findDir is the directory whose files goose would take: the root where it holds
// some (goose itself looks no deeper), else the only one below.
func findDir(fsys fs.FS) (string, error) {
	var dirs []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && p == ".":
			return err
		case err != nil: // an unreadable corner of a large tree is none of our business
			return fs.SkipDir
		case d.IsDir() && skipped(p):
			return fs.SkipDir
		case !d.IsDir() && isMigration(d.Name()):
			dirs = append(dirs, path.Dir(p))
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	switch {
	case len(dirs) == 0 || dirs[0] == ".":
		return ".", nil
	case len(dirs) == 1:
		return dirs[0], nil
	}
	return "", fmt.Errorf("read migrations: %w: %s; set Options.Dir or use fs.Sub", ErrSeveralDirs, strings.Join(dirs, ", "))
}

// skipped are directories in which Go keeps no sources of its own, and in which
// other people's migrations lie about.
func skipped(p string) bool {
	base := path.Base(p)
	return p != "." && (base == "vendor" || base == "node_modules" || base == "testdata" ||
		strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
}

// isMigration is goose's own rule for a file name, except that a number below 1,
// which goose skips without a word, is let through to be refused by name.
func isMigration(base string) bool {
	if strings.HasSuffix(base, "_test.go") {
		return false
	}
	_, err := goose.NumericComponent(base)
	return err == nil || belowOne(base)
}

func belowOne(base string) bool {
	digits, _, ok := strings.Cut(strings.TrimPrefix(base, "-"), "_")
	ext := path.Ext(base)
	if !ok || digits == "" || (ext != ".sql" && ext != ".go") || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	return strings.HasPrefix(base, "-") || strings.Trim(digits, "0") == ""
}

// noMigrations names what was there instead, which is most often a .sql file
// whose name goose does not take.
func noMigrations(fsys fs.FS, dir string) error {
	where, seen := "no file system", []string(nil)
	if fsys != nil {
		where = path.Join(".", dir)
		_ = fs.WalkDir(fsys, where, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir() && skipped(p):
				return fs.SkipDir
			case !d.IsDir() && path.Ext(p) == ".sql":
				seen = append(seen, p)
			}
			if len(seen) > 3 {
				return fs.SkipAll
			}
			return nil
		})
	}
	err := fmt.Errorf("read migrations: %w: files named NUMBER_name.sql were looked for in %q and below", ErrNoMigrations, where)
	if len(seen) > 0 {
		err = errors.Join(err, fmt.Errorf("  goose does not take the names it has: %s", strings.Join(seen, ", ")))
	}
	return err
}
