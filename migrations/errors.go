package migrations

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNoMigrations says that a file system holds no SQL file of any [Dialect] and that
// no Go migration was given.
var ErrNoMigrations = errors.New("no migrations found")

// ErrSeveralDirs says that more than one directory holds migrations; Options.Dir picks
// one, [Dirs] takes several.
var ErrSeveralDirs = errors.New("migrations in several directories")

// ErrNoWayBack says that migrations of this [Dialect] have no Down.
var ErrNoWayBack = errors.New("there is no way back")

// ErrLocked says that another process kept goose's migration lock for longer
// than Options.LockWait.
var ErrLocked = errors.New("another process is migrating this database")

// SourceError is a migration that cannot be used as it is written: no database
// was touched.
type SourceError struct {
	File string // base name, with its folder where that tells it from others; or "go migration N"
	Line int    // 1-based; 0 where no line is to blame
	Err  error
}

func (e *SourceError) Error() string {
	return "read migrations: " + at(e.File, e.Line) + ": " + e.Err.Error()
}

func (e *SourceError) Unwrap() error { return e.Err }

// StatementError is a migration that failed while it ran. What it did inside its
// transaction is rolled back; a NO TRANSACTION file keeps what came before.
type StatementError struct {
	Version   int64
	File      string // base name; "go migration N" where there is no file
	Down      bool
	Line      int    // 1-based line of the error, else of the statement's start; 0 unknown
	Index     int    // the statement as it is sent, from 0; -1 outside of them
	Statement string // the SQL that failed, as sent; may be "commit"
	Err       error  // usually a *pgconn.PgError
	WayOut    string // what to write instead; empty where the error says it
}

func (e *StatementError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "migrate %s: %s: %s", direction(e.Down), at(e.File, e.Line), oneError(e.Err))
	if e.Statement != "" {
		b.WriteString("\n" + excerpt(e.Statement))
	}
	for _, line := range serverAdvice(e.Err) {
		b.WriteString("\n" + line)
	}
	if e.WayOut != "" {
		b.WriteString("\nway out: " + e.WayOut)
	}
	return b.String()
}

func (e *StatementError) Unwrap() error { return e.Err }

func direction(down bool) string {
	if down {
		return "down"
	}
	return "up"
}

func at(file string, line int) string {
	if line > 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return file
}

// oneError drops pgx's prefix, "ERROR: …(SQLSTATE …)" stays.
func oneError(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Error()
	}
	return err.Error()
}

// serverAdvice is what Postgres said beyond its message, one line each.
func serverAdvice(err error) []string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return nil
	}
	var lines []string
	for _, part := range []struct{ name, text string }{
		{"detail", pg.Detail}, {"hint", pg.Hint}, {"where", pg.Where},
	} {
		if part.text != "" {
			lines = append(lines, part.name+": "+strings.ReplaceAll(part.text, "\n", "\n  "))
		}
	}
	return lines
}

// excerptLines is how much of a statement a message shows: enough to recognise
// it, little enough to keep the server's hint on the screen.
const excerptLines = 12

func excerpt(statement string) string {
	lines := strings.Split(strings.TrimSpace(statement), "\n")
	cut := len(lines) - excerptLines
	if cut > 0 {
		lines = append(lines[:excerptLines], fmt.Sprintf("… %d more lines", cut))
	}
	return "    " + strings.Join(lines, "\n    ")
}
