package migrations

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// sectionMarks match the lines that begin the two directions in a file with both.
type sectionMarks struct {
	up, down      *regexp.Regexp
	noTransaction *regexp.Regexp // on the same line
	near          *regexp.Regexp // a comment that was meant as one of these lines
	required      string         // the line that a file must have
}

var (
	dbmateMarks = sectionMarks{
		up: regexp.MustCompile(`^--\s*migrate:up\b`), down: regexp.MustCompile(`^--\s*migrate:down\b`),
		noTransaction: regexp.MustCompile(`transaction:\s*false`), required: "-- migrate:up",
		near: regexp.MustCompile(`(?im)^\s*--[ \t]*migrate[ \t]*:?[ \t]*(up|down)([ \t]+transaction:[ \t]*\w+)?[ \t]*;?$`),
	}
	sqlMigrateMarks = sectionMarks{
		up: regexp.MustCompile(`(?i)^--\s*\+migrate\s+up\b`), down: regexp.MustCompile(`(?i)^--\s*\+migrate\s+down\b`),
		noTransaction: regexp.MustCompile(`(?i)\bnotransaction\b`), required: "-- +migrate Up",
		near: regexp.MustCompile(`(?im)^\s*--[ \t]*(?:\+[ \t]*migrate|migrate)[ \t]*:?[ \t]*(up|down)([ \t]+notransaction)?[ \t]*;?$`),
	}
)

// read reads a file of dbmate or sql-migrate.
func (m sectionMarks) read(name, text string) (f foreignMigration, isMigration bool, err error) {
	f, err = m.split(name, text)
	if err != nil && numberOf(name) == "" { // not a migration
		return foreignMigration{}, false, nil
	}
	return f, true, err
}

// split splits a file into its sections, each of which may occur several times. In the text
// of a section the lines of the other one are empty, so that line numbers are right.
func (m sectionMarks) split(name, text string) (foreignMigration, error) {
	up, down := sectionText{file: name}, sectionText{file: name}
	var current, other *sectionText
	for i, line := range strings.SplitAfter(text, "\n") {
		switch {
		case m.up.MatchString(line):
			current, other = &up, &down
		case m.down.MatchString(line):
			current, other = &down, &up
		case m.near.MatchString(strings.TrimSpace(line)):
			return foreignMigration{}, &SourceError{File: name, Line: i + 1, Err: fmt.Errorf("%q is a comment; did you mean %s?", strings.TrimSpace(line), m.meant(line))}
		case current == nil && !blankOrComment(line):
			return foreignMigration{}, &SourceError{File: name, Line: i + 1, Err: fmt.Errorf("%s has to stand before the first statement", m.required)}
		case current != nil:
			current.text += line
			other.text += "\n"
			continue
		}
		up.text += "\n"
		down.text += "\n"
		if current != nil {
			current.line = 1
			current.noTransaction = current.noTransaction || m.noTransaction.MatchString(line)
		}
	}
	if up.line == 0 {
		return foreignMigration{}, &SourceError{File: name, Err: errors.New("has no line " + m.required)}
	}
	f := foreignMigration{up: up}
	if down.line > 0 {
		f.down = &down
	}
	return f, nil
}

// meant returns the line that a comment was meant to be.
func (m sectionMarks) meant(comment string) string {
	if strings.EqualFold(m.near.FindStringSubmatch(strings.TrimSpace(comment))[1], "up") {
		return m.required
	}
	return strings.NewReplacer("up", "down", "Up", "Down").Replace(m.required)
}

func blankOrComment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "--")
}

// plainNoTransaction matches the comments by which a file of sqlx, Atlas or
// graphile-migrate asks to run without a transaction.
var plainNoTransaction = regexp.MustCompile(`(?m)\A(?:--.*\n|\s*\n)*(?:-- no-transaction\b|-- atlas:txmode\s+none\b|--! no-transaction\b)`)

// eachFile returns a reader of a directory's SQL files in natural order. read returns
// isMigration false for a file that is none.
func eachFile(read func(name, text string) (f foreignMigration, isMigration bool, err error)) func(fsys fs.FS, dir string) ([]foreignMigration, error) {
	return func(fsys fs.FS, dir string) ([]foreignMigration, error) {
		names, err := sqlFiles(fsys, dir)
		if err != nil {
			return nil, err
		}
		sortNatural(names)
		var files []foreignMigration
		for _, name := range names {
			text, err := readText(fsys, dir, name)
			if err != nil {
				return nil, err
			}
			f, isMigration, err := read(name, text)
			if err != nil {
				return nil, err
			}
			if isMigration {
				f.name, f.number = name, numberOf(name)
				files = append(files, f)
			}
		}
		return files, nil
	}
}

// readPlain takes the whole file for Up.
func readPlain(name, text string) (f foreignMigration, isMigration bool, err error) {
	return foreignMigration{up: sectionText{file: name, text: text, line: 1, noTransaction: plainNoTransaction.MatchString(text)}}, true, nil
}

var (
	ternSeparator     = regexp.MustCompile(`(?m)^---- create above / drop below ----.*\n?`)
	ternNoTransaction = regexp.MustCompile(`(?m)^---- tern: disable-tx ----`)
)

// readTern reads a file of tern, with Down below a separator.
func readTern(name, text string) (f foreignMigration, isMigration bool, err error) {
	noTransaction := ternNoTransaction.MatchString(text)
	f = foreignMigration{up: sectionText{file: name, text: text, line: 1, noTransaction: noTransaction}}
	if at := ternSeparator.FindStringIndex(text); at != nil {
		f.up.text = text[:at[0]]
		f.down = &sectionText{file: name, text: text[at[1]:], line: 1 + strings.Count(text[:at[1]], "\n"), noTransaction: noTransaction}
	}
	return f, numberOf(name) != "", nil
}
