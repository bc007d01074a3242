package migrations

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// sectionMarks are the lines that begin the two directions in a file that holds both.
type sectionMarks struct {
	up, down *regexp.Regexp
	alone    *regexp.Regexp // on the same line
	wanted   string         // the line that a file must have
}

var (
	dbmateMarks = sectionMarks{
		up: regexp.MustCompile(`^--\s*migrate:up\b`), down: regexp.MustCompile(`^--\s*migrate:down\b`),
		alone: regexp.MustCompile(`transaction:\s*false`), wanted: "-- migrate:up",
	}
	sqlMigrateMarks = sectionMarks{
		up: regexp.MustCompile(`(?i)^--\s*\+migrate\s+up\b`), down: regexp.MustCompile(`(?i)^--\s*\+migrate\s+down\b`),
		alone: regexp.MustCompile(`(?i)\bnotransaction\b`), wanted: "-- +migrate Up",
	}
)

// read reads a file with an Up and a Down section: dbmate's, sql-migrate's.
func (m sectionMarks) read(name, text string) (file, bool, error) {
	f, err := m.cut(name, text)
	if err != nil && numberOf(name) == "" { // beside the migrations, and none
		return file{}, false, nil
	}
	return f, true, err
}

// cut finds the sections of one file, in which both directions may come several times.
// Lines that belong to the other direction are left empty, so that line numbers stay.
func (m sectionMarks) cut(name, text string) (file, error) {
	up, down := part{file: name}, part{file: name}
	var now, other *part
	for i, line := range strings.SplitAfter(text, "\n") {
		switch {
		case m.up.MatchString(line):
			now, other = &up, &down
		case m.down.MatchString(line):
			now, other = &down, &up
		case now == nil && !blankOrComment(line):
			return file{}, &SourceError{File: name, Line: i + 1, Err: fmt.Errorf("%s has to stand before the first statement", m.wanted)}
		case now != nil:
			now.text += line
			other.text += "\n"
			continue
		}
		up.text += "\n"
		down.text += "\n"
		if now != nil {
			now.line = 1
			now.alone = now.alone || m.alone.MatchString(line)
		}
	}
	if up.line == 0 {
		return file{}, &SourceError{File: name, Err: errors.New("has no line " + m.wanted)}
	}
	f := file{up: up}
	if down.line > 0 {
		f.down = &down
	}
	return f, nil
}

func blankOrComment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "--")
}
