package migrations

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNoMigrations says that the file system has no SQL files of any [Dialect] and that no
// Go migrations were given.
var ErrNoMigrations = errors.New("no migrations found")

// ErrSeveralDirs says that more than one directory has migrations. Options.Dir selects
// one; [Dirs] joins them.
var ErrSeveralDirs = errors.New("migrations in several directories")

// ErrNoWayBack says that migrations of this [Dialect] have no Down.
var ErrNoWayBack = errors.New("there is no way back")

// ErrLocked says that another process held goose's migration lock for longer than
// Options.LockWait.
var ErrLocked = errors.New("another process is migrating this database")

// SourceError is the error about a migration that cannot be used as it is written. No
// database was touched.
type SourceError struct {
	File string // base name, with the folder if there are several; or "go migration N"
	Line int    // from 1; 0 if the error is about the whole file
	Err  error
}

func (e *SourceError) Error() string {
	return "read migrations: " + filePosition(e.File, e.Line) + ": " + e.Err.Error()
}

func (e *SourceError) Unwrap() error { return e.Err }

// StatementError is the error of a migration that failed while it ran. Its transaction is
// rolled back; of a NO TRANSACTION file, the statements before the failed one stay applied.
type StatementError struct {
	Version   int64
	File      string // base name, or "go migration N"
	Down      bool
	Line      int    // from 1: of the error, else of the statement's start; 0 if unknown
	Index     int    // of the statement, from 0; -1 if no statement of the file failed
	Statement string // the SQL that failed, as sent; may be "commit"
	Err       error  // usually a *pgconn.PgError
	WayOut    string // the remedy, or "" if the error says it
}

func (e *StatementError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "migrate %s: %s: %s", direction(e.Down), filePosition(e.File, e.Line), errorText(e.Err))
	if e.Statement != "" {
		b.WriteString("\n" + excerpt(e.Statement))
	}
	for _, line := range serverDetails(e.Err) {
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

// filePosition returns file:line, or file if the line is 0.
func filePosition(file string, line int) string {
	if line > 0 {
		return fmt.Sprintf("%s:%d", file, line)
	}
	return file
}

// errorText returns Postgres's error without pgx's context: "ERROR: … (SQLSTATE …)".
func errorText(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Error()
	}
	return err.Error()
}

// serverDetails returns the detail, hint and context of Postgres's error, one line each.
func serverDetails(err error) []string {
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

// excerptLines limits the lines of a statement in a message.
const excerptLines = 12

func excerpt(statement string) string {
	lines := strings.Split(strings.TrimSpace(statement), "\n")
	cut := len(lines) - excerptLines
	if cut > 0 {
		lines = append(lines[:excerptLines], fmt.Sprintf("… %d more lines", cut))
	}
	return "    " + strings.Join(lines, "\n    ")
}
