package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/rows"
)

// Requested makes rows of the tables named, in one transaction, as Volumes does. An error is
// a *RequestError, which names every table that cannot be filled.
func Requested(ctx context.Context, db seedbed.DB, wanted []Rows, o Options) (factory.Report, error) {
	report, err := Volumes(ctx, db, wanted, o)
	if err == nil {
		return report, nil
	}
	failed := &RequestError{Tables: []string{unfilled(err)}, Errs: []error{err}, wanted: len(wanted)}
	if failed.Tables[0] == "" || ctx.Err() != nil {
		return report, &RequestError{Errs: []error{err}}
	}
	return report, cmp.Or(failed.findOthers(ctx, db, wanted, o), error(failed))
}

// RequestError says which tables cannot be filled, and why, in the words of a shell.
type RequestError struct {
	Tables []string // in parallel to Errs; nil: the error is about no table
	Errs   []error
	Needy  []string // tables whose rows need a row of those
	wanted int      // how many tables were asked for
}

func (e *RequestError) Error() string {
	if len(e.Errs) == 1 {
		return rows.AtShell(e.Errs[0])
	}
	out := fmt.Sprintf("fill: %d of %d tables cannot be filled, and no row was written; leave these out of --rows to fill the others: %s", len(e.Tables), e.wanted, strings.Join(e.Tables, ", "))
	if len(e.Needy) > 0 {
		out += "; and, whose rows need a row of those, " + strings.Join(e.Needy, ", ")
	}
	for _, err := range e.Errs {
		out += "\n" + strings.TrimPrefix(rows.AtShell(err), "fill: ")
	}
	return out
}

// Unwrap returns the errors of the tables.
func (e *RequestError) Unwrap() []error { return e.Errs }

// errTrial rolls a trial back.
var errTrial = errors.New("trial")

// findOthers leaves out the table that has failed, and those whose rows need one of its rows,
// and tries the rest, until nothing fails. Nothing of that is kept.
func (e *RequestError) findOthers(ctx context.Context, db seedbed.DB, wanted []Rows, o Options) error {
	o.Filling = nil
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		f, err := newFiller(ctx, tx, o)
		if err != nil {
			return err
		}
		left := slices.Clone(wanted)
		for {
			last := e.Tables[len(e.Tables)-1]
			before := len(left)
			left = slices.DeleteFunc(left, func(r Rows) bool {
				t, out := f.graph.Table(r.Table), f.graph.Table(last)
				needs := t != out && t != nil && out != nil && t.Requires(out)
				if needs {
					e.Needy = append(e.Needy, r.Table)
				}
				return needs || t == out
			})
			if len(left) == before || len(left) == 0 {
				return errTrial
			}
			_, err := Volumes(ctx, tx, left, o)
			if err == nil || ctx.Err() != nil || unfilled(err) == "" {
				return errTrial
			}
			e.Tables, e.Errs = append(e.Tables, unfilled(err)), append(e.Errs, err)
		}
	})
	if ctx.Err() != nil || errors.Is(err, errTrial) {
		return ctx.Err()
	}
	return err
}

// unfilled returns the table that a plan could not fill, or not with as many rows; "" where
// the error is about no table.
func unfilled(err error) string {
	table, _, _ := noRoom(err)
	return cmp.Or(table, tableOfError(err))
}
