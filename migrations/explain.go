package migrations

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/internal/sqltext"
)

// explain turns goose's error into one that names file, line and statement. failed is the
// last statement that Postgres refused; sent is the number of statements of the migration
// that goose had sent, that one included.
func (s *Set) explain(ctx context.Context, err error, failed string, sent int, down bool) error {
	partial, ok := errors.AsType[*goose.PartialError](err)
	if !ok {
		return explainSetup(ctx, err, down)
	}
	src, _ := s.source(partial.Failed.Source.Version)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("migrate %s: stopped in %s: %w", direction(down), src.Name(), cause)
	}
	e := &StatementError{
		Version: src.Version, File: src.fileOf(down), Down: down, Index: -1,
		Err: rootCause(partial.Err),
	}
	if down && src.converted && !src.sql.hasDown { // see noWayBack
		e.Err = fmt.Errorf("%w: %s", ErrNoWayBack, s.dialectOf(src).writeDown(src))
		return e
	}
	if _, isPg := errors.AsType[*pgconn.PgError](e.Err); isPg {
		e.Statement = failed
	}
	src.locateError(e, sent-1)
	e.WayOut = s.wayOut(src, e)
	return e
}

// fileOf returns the file of one direction.
func (src source) fileOf(down bool) string {
	if src.sql != nil {
		if file := src.sql.section(down).file; file != "" {
			return file
		}
	}
	return src.Name()
}

// explainSetup explains an error before the first migration.
func explainSetup(ctx context.Context, err error, down bool) error {
	verb := "migrate " + direction(down)
	switch {
	case context.Cause(ctx) != nil:
		return fmt.Errorf("%s: %w", verb, context.Cause(ctx))
	case strings.Contains(err.Error(), "failed to acquire lock"): // goose has no sentinel for it
		return fmt.Errorf("%s: %w: pg_locks shows which session holds the advisory lock", verb, ErrLocked)
	}
	return fmt.Errorf("%s: %w", verb, adviseOrder(err))
}

// rootCause drops the errors that goose adds when it rolls back or unlocks on a connection
// that is closed: it returns the first of several.
func rootCause(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		if all := several.Unwrap(); len(all) > 0 {
			return all[0]
		}
	}
	return err
}

// locateError sets the statement's index and the error's line. If a statement that goose
// itself sends fails, such as COMMIT, the line is that of the last statement.
func (src source) locateError(e *StatementError, index int) {
	if src.sql == nil {
		return
	}
	all := src.sql.section(e.Down).statements
	switch {
	case index >= 0 && index < len(all) && strings.TrimSpace(all[index].sql) == strings.TrimSpace(e.Statement):
		e.Index, e.Line = index, all[index].line
		if e.Line > 0 {
			e.Line += linesBefore(all[index].sql, e.Err)
		}
	case len(all) > 0:
		e.Line = all[len(all)-1].line
	}
}

// inlineLine matches Postgres's line number in a DO block.
var inlineLine = regexp.MustCompile(`inline_code_block line (\d+)`)

// linesBefore counts the lines of a statement before the position of Postgres's error,
// which counts characters from 1, or before the line of a DO block that the error names.
func linesBefore(sql string, err error) int {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return 0
	}
	if m := inlineLine.FindAllStringSubmatch(pg.Where, -1); m != nil {
		return linesBeforeBlock(sql, m[len(m)-1][1])
	}
	if pg.Position <= 1 {
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

// linesBeforeBlock counts the lines of a DO statement before a line of its code, which
// Postgres counts from the line of the opening quote.
func linesBeforeBlock(sql, line string) int {
	n, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	for _, t := range sqltext.Tokens(sql) {
		if t.Kind == sqltext.String {
			return strings.Count(sql[:t.Pos], "\n") + n - 1
		}
	}
	return 0
}
