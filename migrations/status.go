package migrations

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed"
)

// State says whether a migration is applied.
type State struct {
	Migration
	Applied   bool
	AppliedAt time.Time // zero if it is not applied
	// Unknown says that the database has the version and the set does not: another
	// branch has applied it, or its file was deleted.
	Unknown bool
}

// Status says of each migration of fsys whether db has it, by version, and lists versions
// that only db has. It only reads, takes no lock and, unlike goose, does not create the
// version table.
func Status(ctx context.Context, db seedbed.DB, fsys fs.FS, options ...Options) ([]State, error) {
	s, err := Open(fsys, options...)
	if err != nil {
		return nil, err
	}
	return s.Status(ctx, db)
}

// Status is [Status] for a set that is open. It takes any handle, also a transaction.
func (s *Set) Status(ctx context.Context, db seedbed.DB) ([]State, error) {
	applied, err := s.applied(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	var all []State
	for _, src := range s.sources {
		when, ok := applied[src.Version]
		all = append(all, State{Migration: src.Migration, Applied: ok, AppliedAt: when})
		delete(applied, src.Version)
	}
	for version, when := range applied {
		all = append(all, State{Migration: Migration{Version: version}, Applied: true, AppliedAt: when, Unknown: true})
	}
	slices.SortFunc(all, func(a, b State) int { return cmp.Compare(a.Version, b.Version) })
	return all, nil
}

// applied reads goose's version table. As in goose, the latest row of a version counts.
// Version 0, which stands for no migration, is left out. The table's name is not quoted,
// as in goose.
func (s *Set) applied(ctx context.Context, db seedbed.DB) (map[int64]time.Time, error) {
	table := cmp.Or(s.options.Table, goose.DefaultTablename)
	exists := false // a query of a missing table would abort the caller's transaction
	if err := db.QueryRow(ctx, "select to_regclass($1) is not null", table).Scan(&exists); err != nil || !exists {
		return nil, err
	}
	rows, err := db.Query(ctx, `select distinct on (version_id) version_id, is_applied, tstamp::timestamptz
		from `+table+` order by version_id, id desc`)
	if err != nil {
		return nil, err
	}
	applied := map[int64]time.Time{}
	var version int64
	var isApplied bool
	var when time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &isApplied, &when}, func() error {
		if isApplied && version > 0 {
			applied[version] = when
		}
		return nil
	})
	return applied, err
}
