package migrations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
)

// explain turns goose's error into one that names file, line and statement.
// failed is the last statement that Postgres refused.
func (s *Set) explain(ctx context.Context, err error, failed string, down bool) error {
	partial, ok := errors.AsType[*goose.PartialError](err)
	if !ok {
		return explainSetup(ctx, err, down)
	}
	src, _ := s.source(partial.Failed.Source.Version)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("migrate %s: stopped in %s: %w", direction(down), src.Name(), cause)
	}
	e := &StatementError{
		Version: src.Version, File: src.Name(), Down: down, Index: -1,
		Err: rootCause(partial.Err),
	}
	if _, isPg := errors.AsType[*pgconn.PgError](e.Err); isPg {
		e.Statement = failed
	}
	src.point(e)
	return e
}

// explainSetup is for what went wrong before the first migration.
func explainSetup(ctx context.Context, err error, down bool) error {
	verb := "migrate " + direction(down)
	switch {
	case context.Cause(ctx) != nil:
		return fmt.Errorf("%s: %w", verb, context.Cause(ctx))
	case strings.Contains(err.Error(), "failed to acquire lock"): // goose has no sentinel for it
		return fmt.Errorf("%s: %w: pg_locks shows who holds the advisory lock", verb, ErrLocked)
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// rootCause drops what goose appends when it rolls back or unlocks on a connection
// that is gone: multierr's first error is the one that mattered.
func rootCause(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		if all := several.Unwrap(); len(all) > 0 {
			return all[0]
		}
	}
	return err
}

// point sets the statement's index and the line of the error.
func (src source) point(e *StatementError) {
	if src.sql == nil {
		return
	}
	all := src.sql.up
	if e.Down {
		all = src.sql.down
	}
	for i, st := range all {
		if st.sql != e.Statement {
			continue
		}
		e.Index, e.Line = i, st.line
		if st.line > 0 {
			e.Line += linesBefore(st.sql, e.Err)
		}
		return
	}
}

// linesBefore counts the lines up to the position that Postgres points at, which
// is in characters, from 1.
func linesBefore(sql string, err error) int {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Position <= 1 {
		return 0
	}
	chars, lines := int(pg.Position)-1, 0
	for i := 0; i < len(sql) && chars > 0; chars-- {
		r, n := utf8.DecodeRuneInString(sql[i:])
		if r == '\n' {
			lines++
		}
		i += n
	}
	return lines
}
