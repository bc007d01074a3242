package trace

import (
	"os"
	"path/filepath"
	"runtime"
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
	Done  bool

	stack [24]uintptr
	depth int
}

// Scope gathers statements. It is safe for concurrent use.
type Scope struct {
	// Name of the test that it is for.
	Name string

	mu         sync.Mutex
	statements []Statement
	batches    []Statement // where each began
	unclaimed  bool
}

func (s *Scope) add(st Statement) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements = append(s.statements, st)
	return len(s.statements) - 1
}

func (s *Scope) beginBatch(st Statement) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, st)
	return len(s.batches)
}

func (s *Scope) addToBatch(number int, st Statement) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.batches[number-1]
	st.Batch, st.stack, st.depth = number, from.stack, from.depth
	s.statements = append(s.statements, st)
	return len(s.statements) - 1
}

func (s *Scope) end(index int, rows int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.statements[index]
	st.Rows, st.Err, st.Done = rows, err, true
}

func (s *Scope) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unclaimed = true
}

// Unclaimed reports whether statements went by that could belong to any of several
// scopes, because no context said.
func (s *Scope) Unclaimed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unclaimed
}

// Statements so far that code under test sent: without transaction control, and
// without what the toolkit itself sends.
func (s *Scope) Statements() []Statement {
	s.mu.Lock()
	all := append([]Statement(nil), s.statements...)
	s.mu.Unlock()
	var out []Statement
	for _, st := range all {
		if _, ours := st.site(); !ours && !control(st.SQL) {
			out = append(out, st)
		}
	}
	return out
}

// control reports BEGIN, COMMIT and their kin: they are no work.
func control(sql string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(sql, " \t\n"), " ")
	switch strings.ToLower(strings.TrimSuffix(first, ";")) {
	case "begin", "commit", "rollback", "savepoint", "release", "start", "end":
		return true
	}
	return false
}

// Site is the line that sent the statement, as file:line.
func (st *Statement) Site() string {
	site, _ := st.site()
	return site
}

var workingDir = sync.OnceValue(func() string { dir, _ := os.Getwd(); return dir })

// here is a file as go test names it: from the package's own directory on, where
// it is below that.
func here(file string) string {
	if rel, err := filepath.Rel(workingDir(), file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// site walks out of pgx and database/sql to the first line of somebody else's. It
// also says whether the toolkit is on the way.
func (st *Statement) site() (site string, ours bool) {
	frames := runtime.CallersFrames(st.stack[:st.depth])
	for {
		f, more := frames.Next()
		switch {
		case toolkit(f.Function):
			return f.File, true
		case site == "" && !plumbing(f.Function):
			site = here(f.File) + ":" + strconv.Itoa(f.Line)
		}
		if !more {
			return site, false
		}
	}
}

func plumbing(function string) bool {
	for _, p := range []string{"github.com/jackc/pgx/v5", "github.com/jackc/puddle", "database/sql", "github.com/qarion/seedbed/internal/trace",
		"github.com/qarion/seedbed/pgtest.", "github.com/qarion/seedbed/relation.", "runtime."} {
		if strings.HasPrefix(function, p) {
			return true
		}
	}
	return false
}

func toolkit(function string) bool {
	for _, p := range []string{"github.com/qarion/seedbed/factory.", "github.com/qarion/seedbed/fixtures.", "github.com/qarion/seedbed/internal/audit.",
		"github.com/qarion/seedbed/internal/catalog.", "github.com/qarion/seedbed/pgtest/check."} {
		if strings.HasPrefix(function, p) {
			return true
		}
	}
	return false
}
