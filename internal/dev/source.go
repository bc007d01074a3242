package dev

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/qarion/seedbed/migrations"
)

// Source is where a database's migrations are: absolute directories, applied one after
// the other, or one SQL file. None is the reference schema.
type Source []string

// NewSource makes a Source of paths given on a command line, and looks whether they
// can be read.
func NewSource(paths ...string) (Source, error) {
	s := make(Source, len(paths))
	for i, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real // as a project's root is
		}
		if strings.Contains(abs, "\n") {
			return nil, fmt.Errorf("%q: the name of a directory of migrations has no line breaks", path)
		}
		s[i] = abs
	}
	_, _, err := s.Files()
	return s, err
}

// Reference reports whether it is the reference schema.
func (s Source) Reference() bool { return len(s) == 0 }

// Files is the file system of a source, and how it is to be opened.
func (s Source) Files() (fs.FS, migrations.Options, error) {
	if s.Reference() {
		return migrations.FS, migrations.Options{}, nil
	}
	for _, path := range s {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, migrations.Options{}, err
		case info.IsDir():
			if _, err := os.ReadDir(path); err != nil {
				return nil, migrations.Options{}, err
			}
		case len(s) > 1:
			return nil, migrations.Options{}, fmt.Errorf("%s is a file: give it alone, or directories", path)
		default:
			return os.DirFS(filepath.Dir(path)), migrations.Options{Dir: filepath.Base(path)}, nil
		}
	}
	if len(s) == 1 {
		return os.DirFS(s[0]), migrations.Options{}, nil
	}
	return s.joined(), migrations.Options{}, nil
}

// joined is one history of several directories, named from what they have in common.
func (s Source) joined() fs.FS {
	common := s.common()
	if common == "" {
		return s.join()
	}
	var names []string
	for _, path := range s {
		name, err := filepath.Rel(common, path)
		if err != nil || name == "." {
			return s.join()
		}
		names = append(names, filepath.ToSlash(name))
	}
	return migrations.Dirs(os.DirFS(common), names...)
}

func (s Source) join() fs.FS {
	var all []fs.FS
	for _, path := range s {
		all = append(all, os.DirFS(path))
	}
	return migrations.Join(all...)
}

// Equal reports whether two sources are the same places in the same order.
func (s Source) Equal(other Source) bool { return s.record() == other.record() }

// Names are the paths as seen from a directory: relative where they lie in the same
// repository.
func (s Source) Names(from string) []string {
	names := make([]string, len(s))
	for i, path := range s {
		names[i] = path
		inside, err := filepath.Rel(repository(from), path)
		if err == nil && filepath.IsLocal(inside) {
			names[i] = nameFrom(from, path)
		}
	}
	return names
}

// Describe is what people call the source, in the project.
func (s Source) Describe(p Project) string {
	if s.Reference() {
		return "the reference schema"
	}
	return strings.Join(s.Names(p.Root), ", ")
}

// record is how the registry keeps a source: a path a line.
func (s Source) record() string { return strings.Join(s, "\n") }

// Scan implements sql.Scanner for what record wrote.
func (s *Source) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("read the record of a database: its migrations are a %T", v)
	}
	*s = nil
	if text != "" {
		*s = strings.Split(text, "\n")
	}
	return nil
}

// Dir is the directory that the names of migrations begin at.
func (s Source) Dir() string {
	if len(s) == 0 {
		return ""
	}
	if info, err := os.Stat(s[0]); len(s) == 1 && err == nil && info.IsDir() {
		return s[0]
	}
	return s.common()
}

// common is the directory that all paths lie in; "" where there is none.
func (s Source) common() string {
	common := filepath.Dir(s[0])
	for _, path := range s[1:] {
		for !strings.HasPrefix(path, strings.TrimSuffix(common, string(filepath.Separator))+string(filepath.Separator)) {
			parent := filepath.Dir(common)
			if parent == common {
				return ""
			}
			common = parent
		}
	}
	return common
}
