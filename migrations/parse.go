package migrations

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

// script is a .sql migration as goose understands it: split, with its
// environment variables substituted.
type script struct {
	up, down      []statement
	noTransaction bool
}

// statement is one chunk that goose sends, with the line of the file on which it
// starts; 0 where substitution changed it beyond recognition.
type statement struct {
	sql  string
	line int
}

// parse lets goose run the file in both directions on a recorder.
func parse(base string, content []byte) (*script, error) {
	version, err := goose.NumericComponent(base)
	if err != nil {
		return nil, &SourceError{File: base, Err: err}
	}
	up, err := recordFile(base, content, nil)
	if err != nil {
		return nil, parseError(base, content, err)
	}
	down, err := recordFile(base, content, []int64{version})
	if err != nil {
		return nil, parseError(base, content, err)
	}
	s := &script{noTransaction: !begins(up)}
	s.up = locate(content, execs(up), false)
	s.down = locate(content, execs(down), true)
	return s, nil
}

// recordFile is what goose does with this one file: up where nothing is applied,
// down where its version is.
func recordFile(base string, content []byte, applied []int64) ([]event, error) {
	rec := &recorder{}
	db := sql.OpenDB(rec)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectCustom, db, memory{base: content},
		goose.WithStore(&history{applied: applied}), goose.WithDisableGlobalRegistry(true),
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

func execs(events []event) []string {
	var all []string
	for _, e := range events {
		if e.verb == "exec" {
			all = append(all, e.sql)
		}
	}
	return all
}

func begins(events []event) bool { return len(events) > 0 && events[0].verb == "begin" }

// Goose's messages name its internal state and lead with three layers of "failed
// to": what the author of the file needs is the last clause.
var (
	gooseLayers = regexp.MustCompile(`^(failed to prepare migration \(.*?\): )?(failed to parse [^:"]*: )*`)
	gooseState  = regexp.MustCompile(`[;,] stateMachine=\d+|, see https://\S+|state \d+, direction: \w+: | state \d+`)
)

func parseError(base string, content []byte, err error) error {
	text := gooseLayers.ReplaceAllString(err.Error(), "")
	text = strings.Replace(gooseState.ReplaceAllString(text, ""), "failed to parse annotation line", "annotation", 1)
	return &SourceError{File: base, Line: blame(content, text), Err: errors.New(text)}
}

// blame finds the line that a complaint of goose's is about, where one can be
// told; goose has no line numbers.
func blame(content []byte, complaint string) int {
	lines := strings.Split(string(content), "\n")
	want := func(string) bool { return false }
	switch {
	case strings.Contains(complaint, "missing '-- +goose StatementEnd'"):
		want = func(l string) bool { return annotation(l) == "statementbegin" }
	case strings.Contains(complaint, "missing semicolon"):
		want = func(l string) bool { return l != "" && strings.Contains(complaint, firstLine(l)) }
	case strings.Contains(complaint, "annotation"):
		want = func(l string) bool { return annotation(l) != "" && strings.Contains(complaint, firstLine(l)) }
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
