package trace

import (
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

// Shape is a statement without its values: literals and numbers become ?, lists of
// them one, and blanks are single. Two statements of one shape differ in values only.
func Shape(sql string) string {
	tokens := sqltext.Tokens(sql)
	if n := len(tokens); n > 0 && tokens[n-1].Is(";") {
		tokens = tokens[:n-1]
	}
	var out []string
	var spaced []bool // whether a blank goes before it
	for i, t := range tokens {
		space := i > 0 && t.Pos > tokens[i-1].End
		text := sql[t.Pos:t.End]
		if t.Kind == sqltext.String || t.Kind == sqltext.Number {
			text = "?"
			if n := len(out); n > 1 && out[n-1] == "," && out[n-2] == "?" {
				out, spaced = out[:n-1], spaced[:n-1] // one of a list
				continue
			}
		}
		out, spaced = append(out, text), append(spaced, space)
	}
	var b strings.Builder
	for i, text := range out {
		if spaced[i] {
			b.WriteByte(' ')
		}
		b.WriteString(text)
	}
	return b.String()
}

// control reports statements that begin and end transactions and settings that go
// with them: they load nothing, and are no work of the code under test.
func control(sql string) bool {
	statements := sqltext.Split(sql).Statements
	for _, st := range statements {
		if !controls(st.Tokens) {
			return false
		}
	}
	return len(statements) > 0
}

func controls(tokens []sqltext.Token) bool {
	switch strings.ToLower(tokens[0].Text) {
	case "begin", "commit", "rollback", "savepoint", "release", "start", "end", "abort", "set", "reset", "discard":
		return tokens[0].Kind == sqltext.Word
	}
	return setsConfig(tokens)
}

// setsConfig reports SELECT set_config(…), with any number of them and nothing else.
func setsConfig(tokens []sqltext.Token) bool {
	if !tokens[0].Is("select") {
		return false
	}
	for _, item := range sqltext.TopLevel(tokens[1:], ",") {
		if len(item) > 2 && item[0].Is("pg_catalog") {
			item = item[2:]
		}
		if len(item) < 3 || !item[0].Is("set_config") || !item[1].Is("(") {
			return false
		}
		rest := item[1+sqltext.Closing(item[1:])+1:]
		if sqltext.Index(rest, "from") >= 0 {
			return false
		}
	}
	return true
}
