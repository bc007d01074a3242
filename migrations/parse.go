package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// parseGoose has goose run the file in both directions on a recorder.
func parseGoose(base string, content []byte) (*sqlMigration, error) {
	version, err := goose.NumericComponent(base)
	if err != nil {
		return nil, &SourceError{File: base, Err: err}
	}
	if err := refuseNearAnnotation(base, content); err != nil {
		return nil, err
	}
	up, err := recordFile(base, content, nil)
	if err != nil {
		return nil, parseError(base, content, err)
	}
	down, err := recordFile(base, content, []int64{version})
	if err != nil {
		return nil, parseError(base, content, err)
	}
	s := &sqlMigration{}
	s.up = section{file: base, statements: locateStatements(content, executed(up), false), noTransaction: !beginsTransaction(up)}
	s.down = section{file: base, statements: locateStatements(content, executed(down), true), noTransaction: !beginsTransaction(down)}
	for i, l := range strings.Split(string(content), "\n") {
		if annotation(l) == "down" {
			s.hasDown, s.downLine = true, i+1
		}
	}
	return s, s.refusePsqlOnly(base)
}

// refusePsqlOnly refuses COPY with rows and commands of psql.
func (s *sqlMigration) refusePsqlOnly(base string) error {
	for _, st := range slices.Concat(s.up.statements, s.down.statements) {
		if offset, err := findPsqlOnly(st.sql); err != nil {
			return &SourceError{File: base, Line: st.line + strings.Count(st.sql[:offset], "\n"), Err: err}
		}
	}
	return nil
}

// recordFile records what goose does with this one file: up if applied is nil, else down.
func recordFile(base string, content []byte, applied []int64) ([]event, error) {
	rec := &recorder{}
	db := sql.OpenDB(rec)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectCustom, db, memoryFS{base: content},
		goose.WithStore(&versionStore{applied: applied}), goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, err
	}
	if applied == nil {
		_, err = p.UpByOne(context.Background())
	} else {
		_, err = p.Down(context.Background())
	}
	return rec.events, err
}

func executed(events []event) []string {
	var all []string
	for _, e := range events {
		if e.verb == "exec" {
			all = append(all, e.sql)
		}
	}
	return all
}

func beginsTransaction(events []event) bool { return len(events) > 0 && events[0].verb == "begin" }

// Goose's messages name its internal state and lead with three layers of "failed
// to": what the author of the file needs is the last clause.
var (
	gooseLayers = regexp.MustCompile(`^(failed to prepare migration \(.*?\): )?(failed to parse [^:"]*: )*`)
	gooseState  = regexp.MustCompile(`[;,] stateMachine=\d+|, see https://\S+|state \d+, direction: \w+: | state \d+`)
)

// parseError turns goose's error about a file into a SourceError with a line.
func parseError(base string, content []byte, err error) error {
	text := gooseLayers.ReplaceAllString(err.Error(), "")
	text = strings.Replace(gooseState.ReplaceAllString(text, ""), "failed to parse annotation line", "annotation", 1)
	line := complaintLine(content, text)
	if advised := adviseParse(content, text, &line); advised != "" {
		text = advised
	}
	return &SourceError{File: base, Line: line, Err: errors.New(text)}
}

// unexpectedStatement begins goose's message about a statement before the first
// annotation.
const unexpectedStatement = "unexpected on line"

// adviseParse returns a message with the remedy for some of goose's, or "". It corrects
// the line if it knows it better.
func adviseParse(content []byte, complaint string, line *int) string {
	if i, err := findPsqlOnly(string(content)); err != nil {
		*line = 1 + strings.Count(string(content[:i]), "\n")
		return err.Error()
	}
	switch {
	case strings.HasPrefix(complaint, unexpectedStatement), strings.HasPrefix(complaint, "must start with"),
		strings.Contains(complaint, "must start with '-- +goose Up'"):
		if firstDirection(content) == "down" {
			return "-- +goose Down stands above -- +goose Up: goose wants Up first"
		}
		return "-- +goose Up has to stand before the first statement"
	case strings.Contains(complaint, "missing semicolon"):
		return complaint + " A statement with semicolons inside goes between -- +goose StatementBegin and -- +goose StatementEnd"
	}
	return ""
}

// firstDirection is the first annotation of a direction, "up" or "down".
func firstDirection(content []byte) string {
	for l := range strings.Lines(string(content)) {
		if a := annotation(l); a == "up" || a == "down" {
			return a
		}
	}
	return ""
}

// nearAnnotation matches a comment that was meant as an annotation, and the word in it.
var nearAnnotation = regexp.MustCompile(`(?im)^[ \t]*--[ \t]*\+?[ \t]*goose[ \t]+(up|down|statement ?begin|statement ?end|no[ _-]?transaction|envsub[ \t]+on|envsub[ \t]+off)[ \t]*;?[ \t\r]*$`)

// refuseNearAnnotation refuses annotations that goose takes for comments, and so would run
// Down as a part of Up.
func refuseNearAnnotation(base string, content []byte) error {
	for i, l := range strings.Split(string(content), "\n") {
		m := nearAnnotation.FindStringSubmatch(l)
		if m == nil || annotation(l) != "" {
			continue
		}
		err := fmt.Errorf("%q is a comment; did you mean -- +goose %s?", strings.TrimSpace(l), spellAnnotation(m[1]))
		if strings.Contains(strings.ToLower(l), "+goose") {
			err = fmt.Errorf("goose knows +goose in lower case only: write -- +goose %s instead of %s", spellAnnotation(m[1]), strings.TrimSpace(l))
		}
		return &SourceError{File: base, Line: i + 1, Err: err}
	}
	return nil
}

// spellAnnotation writes an annotation's word as goose's documentation does.
func spellAnnotation(word string) string {
	switch word := strings.ToLower(word); {
	case word == "up":
		return "Up"
	case word == "down":
		return "Down"
	case strings.HasSuffix(word, "begin"):
		return "StatementBegin"
	case strings.HasSuffix(word, "end"):
		return "StatementEnd"
	case strings.HasPrefix(word, "no"):
		return "NO TRANSACTION"
	default:
		return strings.ToUpper(strings.Join(strings.Fields(word), " "))
	}
}

// complaintLine returns the line that goose's message is about, or 0. Goose gives no line
// numbers.
func complaintLine(content []byte, complaint string) int {
	lines := strings.Split(string(content), "\n")
	want := func(string) bool { return false }
	switch {
	case strings.Contains(complaint, "missing '-- +goose StatementEnd'"):
		want = func(l string) bool { return annotation(l) == "statementbegin" }
	case strings.Contains(complaint, "missing semicolon"):
		want = func(l string) bool { return l != "" && strings.Contains(complaint, quotedLine(l)) }
	case strings.HasPrefix(complaint, unexpectedStatement):
		want = func(l string) bool { return strings.TrimSpace(l) != "" && strings.Contains(complaint, quotedLine(l)) }
	case strings.Contains(complaint, "annotation"):
		want = func(l string) bool { return annotation(l) != "" && strings.Contains(complaint, quotedLine(l)) }
	case strings.Contains(complaint, "duplicate '-- +goose Up'"):
		want = func(l string) bool { return annotation(l) == "up" }
	case strings.Contains(complaint, "variable substitution failed"):
		want = func(l string) bool { return strings.Contains(l, "${") && strings.HasSuffix(complaint, l) }
	}
	for i := len(lines) - 1; i >= 0; i-- { // the last one: what came before it was accepted
		if want(lines[i]) {
			return i + 1
		}
	}
	return 0
}
