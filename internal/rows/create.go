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

// Create makes and writes n rows of a definition, each with whatever rows it needs that
// the options do not give, in one transaction, and returns them as values of the
// definition's type. After an error that a changed schema may explain it reads the
// catalog again and tries once more.
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
		return nil, err
	}
	by.logTenantsMade(made)
	rows := make([]reflect.Value, len(made))
	for i, r := range made {
		rows[i] = r.value
	}
	return rows, nil
}

// Build fills a struct that row points to as the one with that number, without a database.
func (d *Definition) Build(row any, number int64, options []Option) error {
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

// cellsPool are between two calls of Build.
var cellsPool sync.Pool

// retry tries again where that may help: once with a fresh look at the catalog,
// then as long as values are found for what CHECK constraints objected to.
func retry(ctx context.Context, db seedbed.DB, d database, try func() error) error {
	const patience = 30 // tables with constraints of that kind in one call
	err := try()
	if err != nil && mayBeStale(err) && d.changed(ctx, db) {
		err = try()
	}
	tried := map[columnKey]bool{}
	for range patience {
		if err == nil {
			return nil
		}
		s, serr := d.schema(ctx, db)
		if serr != nil {
			return err
		}
		better, lerr := s.solveCheck(ctx, db, err, tried)
		if better == nil {
			return lerr
		}
		rememberSolved(better)
		err = try()
	}
	return err
}

// mayBeStale reports whether an error may come from a schema that is not the one we
// remember: an unknown table or column, a violated NOT NULL, CHECK or reference.
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
	if isUniqueViolation(err) {
		if serr := b.skipTakenInBatch(ctx, db); serr != nil {
			return nil, err
		}
		again := newBatch(s, b.scope, now)
		again.enableLookups(ctx, db)
		if made, err2 := again.addAll(def, n, options); err2 == nil && again.write(ctx, db) == nil {
			return made, nil
		}
	}
	return made, err
}

// isUniqueViolation reports whether a key was there already: perhaps because an earlier process
// wrote rows of the same number scope.
func isUniqueViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

func (b *batch) addAll(def *Definition, n int, options []Option) ([]*row, error) {
	t, err := b.schema.table(def.Table)
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
