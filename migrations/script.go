package migrations

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/qarion/seedbed/internal/sqltext"
)

// ScriptOptions says what to render. The zero value renders the whole set, up, for
// psql.
type ScriptOptions struct {
	Options
	// From is the first version in the script; those before it must be applied where
	// it runs, and no other. Zero: the first of the set.
	From int64
	// To is the last version in the script. Zero: the last of the set.
	To int64
	// Down renders the way back from To to before From, newest first.
	Down bool
	// Plain leaves out what only psql understands, for clients that send plain SQL.
	// A refused guard then ends the session, because such a client may go on after an
	// error. False: psql's commands are used.
	Plain bool
	// Major is the oldest Postgres that the script runs on. Zero: 15.
	Major int
	// LockTimeout is set at the beginning of each transaction. Empty: 3s.
	LockTimeout string
	// Review adds the locks that each statement took. Nil: they are left out.
	Review *Report
}

// Script renders migrations as one SQL script that a DBA reviews and applies,
// without a database: goose itself drives it, statement for statement. Run with
// psql, it does what `goose up` does (its lock, its version table), and more
// carefully: a server too old, another process that migrates, a version that is
// missing or applied already, or a file that has changed since a script applied it
// end it before anything is changed.
//
// It returns a [*SourceError] for what a script cannot hold: a Go migration that reads
// (around [ErrGoReads]; those that only execute statements are rendered), the way back
// where there is none (around [ErrNoWayBack]), and within a
// migration's transaction COMMIT, ROLLBACK or a command that runs in none. Other errors
// are those of [Open], which refuses rows for COPY and commands of psql.
func Script(fsys fs.FS, options ScriptOptions) (string, error) {
	s, err := Open(fsys, options.Options)
	if err != nil {
		return "", err
	}
	return s.Script(options)
}

// Script is [Script] for a set already open; of options, those embedded are not
// looked at.
func (s *Set) Script(options ScriptOptions) (string, error) {
	w := &scriptWriter{set: s, options: options, table: cmp.Or(s.options.Table, goose.DefaultTablename)}
	w.options.Major = cmp.Or(options.Major, 15)
	w.options.LockTimeout = cmp.Or(options.LockTimeout, "3s")
	var before []int64 // applied when the script starts
	var steps []source
	for _, src := range s.sources {
		switch {
		case src.Version < options.From:
			before = append(before, src.Version)
		case options.To == 0 || src.Version <= options.To:
			steps = append(steps, src)
		}
	}
	if len(steps) == 0 {
		return "", fmt.Errorf("render a script: no migration from version %d to %d", options.From, options.To)
	}
	if options.Down {
		for _, src := range steps {
			before = append(before, src.Version)
		}
		slices.Reverse(steps)
	}
	return w.render(before, steps)
}

// scriptWriter puts a script together.
type scriptWriter struct {
	strings.Builder
	set     *Set
	options ScriptOptions
	table   string
}

func (w *scriptWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *scriptWriter) render(applied []int64, steps []source) (string, error) {
	create, err := recordStore(w.table, func(st database.Store, db *sql.DB) error { return st.CreateVersionTable(context.Background(), db) })
	if err != nil {
		return "", fmt.Errorf("render a script: %w", err)
	}
	w.header(applied, steps)
	w.preflight(applied, create)
	for _, src := range steps {
		if err := w.migration(applied, src); err != nil {
			return "", err
		}
		if w.options.Down {
			applied = slices.DeleteFunc(slices.Clone(applied), func(v int64) bool { return v == src.Version })
		} else {
			applied = append(slices.Clone(applied), src.Version)
		}
	}
	w.line("\ndo $seedbed$ begin perform pg_advisory_unlock(%d); end $seedbed$;", gooseLock)
	return w.String(), nil
}

// gooseLock is the key that goose's own session lock has.
const gooseLock = 4097083626

func (w *scriptWriter) header(applied []int64, steps []source) {
	verb := "applies"
	if w.options.Down {
		verb = "rolls back"
	}
	w.line("-- Rendered by `seedbed migrate script`; %s %d migrations.", verb, len(steps))
	w.line("--")
	for _, src := range steps {
		w.line("--   %-12d %s", src.Version, src.Name())
		w.line("--   %-12s sha256 %s", "", checksum(src))
	}
	w.line("--")
	w.line("-- Runs where exactly these versions are applied: %s", versions(applied))
	w.line("-- Postgres %d or newer, UTF-8, standard_conforming_strings = on; lock_timeout %s.", w.options.Major, w.options.LockTimeout)
	if w.options.Plain {
		w.line("-- Send it over one session. A guard that refuses ends the session: nothing after it runs.")
	} else {
		w.line("-- Run it with: psql -X -f FILE; it stops at the first error. After a stop, see")
		w.line("-- which versions %s has, and render the rest with --from.", w.table)
	}
	w.line("")
	if !w.options.Plain {
		w.line(`\set ON_ERROR_STOP on`)
		w.line(`\set QUIET on`)
	}
	w.line("set client_encoding = 'UTF8';")
	w.line("set standard_conforming_strings = on;")
}

func versions(all []int64) string {
	if len(all) == 0 {
		return "none"
	}
	if len(all) > 8 {
		return fmt.Sprintf("the %d from %d to %d", len(all), all[0], all[len(all)-1])
	}
	return strings.Trim(fmt.Sprint(all), "[]")
}

func checksum(src source) string {
	sum := sha256.Sum256(src.content)
	return hex.EncodeToString(sum[:])
}

// migration is one step: in a transaction of its own, or statement by statement.
func (w *scriptWriter) migration(applied []int64, src source) error {
	if w.options.Down && src.presented && !src.sql.hasDown {
		return &SourceError{File: src.Name(), Err: ErrNoWayBack}
	}
	events, err := w.set.events(src, w.options.Down)
	if err != nil {
		return err
	}
	w.line("\n-- %s %s", strings.Repeat("-", 60), src.Name())
	mark, err := w.mark(src)
	if err != nil {
		return err
	}
	if !begins(events) && hasExec(events) {
		return w.outside(applied, src, events, mark)
	}
	if err := w.set.refuseScript(src, w.options.Down); err != nil {
		return err
	}
	var texts []string
	for _, e := range events {
		if e.verb != "exec" {
			continue
		}
		text, err := e.text()
		if err != nil {
			return &SourceError{File: src.Name(), Err: err}
		}
		texts = append(texts, text)
	}
	w.line("begin;")
	first := 0
	for first < len(texts) && setsTransaction(texts[first]) { // which comes before any query
		w.statement(src, first, texts[first])
		first++
	}
	w.line("set local lock_timeout = '%s';", w.options.LockTimeout)
	w.guard(applied, src)
	for n := first; n < len(texts); n++ {
		w.statement(src, n, texts[n])
	}
	w.WriteString(mark)
	w.remember(src)
	w.line("commit;")
	return nil
}

// setsTransaction reports whether a statement is SET TRANSACTION.
func setsTransaction(text string) bool {
	tokens := sqltext.Tokens(text)
	return len(tokens) > 1 && tokens[0].Is("set") && tokens[1].Is("transaction")
}

func hasExec(events []event) bool {
	return slices.ContainsFunc(events, func(e event) bool { return e.verb == "exec" })
}

// events are what goose does with a migration.
func (s *Set) events(src source, down bool) ([]event, error) {
	var all []event
	var err error
	if src.sql == nil {
		if all, err = recordGo(src, !down); err != nil {
			return nil, &SourceError{File: src.Name(), Err: fmt.Errorf("%w, so it cannot be rendered: run it with goose", ErrGoReads)}
		}
		return all, nil
	}
	var from []int64
	if down {
		from = []int64{src.Version}
	}
	if all, err = recordFile(src.gooseName(), src.gooseText(down), from); err != nil {
		return nil, parseError(src.File, src.gooseText(down), err)
	}
	return all, nil
}

// mark is goose's own bookkeeping, as goose writes it.
func (w *scriptWriter) mark(src source) (string, error) {
	events, err := recordStore(w.table, func(st database.Store, db *sql.DB) error {
		if w.options.Down {
			return st.Delete(context.Background(), db, src.Version)
		}
		return st.Insert(context.Background(), db, database.InsertRequest{Version: src.Version})
	})
	if err != nil {
		return "", fmt.Errorf("render a script: %w", err)
	}
	var b strings.Builder
	for _, e := range events {
		text, err := e.text()
		if err != nil {
			return "", err
		}
		b.WriteString(terminated(text))
	}
	return b.String(), nil
}

// recordStore is what goose's store for Postgres executes.
func recordStore(table string, do func(database.Store, *sql.DB) error) ([]event, error) {
	store, err := database.NewStore(database.DialectPostgres, table)
	if err != nil {
		return nil, err
	}
	rec := &recorder{}
	db := sql.OpenDB(rec)
	defer db.Close()
	err = do(store, db)
	return rec.events, err
}
