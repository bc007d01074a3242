package migrations

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

var errCopyData = errors.New("COPY … FROM stdin works in psql only, which reads the rows from the file: " +
	"write INSERT INTO … VALUES, or load the rows with psql or as a fixture")

// refusePsqlOnly refuses what only psql understands: its commands, and COPY with rows.
func refusePsqlOnly(p sectionText) error {
	offset, err := findPsqlOnly(p.text)
	if err == nil {
		return nil
	}
	return &SourceError{File: p.file, Line: p.lineAt(offset), Err: err}
}

// findPsqlOnly returns the offset of the first of these, with an error about it.
func findPsqlOnly(text string) (offset int, err error) {
	tokens := sqltext.Tokens(text)
	for i, t := range tokens {
		if sqltext.At(tokens, i, "from", "stdin") && isCopy(tokens[:i]) {
			return startOffset(tokens[:i]), errCopyData
		}
		if t.Is(`\`) && strings.TrimSpace(text[lineStart(text, t.Pos):t.Pos]) == "" {
			return t.Pos, psqlCommand(lineAt(text, t.Pos))
		}
	}
	return 0, nil
}

// psqlCommand returns the error about a line that begins with a backslash.
func psqlCommand(line string) error {
	word, _, _ := strings.Cut(line, " ")
	if slices.Contains([]string{`\i`, `\ir`, `\include`, `\include_relative`}, word) {
		return fmt.Errorf(`%s is a command of psql, which Postgres does not know: put the SQL of that file here`, word)
	}
	return fmt.Errorf(`%s is a command of psql, which pg_dump writes and Postgres does not know: remove the line`, word)
}

// isCopy reports whether the last statement of tokens is a COPY.
func isCopy(tokens []sqltext.Token) bool {
	i := statementStart(tokens)
	return i < len(tokens) && tokens[i].Is("copy")
}

// startOffset returns where the last statement of tokens begins in the text.
func startOffset(tokens []sqltext.Token) int { return tokens[statementStart(tokens)].Pos }

// statementStart returns the index of the first token of the last statement.
func statementStart(tokens []sqltext.Token) int {
	for i := len(tokens) - 1; i >= 0; i-- {
		if tokens[i].Is(";") {
			return i + 1
		}
	}
	return 0
}

func lineStart(text string, pos int) int { return strings.LastIndexByte(text[:pos], '\n') + 1 }

func lineAt(text string, pos int) string {
	line, _, _ := strings.Cut(text[lineStart(text, pos):], "\n")
	return strings.TrimSpace(line)
}
