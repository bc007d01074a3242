package trace

import "sync"

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
	st.Batch, st.calls = number, from.calls
	s.statements = append(s.statements, st)
	return len(s.statements) - 1
}

func (s *Scope) end(index int, rows int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.statements[index]
	st.Rows, st.Err = rows, err
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
		if _, ours := st.calls.path(); !ours && !control(st.SQL) {
			out = append(out, st)
		}
	}
	return out
}
