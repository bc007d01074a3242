package rows

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// Create makes n rows of a definition, with the parents that the options do not give, writes
// them in one transaction, and returns them as values of the definition's type. After an
// error that a changed schema may explain it reads the catalog again and tries once more.
func Create(ctx context.Context, db seedbed.DB, def *Definition, n int, options []Option, by Caller) ([]reflect.Value, error) {
	if n < 0 {
		return nil, fmt.Errorf("create %s: %d rows asked for", def.Table, n)
	}
	if n == 0 {
		return nil, nil
	}
	d, chosen, err := databaseOf(ctx, db, options)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", def.Table, err)
	}
	seed, now, err := chosen.seedAndNow(by.Test, d.address)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", def.Table, err)
	}
	var made []*row
	err = retry(ctx, db, d, func() error {
		var err error
		made, err = d.createOnce(ctx, db, newNumberScope(d, by.Test, seed), now, def, n, options)
		return err
	})
	if err != nil {
		return nil, ExplainRights(db, err)
	}
	by.logTenantsMade(made)
	rows := make([]reflect.Value, len(made))
	for i, r := range made {
		rows[i] = r.structValue
	}
	return rows, nil
}

// Build fills the struct that row points to as row number of the table, without a database.
func (d *Definition) Build(row any, number int64, options []Option) error {
	if d.Err != nil {
		return fmt.Errorf("build %s: %w", d.Table, d.Err)
	}
	if number < 0 {
		return fmt.Errorf("build %s: row %d: rows count from 0", d.Table, number)
	}
	call, err := readOptions(nil, options)
	if err != nil {
		return fmt.Errorf("build %s: %w", d.Table, err)
	}
	seed, now, err := call.settings.seedAndNow("", "")
	if err != nil {
		return err
	}
	if d.Fill != nil {
		cells, _ := cellsPool.Get().(*fake.Cells)
		if cells == nil {
			cells = fake.New(seed, d.Table, now)
		}
		cells.Become(seed, d.Table, now)
		cells.At(number)
		d.Fill(row, cells)
		cellsPool.Put(cells)
	}
	for _, override := range call.overrides {
		override(row)
	}
	return nil
}

// cellsPool keeps the *fake.Cells of Build for its next call: making one costs 10 µs.
var cellsPool sync.Pool

// retry calls try again where that may help: once after reading a changed catalog, then
// each time that a search on the server finds values for a CHECK that was violated.
func retry(ctx context.Context, db seedbed.DB, d database, try func() error) error {
	const mostSearches = 30 // violated CHECKs in one call
	if _, err := d.schema(ctx, db); err != nil {
		return try() // which says what it wanted the schema for
	}
	before, _ := recall(d.address)
	err := try()
	if err != nil && mayBeStale(err) && d.changedSince(ctx, db, before) {
		err = try()
	}
	tried := map[columnKey]bool{}
	for range mostSearches {
		if err == nil {
			return nil
		}
		s, schemaErr := d.schema(ctx, db)
		if schemaErr != nil {
			return err
		}
		solved, unsolved := s.solveCheck(ctx, db, err, tried)
		if solved == nil {
			return unsolved
		}
		rememberSolved(solved)
		err = try()
	}
	return err
}

// mayBeStale reports whether an error may mean that the schema has changed since it was
// read: an unknown table or column, a violated NOT NULL, CHECK or foreign key.
func mayBeStale(err error) bool {
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

// createOnce makes and writes the rows. After a unique violation it skips the row numbers
// whose values the database has already, and tries once more.
func (d database) createOnce(ctx context.Context, db seedbed.DB, scope numberScope, now time.Time, def *Definition, n int, options []Option) ([]*row, error) {
	s, err := d.schema(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", def.Table, err)
	}
	b := newBatch(s, scope, now)
	b.enableLookups(ctx, db)
	made, err := b.addAll(def, n, options)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", def.Table, err)
	}
	err = b.write(ctx, db)
	if !isUniqueViolation(err) || b.skipTakenInBatch(ctx, db) != nil {
		return made, err
	}
	second := newBatch(s, b.scope, now)
	second.enableLookups(ctx, db)
	if made, err = second.addAll(def, n, options); err != nil {
		return nil, fmt.Errorf("create %s: %w", def.Table, err)
	}
	return made, second.write(ctx, db)
}

// isUniqueViolation reports whether a row of the database has the same key.
func isUniqueViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// addAll makes the n rows that the caller asked for.
func (b *batch) addAll(def *Definition, n int, options []Option) ([]*row, error) {
	t, err := b.schema.tableMadeBy(def)
	if err != nil {
		return nil, err
	}
	c, err := readOptions(b.schema, options)
	if err != nil {
		return nil, err
	}
	made := make([]*row, n)
	for i := range made {
		made[i], err = b.add(request{definition: def, table: t, options: c})
		if err != nil {
			return nil, err
		}
	}
	return made, unusedAssociation(t, c.associations)
}
