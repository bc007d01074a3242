package review

import (
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/sqltext"
)

// step is what one command did: a statement, or one DDL command inside a DO block
// or function.
type step struct {
	statement
	words              []sqltext.Token // of the statement and of all code that it runs
	stateBefore        *state
	stateAfter         *state
	diff               diff
	locksBefore        locks // held when it began
	locksAfter         locks // held when it ended
	locksTaken         locks // what it took
	notices            []notice
	plans              []plan
	outsideTransaction bool // ran outside of a transaction block
	ddl                bool // one DDL command inside code; the rest of the code is a step without it
	err                *pgconn.PgError

	lockTimeoutAfter  string
	lockTimeoutBefore string
	statementTimeout  string // when it began
}

// says is the part of a message between two strings, for each message that has
// both.
func (s *step) says(before, after string) []string {
	var all []string
	for _, m := range s.notices {
		if rest, ok := strings.CutPrefix(m.text, before); ok {
			if name, _, ok := strings.Cut(rest, after); ok {
				all = append(all, name)
			}
		}
	}
	return all
}

// saidOf reports whether the server said so of the relation. It leaves the schema
// out; two tables of one name in one command cannot be told apart.
func (s *step) saidOf(what, name string) bool {
	for _, n := range s.says(what+` "`, `"`) {
		if n == name {
			return true
		}
	}
	return false
}

func (s *step) rewrote(r *relation) bool  { return s.saidOf("rewriting table", r.Name) }
func (s *step) verified(r *relation) bool { return s.saidOf("verifying table", r.Name) }

// has reports whether these keywords follow one another anywhere in the code.
func (s *step) has(words ...string) bool { return sqltext.Index(s.words, words...) >= 0 }

// lockOn is the mode that the step took on a relation, or held already.
func (s *step) lockOn(oid uint32) Lock { return max(s.locksTaken[oid], s.locksAfter[oid]) }
