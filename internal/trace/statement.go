package trace

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind of a statement.
type Kind string

// Kinds.
const (
	Query Kind = "query"
	Batch Kind = "batch"
	Copy  Kind = "copy"
)

// Statement that was sent.
type Statement struct {
	Kind  Kind
	SQL   string
	Args  []any
	Rows  int64 // affected or returned
	Err   error
	Batch int // number of the batch it was sent in; 0 none

	calls stack
}

// stack is where something was called from, the innermost call first.
type stack struct {
	pcs   [deepest]uintptr
	depth int
}

// deepest is how many calls are kept. What is further out than that seldom tells two
// calls apart.
const deepest = 48

// here is the stack of the caller's caller.
func here() (s stack) {
	s.depth = runtime.Callers(3, s.pcs[:])
	return s
}

// Site is the line that sent the statement, as file:line.
func (st *Statement) Site() string { return st.calls.site() }

// Path is the calls that led to the statement, the innermost first, as file:line. Calls
// of drivers, ORMs and other dependencies are left out, and each line is there once:
// recursion makes a path no longer.
func (st *Statement) Path() []string {
	path, _ := st.calls.path()
	return path
}

func (s *stack) site() string {
	path, _ := s.path()
	if len(path) == 0 {
		return "unknown"
	}
	return path[0]
}

// path also reports whether the toolkit itself is on the way.
func (s *stack) path() (path []string, ours bool) {
	path, by := s.walk()
	return path, by != ""
}

// walk also returns the innermost function of the toolkit, without a path; "" where there is
// none on the way.
func (s *stack) walk() (path []string, by string) {
	frames := runtime.CallersFrames(s.pcs[:s.depth])
	for {
		f, more := frames.Next()
		if hasPrefix(f.Function, toolkit) {
			return nil, f.Function
		}
		if line := shorten(f.File) + ":" + strconv.Itoa(f.Line); !dependency(f) && !slices.Contains(path, line) {
			path = append(path, line)
		}
		if !more {
			return path, ""
		}
	}
}

var workingDir = sync.OnceValue(func() string { dir, _ := os.Getwd(); return dir })

// shorten names a file as go test does: from the package's own directory on, where it
// is below that. With -trimpath a file starts with its package's import path.
func shorten(file string) string {
	if dir, name := filepath.Split(file); !filepath.IsAbs(file) && filepath.Base(dir) == filepath.Base(workingDir()) {
		return name
	}
	if rel, err := filepath.Rel(workingDir(), file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// dependency reports calls that are not the user's code: modules at a version, and
// what is listed.
func dependency(f runtime.Frame) bool {
	return hasPrefix(f.Function, plumbing) || strings.Contains(f.File, "@v") || strings.Contains(f.File, "/vendor/")
}

func hasPrefix(function string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(function, p) })
}

var plumbing = []string{"database/sql.", "runtime.", "testing.", "net/http.", "iter.", "sync.",
	"github.com/jackc/pgx/v5", "github.com/jackc/puddle",
	"github.com/qarion/seedbed/internal/trace.", "github.com/qarion/seedbed/pgtest.", "github.com/qarion/seedbed/relation."}

// toolkit is what sends statements on behalf of a test, not of the code under test. checks
// are of it what tries statements that are to fail.
var (
	toolkit = append([]string{"github.com/qarion/seedbed/factory.", "github.com/qarion/seedbed/fixtures.",
		"github.com/qarion/seedbed/internal/catalog.", "github.com/qarion/seedbed/internal/rows."}, checks...)
	checks = []string{"github.com/qarion/seedbed/internal/audit.", "github.com/qarion/seedbed/pgtest/check."}
)
