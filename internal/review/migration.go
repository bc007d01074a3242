package review

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/sqltext"
)

// Tool is how the tool that the files are written for says things.
type Tool struct {
	Name  string // "goose"
	Alone string // how a statement is run outside of a transaction: "in a file of its own with -- +goose NO TRANSACTION"
	Down  string // what begins the way back: "-- +goose Down"
}

// Migration is one versioned step, as it is sent.
type Migration struct {
	Tool          Tool
	Version       int64
	File          string
	Transactional bool // one transaction is around it
	Up, Down      []Chunk
	HasDown       bool // there is a Down section, if an empty one
	DownLine      int  // the line on which it begins
	OneWay        bool // its tool knows no way back
	Serves        []Serve

	// Apply runs a migration that cannot be told as statements, in the database that
	// the configuration leads to. Nil: Up tells it.
	Apply func(ctx context.Context, config *pgx.ConnConfig) error
}

// Serve is a query that a migration says an index is for.
type Serve struct {
	Index string
	Query string
	Line  int
}

// Chunk is what goose sends as one statement.
type Chunk struct {
	SQL  string
	Line int // of the file, where it starts; 0 unknown
}

// statement is one SQL statement of a chunk; most chunks have one.
type statement struct {
	sqltext.Statement
	chunk int
	line  int
	alone bool // the chunk holds nothing else
	first bool // of its chunk
	last  bool
	open  string // what the chunk ends in the middle of
}

// statements cuts chunks into statements.
func statements(chunks []Chunk) []statement {
	var all []statement
	for n, c := range chunks {
		cut := sqltext.Split(c.SQL)
		for i, st := range cut.Statements {
			p := statement{Statement: st, chunk: n, open: cut.Unclosed,
				alone: len(cut.Statements) == 1, first: i == 0, last: i == len(cut.Statements)-1}
			if c.Line > 0 {
				p.line = c.Line + strings.Count(c.SQL[:st.Pos], "\n")
			}
			all = append(all, p)
		}
	}
	return all
}

// transactionControl begins or ends a transaction block.
func (p statement) transactionControl() bool {
	return p.Starts("begin") || p.Starts("start", "transaction") || p.Starts("commit") || p.Starts("end") ||
		p.Starts("abort") || p.Starts("prepare", "transaction") || p.Starts("rollback") && !p.savepoint()
}

// savepoint works on the savepoints of a transaction, among which ours would be in
// the way.
func (p statement) savepoint() bool {
	return p.Starts("savepoint") || p.Starts("release") ||
		p.Starts("rollback", "to") || p.Starts("rollback", "work", "to") || p.Starts("rollback", "transaction", "to")
}

// mayRunCode reports whether the statement can run any number of commands: what it does
// shows only as it runs.
func (p statement) mayRunCode() bool {
	for _, w := range []string{"do", "call", "select", "with", "values", "execute"} {
		if p.Starts(w) {
			return true
		}
	}
	return false
}

// onlyInsertsValues statements cannot change the structure nor take a lock that matters: a file
// with ten thousand rows costs little.
func (p statement) onlyInsertsValues() bool {
	return p.Starts("insert") && sqltext.Index(p.Tokens, "values") >= 0 &&
		sqltext.Index(p.Tokens, "select") < 0 && sqltext.Index(p.Tokens, "with") < 0
}

// clusterWide acts beyond the database, where a review must do no harm.
func (p statement) clusterWide() bool {
	for _, words := range [][]string{
		{"alter", "system"}, {"create", "database"}, {"drop", "database"}, {"create", "tablespace"},
		{"drop", "tablespace"}, {"create", "subscription"}, {"drop", "subscription"}, {"alter", "database"},
	} {
		if p.Starts(words...) {
			return true
		}
	}
	return false
}

// concurrently is one of the commands that work through several transactions.
func (p statement) concurrently() bool { return sqltext.Index(p.Tokens, "concurrently") >= 0 }

// outsideOnly refuses to run in a transaction block, or ends one by itself.
func (p statement) outsideOnly() bool {
	if p.Starts("refresh") {
		return false
	}
	return p.concurrently() || p.Starts("vacuum")
}

// mayFail reports whether the review survives the statement's failure: what must not run in a transaction,
// and roles that are there.
func (p statement) mayFail() bool {
	return p.outsideOnly() || p.clusterWide() || p.createsRole() || p.Starts("reindex") || p.Starts("cluster")
}

// createsRole is tolerated where the role is there: roles outlive databases, so that
// a second review meets those of the first.
func (p statement) createsRole() bool {
	return slices.ContainsFunc([]string{"role", "user", "group"}, func(w string) bool { return p.Starts("create", w) })
}

// deepWords are the tokens of a statement with those of the code in its strings: DO
// bodies, EXECUTE '…'.
func deepWords(tokens []sqltext.Token, depth int) []sqltext.Token {
	var all []sqltext.Token
	for _, t := range tokens {
		all = append(all, t)
		if t.Kind == sqltext.String && depth > 0 && strings.ContainsAny(t.Text, " \n\t(") {
			all = append(all, deepWords(sqltext.Tokens(t.Text), depth-1)...)
		}
	}
	return all
}
