package factory

import (
	"context"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/rows"
)

// Create writes one row, and whatever rows it needs that the caller did not give, in one
// transaction; where every key is known beforehand, in one round trip. It returns
// the row as it is in the database. On an error the test fails and nothing is
// written.
//
// db is any handle. Row-level security does not stand in the way: where the session
// may act as the role seedbed_seeder it does, for that transaction only; where it
// may not, it names each row's tenant in the setting that the policies read.
func (f *Factory[T]) Create(t testing.TB, db seedbed.DB, options ...Option) T {
	t.Helper()
	return f.CreateN(t, db, 1, options...)[0]
}

// CreateContext is Create for programs: it returns the error.
func (f *Factory[T]) CreateContext(ctx context.Context, db seedbed.DB, options ...Option) (T, error) {
	made, err := f.create(ctx, db, 1, options, rows.Caller{})
	if err != nil {
		var zero T
		return zero, err
	}
	return made[0], nil
}

// CreateN writes n rows in one batch, as Create does. Parents that the options do not
// give are found or made once, and shared by all n. Of 0 rows nothing is written, nor
// looked at.
func (f *Factory[T]) CreateN(t testing.TB, db seedbed.DB, n int, options ...Option) []T {
	t.Helper()
	made, err := f.create(t.Context(), db, n, options, callerOf(t))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// CreateNContext is CreateN for programs: it returns the error.
func (f *Factory[T]) CreateNContext(ctx context.Context, db seedbed.DB, n int, options ...Option) ([]T, error) {
	return f.create(ctx, db, n, options, rows.Caller{})
}

// Build makes the row with that number, from 0, without a database: what the definition and
// the options say, and nothing else. References, defaults and what the catalog would
// have suggested stay zero.
func (f *Factory[T]) Build(number int64, options ...Option) (T, error) {
	var row T
	err := f.def.Build(&row, number, f.all(options))
	return row, public(err)
}

func (f *Factory[T]) create(ctx context.Context, db seedbed.DB, n int, options []Option, by rows.Caller) ([]T, error) {
	made, err := rows.Create(ctx, db, f.def, n, f.all(options), by)
	if err != nil {
		return nil, public(err)
	}
	out := make([]T, len(made))
	for i, row := range made {
		out[i] = *rowOf[T](row.Addr().Interface())
		if record, ok := any(&out[i]).(*Record); ok {
			record.readable()
		}
	}
	return out, nil
}
