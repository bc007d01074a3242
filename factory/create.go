package factory

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// Create writes one row, and whatever rows it needs that nobody gave, in one
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
	rows, err := f.create(ctx, db, 1, options, caller{})
	if err != nil {
		var zero T
		return zero, err
	}
	return rows[0], nil
}

// CreateN writes n rows in one batch, as Create does. Parents that the options do not
// give are found or made once, and shared by all n. Of 0 rows nothing is written, nor
// looked at.
func (f *Factory[T]) CreateN(t testing.TB, db seedbed.DB, n int, options ...Option) []T {
	t.Helper()
	rows, err := f.create(t.Context(), db, n, options, callerOf(t))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// CreateNContext is CreateN for programs: it returns the error.
func (f *Factory[T]) CreateNContext(ctx context.Context, db seedbed.DB, n int, options ...Option) ([]T, error) {
	return f.create(ctx, db, n, options, caller{})
}

// Build makes the row with that number, from 0, without a database: what the definition and
// the options say, and nothing else. References, defaults and what the catalog would
// have suggested stay zero.
func (f *Factory[T]) Build(number int64, options ...Option) (T, error) {
	var row T
	if number < 0 {
		return row, fmt.Errorf("build %s: row %d: rows count from 0", f.bp.table, number)
	}
	c, err := newCall(nil, f.all(options))
	if err != nil {
		return row, fmt.Errorf("build %s: %w", f.bp.table, err)
	}
	seed, now, err := c.settings.resolve("")
	if err != nil {
		return row, err
	}
	if f.bp.define != nil {
		cells, _ := f.bp.spare.Get().(*fake.Cells)
		if cells == nil {
			cells = fake.New(seed, f.bp.table, now)
		}
		cells.Become(seed, f.bp.table, now)
		cells.At(number)
		f.bp.define(&row, cells)
		f.bp.spare.Put(cells)
	}
	for _, say := range c.says {
		say(&row)
	}
	return row, nil
}

func (f *Factory[T]) create(ctx context.Context, db seedbed.DB, n int, options []Option, by caller) ([]T, error) {
	made, err := create(ctx, db, f.bp, n, f.all(options), by)
	if err != nil {
		return nil, err
	}
	rows := make([]T, len(made))
	for i, d := range made {
		rows[i] = d.row.Interface().(T)
	}
	return rows, nil
}

// create makes and writes n rows. An error that a changed schema may be the cause
// of is looked into once: the catalog in memory may be stale.
func create(ctx context.Context, db seedbed.DB, bp *blueprint, n int, options []option, by caller) ([]*draft, error) {
	if n < 0 {
		return nil, fmt.Errorf("create %s: %d rows asked for", bp.table, n)
	}
	if n == 0 {
		return nil, nil
	}
	addr, err := address(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", bp.table, err)
	}
	var made []*draft
	err = persist(ctx, db, addr, options, func() error {
		var err error
		made, err = attempt(ctx, db, addr, bp, n, options, by)
		return err
	})
	if err == nil {
		by.report(made)
	}
	return made, err
}

// persist tries again where that may help: once with a fresh look at the catalog,
// then as long as values are found for what CHECK constraints objected to.
func persist(ctx context.Context, db seedbed.DB, addr string, options []option, try func() error) error {
	const patience = 30 // tables with constraints of that kind in one call
	err := try()
	if err != nil && stale(err) && changed(ctx, db, addr, options) {
		err = try()
	}
	tried := map[string]bool{}
	for range patience {
		if err == nil {
			return nil
		}
		plain, cerr := newCall(nil, options)
		if cerr != nil {
			return err
		}
		s, serr := schemaOf(ctx, db, addr, plain.settings.model)
		if serr != nil {
			return err
		}
		better, lerr := s.learn(ctx, db, err, tried)
		if better == nil {
			return lerr
		}
		learned(better)
		err = try()
	}
	return err
}

// stale reports whether an error may come from a schema that is not the one we
// remember: an unknown table or column, a violated NOT NULL, CHECK or reference.
func stale(err error) bool {
	var pg *pgconn.PgError
	if errors.Is(err, ErrNoTable) || errors.As(err, new(*StructError)) {
		return true
	}
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "42P01", "42703", "42804", "23502", "23503", "23514", "428C9", "0A000":
		return true
	}
	return false
}

func attempt(ctx context.Context, db seedbed.DB, addr string, bp *blueprint, n int, options []option, by caller) ([]*draft, error) {
	plain, err := newCall(nil, options)
	if err != nil {
		return nil, err
	}
	seed, now, err := plain.settings.resolve(by.test)
	if err != nil {
		return nil, err
	}
	s, err := schemaOf(ctx, db, addr, plain.settings.model)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", bp.table, err)
	}
	b := newBuild(s, newWorld(ctx, addr, by.test, seed), now)
	b.looker(ctx, db)
	made, err := b.wishes(bp, n, options)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", bp.table, err)
	}
	err = b.write(ctx, db)
	if taken(err) {
		if serr := b.clearAll(ctx, db); serr != nil {
			return nil, err
		}
		again := newBuild(s, b.world, now)
		again.looker(ctx, db)
		if made, err2 := again.wishes(bp, n, options); err2 == nil && again.write(ctx, db) == nil {
			return made, nil
		}
	}
	return made, err
}

// taken reports whether a key was there already: perhaps because an earlier process
// wrote rows of the same world.
func taken(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

func (b *build) wishes(bp *blueprint, n int, options []option) ([]*draft, error) {
	t, err := b.schema.table(bp.table)
	if err != nil {
		return nil, err
	}
	c, err := newCall(b.schema, options)
	if err != nil {
		return nil, err
	}
	made := make([]*draft, n)
	for i := range made {
		made[i], err = b.add(wish{bp: bp, table: t, call: c})
		if err != nil {
			return nil, err
		}
	}
	return made, unused(t, c.links)
}
