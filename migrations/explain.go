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

// explain turns goose's error into one that names file, line and statement.
// failed is the last statement that Postgres refused, sent how many statements of the
// migration goose had sent, that one included.
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
	if _, isPg := errors.AsType[*pgconn.PgError](e.Err); isPg {
		e.Statement = failed
	}
	src.point(e, sent-1)
	e.WayOut = s.wayOut(src, e)
	return e
}

// fileOf is the file that a direction stands in.
func (src source) fileOf(down bool) string {
	if src.sql != nil {
		if file := src.sql.section(down).file; file != "" {
			return file
		}
	}
	return src.Name()
}

// explainSetup is for what went wrong before the first migration.
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

// point sets the statement's index and the line of the error. What goose sends on its
// own behalf fails because of what came before it: that is the last statement's line.
func (src source) point(e *StatementError, index int) {
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

// inlineLine is how Postgres counts the lines of a DO block.
var inlineLine = regexp.MustCompile(`inline_code_block line (\d+)`)

// linesBefore counts the lines up to the position that Postgres points at, which
// is in characters, from 1; or up to the line of a DO block that it names.
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

// linesBeforeBlock are those before a line of the code of a DO statement, which counts
// from the line of its opening quote.
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
