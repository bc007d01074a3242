package migrations

import (
	"slices"

	"github.com/qarion/seedbed/internal/sqltext"
)

// refusesTransaction reports whether Postgres runs the statement only outside of a
// transaction block.
func refusesTransaction(st sqltext.Statement) bool {
	if sqltext.Index(st.Tokens, "concurrently") >= 0 && !st.Starts("refresh") {
		return true
	}
	for _, words := range [][]string{
		{"vacuum"}, {"alter", "system"}, {"create", "database"}, {"drop", "database"},
		{"create", "tablespace"}, {"drop", "tablespace"}, {"reindex", "database"}, {"reindex", "system"},
	} {
		if st.Starts(words...) {
			return true
		}
	}
	return false
}

// controlsBlock reports whether the statement begins or ends a transaction block.
func controlsBlock(st sqltext.Statement) bool {
	for _, words := range [][]string{{"begin"}, {"start", "transaction"}, {"commit"}, {"end"}, {"abort"}, {"prepare", "transaction"}} {
		if st.Starts(words...) {
			return true
		}
	}
	return st.Starts("rollback") && sqltext.Index(st.Tokens, "to") < 0
}

// withoutBlock takes off a BEGIN and a COMMIT around everything: goose begins and
// commits itself.
func withoutBlock(all []sqltext.Statement) ([]sqltext.Statement, bool) {
	n := len(all)
	if n < 2 || !all[0].Starts("begin") && !all[0].Starts("start", "transaction") || !all[n-1].Starts("commit") && !all[n-1].Starts("end") {
		return nil, false
	}
	inner := all[1 : n-1]
	return inner, !slices.ContainsFunc(inner, controlsBlock)
}
