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
	// Declaration that is wrong, named as Evidence.Conclusion is: "scoped datasets".
	Declaration string
	// Object that it is about: a table, or table.column; "" where the declaration is wrong in itself.
	Object string
	// Message says what is wrong, and what may have been meant.
	Message string
}

// Error lists every problem, a line each, under the declaration that it is in.
func (e *InvalidError) Error() string {
	var b strings.Builder
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	fmt.Fprintf(&b, "model does not fit the database: %d %s", len(e.Problems), noun)
	under := ""
	for _, p := range e.Problems {
		if p.Declaration != under {
			under = p.Declaration
			b.WriteString("\n  " + under)
		}
		b.WriteString("\n    " + p.Message)
	}
	return b.String()
}
