package factory

import (
	"context"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/rows"
)

// Create inserts one row, and the parent rows that the options do not supply, in one
// transaction. Where the client makes all keys it takes a single round trip. It returns
// the row as it is in the database. On an error the test fails and nothing is
// written.
//
// db is any handle. Row-level security does not block it: a session that may take the role
// seedbed_seeder does so for that transaction; any other sets the setting that the
// policies read the tenant from, such as app.tenant, for each row.
func (f *Factory[T]) Create(t testing.TB, db seedbed.DB, options ...Option) T {
	t.Helper()
	return f.CreateN(t, db, 1, options...)[0]
}

// CreateContext is Create for programs: it returns the error.
func (f *Factory[T]) CreateContext(ctx context.Context, db seedbed.DB, options ...Option) (T, error) {
	made, err := f.create(ctx, db, 1, options, program)
	if err != nil {
		var zero T
		return zero, err
	}
	return made[0], nil
}

// CreateN writes n rows in one batch, as Create does. Parents that the options do not
// give are found or made once, and shared by all n. With n of 0 it does nothing, not even a
// query.
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
	return f.create(ctx, db, n, options, program)
}

// Build returns the row that has the given number, counting from 0, without a database.
// Only the definition and the options fill it: references, columns' defaults and values
// that Create infers from the catalog stay zero.
func (f *Factory[T]) Build(number int64, options ...Option) (T, error) {
	var row T
	err := f.definition().Build(&row, number, f.allOptions(options))
	return row, publicError(err)
}

func (f *Factory[T]) create(ctx context.Context, db seedbed.DB, n int, options []Option, caller rows.Caller) ([]T, error) {
	made, err := rows.Create(ctx, db, f.definition(), n, f.allOptions(options), caller)
	if err != nil {
		return nil, publicError(err)
	}
	out := make([]T, len(made))
	for i, row := range made {
		out[i] = *rowOf[T](row.Addr().Interface())
		if record, ok := any(&out[i]).(*Record); ok {
			record.formatUUIDs()
		}
	}
	return out, nil
}
