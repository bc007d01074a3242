package migrations

import (
	"errors"
	"fmt"
	"io/fs"
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

// readSections reads files with an Up and a Down section each: dbmate's, sql-migrate's.
func readSections(m sectionMarks) func(fsys fs.FS, dir string) ([]file, error) {
	return func(fsys fs.FS, dir string) ([]file, error) {
		names, err := sqlNames(fsys, dir)
		if err != nil {
			return nil, err
		}
		inOrder(names)
		var files []file
		for _, name := range names {
			text, err := readText(fsys, dir, name)
			if err != nil {
				return nil, err
			}
			f, err := m.cut(name, text)
			if err != nil {
				if numberOf(name) == "" { // beside the migrations, and none
					continue
				}
				return nil, err
			}
			files = append(files, f)
		}
		return files, nil
	}
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
	f := file{name: name, number: numberOf(name), up: up}
	if down.line > 0 {
		f.down = &down
	}
	return f, nil
}

func blankOrComment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "--")
}
