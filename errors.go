package seedbed

import (
	"fmt"
	"strings"
)

// InvalidError says in which points a Model contradicts a database.
type InvalidError struct {
	Problems []Problem
}

// Problem is one point in which a Model contradicts a database.
type Problem struct {
	// Declaration that is wrong, as Model.String writes it.
	Declaration string
	// Object that it is about: a table, or table.column; "" where the declaration is wrong in itself.
	Object string
	// Message says what is wrong, and what may have been meant.
	Message string
}

// Error lists every problem, a line each.
func (e *InvalidError) Error() string {
	var b strings.Builder
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "model does not fit the database: %d %s", len(e.Problems), noun)
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.Message + "\n    in: " + p.Declaration)
	}
	return b.String()
}
