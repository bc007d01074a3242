package migrations

import (
	"context"

	"github.com/pressly/goose/v3/database"
)

// history is a goose version table that is only pretended: applied says which
// versions a recording starts from, newest first as goose lists them.
type history struct {
	applied []int64
}

var _ database.StoreExtender = (*history)(nil)

func (h *history) Tablename() string { return "recorded" }

func (h *history) TableExists(context.Context, database.DBTxConn) (bool, error) { return true, nil }

func (h *history) CreateVersionTable(context.Context, database.DBTxConn) error { return nil }

func (h *history) Insert(context.Context, database.DBTxConn, database.InsertRequest) error {
	return nil
}

func (h *history) Delete(context.Context, database.DBTxConn, int64) error { return nil }

func (h *history) GetMigration(_ context.Context, _ database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	for _, v := range h.applied {
		if v == version {
			return &database.GetMigrationResult{IsApplied: true}, nil
		}
	}
	return nil, database.ErrVersionNotFound
}

func (h *history) GetLatestVersion(context.Context, database.DBTxConn) (int64, error) {
	if len(h.applied) > 0 {
		return h.applied[0], nil
	}
	return 0, nil
}

func (h *history) ListMigrations(context.Context, database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	var all []*database.ListMigrationsResult
	for _, v := range h.applied {
		all = append(all, &database.ListMigrationsResult{Version: v, IsApplied: true})
	}
	return append(all, &database.ListMigrationsResult{Version: 0, IsApplied: true}), nil
}
