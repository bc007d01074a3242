package dev

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where migrations were found.
type Place struct {
	Path string // absolute
	Name string // from the project's root, with slashes; "." is the root itself
	What string // such as "41 goose migrations"
	Err  error  // of reading them; What is empty then

	rank rank
}

// rank orders places by how sure it is that they are the project's history; only those
// of the first rank that has any are offered.
type rank int

const (
	namedHistory rank = iota // numbered files in a directory that is called migrations or the like
	history                  // numbered files elsewhere
	dump                     // structure.sql, schema.sql
	exampleOnly              // any of these below a directory of tests or examples
	namedFiles               // unnumbered SQL in a directory that is called migrations or the like
	notOffered
)

// UnreadableError says that a project has migrations, and that they are no SQL.
type UnreadableError struct {
	Dir  string // from the project's root
	Kind string // "Ruby", …
	Dump string // where its tool keeps the schema as SQL, or might
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s holds %s migrations, which Seedbed cannot run, and no dump of the schema lies in %s", e.Dir, e.Kind, e.Dump)
}

// EmptyError says that a project has a directory for migrations, and none in it.
type EmptyError struct {
	Dir string // from the project's root
}

func (e *EmptyError) Error() string { return e.Dir + " holds no migrations yet" }

// Bounds of the search: a home directory or a monorepo is not walked to its end.
const (
	searchDepth   = 7
	searchEntries = 50_000
)

// Locate looks for the migrations of the project that dir lies in: in dir itself, then
// in the project, then, where the project is a part of a repository, in all of it. It
// returns the places that are as good as each other, so one is the answer; none where
// there are none, [*UnreadableError] where they are of a tool that writes no SQL, and
// [*EmptyError] where their directory is empty. Files that no tool takes are a place with
// an error.
func Locate(dir string) ([]Place, error) {
	p, err := FindProject(dir)
	if err != nil {
		return nil, err
	}
	here, err := filepath.Abs(dir)
	if err == nil {
		here, err = filepath.EvalSymlinks(here)
	}
	if err != nil {
		return nil, err
	}
	if found, ok := recognise(here, p.Root); ok && found.rank <= history {
		return []Place{found}, nil
	}
	var unreadable error
	for _, root := range []string{p.Root, repository(p.Root)} {
		s := search{root: root, project: p.Root}
		s.walk(".", 0)
		if all := s.best(); len(all) > 0 {
			return all, nil
		}
		unreadable = errors.Join(unreadable, s.unreadable)
		if root == repository(p.Root) {
			break
		}
	}
	if e, ok := errors.AsType[*UnreadableError](unreadable); ok {
		return nil, e
	}
	if e, ok := errors.AsType[*EmptyError](unreadable); ok {
		return nil, e
	}
	return nil, nil
}

// LocateBelow looks in a directory and below it alone.
func LocateBelow(dir string) ([]Place, error) {
	p, err := FindProject(dir)
	if err != nil {
		return nil, err
	}
	s := search{root: dir, project: p.Root}
	s.walk(".", 0)
	return s.best(), nil
}

// repository is the directory with the .git that a project lies in, or the project.
func repository(root string) string {
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return root
		}
	}
}

// search is one walk through a tree.
type search struct {
	root       string // that the walk begins at
	project    string // that names are relative to
	entries    int
	places     []Place
	unreadable error // UnreadableErrors and EmptyErrors, joined
}

// walk looks at a directory, named from the root, and goes on below it.
func (s *search) walk(name string, depth int) {
	dir := filepath.Join(s.root, filepath.FromSlash(name))
	entries, err := os.ReadDir(dir)
	if err != nil || s.entries > searchEntries {
		return // an unreadable corner of a tree is no reason to fail
	}
	s.entries += len(entries)
	found, ok := recogniseEntries(dir, s.project, entries)
	if ok {
		s.places = append(s.places, found)
	}
	for _, e := range entries {
		if !e.IsDir() {
			if found, ok := recogniseDump(filepath.Join(dir, e.Name()), s.project); ok {
				s.places = append(s.places, found)
			}
		}
	}
	s.unreadable = errors.Join(s.unreadable, unreadable(dir, s.project, entries))
	if depth == searchDepth || ok && folders(entries) {
		return
	}
	for _, e := range entries {
		if e.IsDir() && !passedOver(dir, e.Name()) {
			s.walk(path.Join(name, e.Name()), depth+1)
		}
	}
}

// best are the places of the first rank that has any.
func (s *search) best() []Place {
	for r := namedHistory; r < notOffered; r++ {
		var best []Place
		for _, p := range s.places {
			if p.rank == r {
				best = append(best, p)
			}
		}
		if len(best) > 0 {
			return best
		}
	}
	return nil
}

// passedOver are directories that hold other projects' files, or none that are
// written by hand; and other modules, which are projects of their own.
func passedOver(dir, base string) bool {
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") ||
		slices.Contains([]string{"node_modules", "vendor", "testdata", "target", "dist", "build", "tmp"}, base) {
		return true
	}
	_, err := os.Lstat(filepath.Join(dir, base, "go.mod"))
	return err == nil
}

// nameFrom is a path from the project's root; where it is not below that, with the
// dots that lead there.
func nameFrom(project, path string) string {
	rel, err := filepath.Rel(project, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}
