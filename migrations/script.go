package migrations

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/qarion/seedbed/internal/sqltext"
)

// ScriptOptions say what to render. The zero value renders Up of the whole set for psql.
type ScriptOptions struct {
	Options
	// From is the first version in the script. The database must have exactly the versions
	// before it. Zero: the first of the set.
	From int64
	// To is the last version in the script. Zero: the last of the set.
	To int64
	// Down renders Down of the versions from To back to From.
	Down bool
	// Plain leaves out psql's commands, for clients that send plain SQL. A guard that
	// refuses then ends the session, because such a client may continue after an error.
	// False: the script uses psql's commands.
	Plain bool
	// Major is the oldest Postgres that the script runs on. Zero: 15.
	Major int
	// LockTimeout is set at the beginning of each transaction: a number with one of
	// Postgres's units, ms, s, min, h or d, or 0 for none. Empty: 3s.
	LockTimeout string
	// Review adds the locks that each statement took in a review. Nil: no locks.
	Review *Report
}

// Script renders migrations as one SQL script that a DBA reviews and applies. It needs no
// database: goose runs the migrations on a recorder. Run with psql, the script does what
// `goose up` does, with goose's lock and version table. Beyond that it ends before it
// changes anything if the server is too old, another process migrates, a version is
// missing or applied already, or a file has changed since a script applied it.
//
// It returns a [*SourceError] for what a script cannot contain: a Go migration that reads
// from the database ([ErrGoReads]; Go migrations that only execute statements are
// rendered), Down of a dialect without it ([ErrNoWayBack]), and, in a migration's
// transaction, COMMIT, ROLLBACK or a command that runs in none. Other errors are those of
// [Open].
func Script(fsys fs.FS, options ScriptOptions) (string, error) {
	s, err := Open(fsys, options.Options)
	if err != nil {
		return "", err
	}
	return s.Script(options)
}

// Script is [Script] for a set that is open. It ignores the Options in options.
func (s *Set) Script(options ScriptOptions) (string, error) {
	w := &scriptWriter{set: s, options: options, table: cmp.Or(s.options.Table, goose.DefaultTablename)}
	w.options.Major = cmp.Or(options.Major, 15)
	w.options.LockTimeout = cmp.Or(options.LockTimeout, "3s")
	if !timeout.MatchString(w.options.LockTimeout) {
		return "", fmt.Errorf("render a script: ScriptOptions.LockTimeout is %q: write a duration with its unit, such as 3s or 500ms", options.LockTimeout)
	}
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
		newest := s.sources[len(s.sources)-1].Version
		return "", fmt.Errorf("render a script: no migration from version %d to %d; the newest is %d", options.From, cmp.Or(options.To, newest), newest)
	}
	if options.Down {
		for _, src := range steps {
			before = append(before, src.Version)
		}
		slices.Reverse(steps)
	}
	return w.render(before, steps)
}

// timeout matches a duration of Postgres's. A number without a unit would be milliseconds.
var timeout = regexp.MustCompile(`^(0|[0-9]+ ?(us|ms|s|min|h|d))$`)

// scriptWriter writes a script.
type scriptWriter struct {
	strings.Builder
	set     *Set
	options ScriptOptions
	table   string
}

func (w *scriptWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// render writes the script for migrations on a database that has the applied versions.
func (w *scriptWriter) render(applied []int64, steps []source) (string, error) {
	create, err := recordStore(w.table, func(st database.Store, db *sql.DB) error { return st.CreateVersionTable(context.Background(), db) })
	if err != nil {
		return "", fmt.Errorf("render a script: %w", err)
	}
	w.writeHeader(applied, steps)
	w.writePreflight(applied, create)
	for _, src := range steps {
		if err := w.writeMigration(applied, src); err != nil {
			return "", err
		}
		if w.options.Down {
			applied = slices.DeleteFunc(slices.Clone(applied), func(v int64) bool { return v == src.Version })
		} else {
			applied = append(slices.Clone(applied), src.Version)
		}
	}
	w.line("\ndo $seedbed$ begin perform pg_advisory_unlock(%d); end $seedbed$;", gooseLockKey)
	return w.String(), nil
}

// gooseLockKey is the key of goose's advisory lock.
const gooseLockKey = 4097083626

// writeHeader writes the comment on top, with files and checksums, and the settings.
func (w *scriptWriter) writeHeader(applied []int64, steps []source) {
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

// checksum is the SHA-256 of a migration's files.
func checksum(src source) string {
	sum := sha256.Sum256(src.content)
	return hex.EncodeToString(sum[:])
}

// writeMigration writes a migration in its own transaction, or without one.
func (w *scriptWriter) writeMigration(applied []int64, src source) error {
	if w.options.Down && src.converted && !src.sql.hasDown {
		return &SourceError{File: src.Name(), Err: fmt.Errorf("%w: %s", ErrNoWayBack, w.set.dialectOf(src).writeDown(src))}
	}
	events, err := w.set.record(src, w.options.Down)
	if err != nil {
		return err
	}
	w.line("\n-- %s %s", strings.Repeat("-", 60), src.Name())
	versionSQL, err := w.versionSQL(src)
	if err != nil {
		return err
	}
	if !beginsTransaction(events) && hasExec(events) {
		return w.writeWithoutTransaction(applied, src, events, versionSQL)
	}
	if err := w.set.checkScript(src, w.options.Down); err != nil {
		return err
	}
	var texts []string
	for _, e := range events {
		if e.verb != "exec" {
			continue
		}
		text, err := e.withArguments()
		if err != nil {
			return &SourceError{File: src.Name(), Err: err}
		}
		texts = append(texts, text)
	}
	w.line("begin;")
	first := 0
	for first < len(texts) && setsTransaction(texts[first]) { // must precede any query
		w.writeStatement(src, first, texts[first])
		first++
	}
	w.line("set local lock_timeout = '%s';", w.options.LockTimeout)
	w.writeGuard(applied, src)
	for n := first; n < len(texts); n++ {
		w.writeStatement(src, n, texts[n])
	}
	w.WriteString(versionSQL)
	w.writeChecksum(src)
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

// record returns what goose does with a migration.
func (s *Set) record(src source, down bool) ([]event, error) {
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

// versionSQL returns goose's statement that records the migration in the version table.
func (w *scriptWriter) versionSQL(src source) (string, error) {
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
		text, err := e.withArguments()
		if err != nil {
			return "", err
		}
		b.WriteString(withSemicolon(text))
	}
	return b.String(), nil
}

// recordStore records what goose's version store for Postgres executes.
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
