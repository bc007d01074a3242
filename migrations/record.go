package migrations

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/pressly/goose/v3/database"
)

// recorder is a database driver that accepts every statement and records it. Goose, run
// on a recorder, shows the statements of a migration and where its transaction begins, so
// this package needs no copy of goose's parser.
type recorder struct {
	events []event
}

// event is one call of the driver.
type event struct {
	verb string // "begin", "commit", "rollback", or "exec" for a statement
	sql  string
	args []driver.NamedValue
}

var errNoRows = errors.New("a recording has no rows: this migration reads from the database")

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return r }
func (r *recorder) Open(string) (driver.Conn, error)             { return r, nil }
func (r *recorder) Close() error                                 { return nil }

func (r *recorder) Begin() (driver.Tx, error) {
	r.events = append(r.events, event{verb: "begin"})
	return r, nil
}

func (r *recorder) Commit() error {
	r.events = append(r.events, event{verb: "commit"})
	return nil
}

func (r *recorder) Rollback() error {
	r.events = append(r.events, event{verb: "rollback"})
	return nil
}

func (r *recorder) Prepare(string) (driver.Stmt, error) { return nil, errNoRows }

func (r *recorder) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r.events = append(r.events, event{verb: "exec", sql: query, args: args})
	return driver.ResultNoRows, nil
}

func (r *recorder) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return nil, errNoRows
}

// versionStore stands in for goose's version table while goose runs on a recorder. applied
// are the versions that goose takes for applied, newest first.
type versionStore struct {
	applied []int64
}

var _ database.StoreExtender = (*versionStore)(nil)

func (h *versionStore) Tablename() string { return "recorded" }

func (h *versionStore) TableExists(context.Context, database.DBTxConn) (bool, error) {
	return true, nil
}

func (h *versionStore) CreateVersionTable(context.Context, database.DBTxConn) error { return nil }

func (h *versionStore) Insert(context.Context, database.DBTxConn, database.InsertRequest) error {
	return nil
}

func (h *versionStore) Delete(context.Context, database.DBTxConn, int64) error { return nil }

func (h *versionStore) GetMigration(_ context.Context, _ database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	for _, v := range h.applied {
		if v == version {
			return &database.GetMigrationResult{IsApplied: true}, nil
		}
	}
	return nil, database.ErrVersionNotFound
}

func (h *versionStore) GetLatestVersion(context.Context, database.DBTxConn) (int64, error) {
	if len(h.applied) > 0 {
		return h.applied[0], nil
	}
	return 0, nil
}

func (h *versionStore) ListMigrations(context.Context, database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	var all []*database.ListMigrationsResult
	for _, v := range h.applied {
		all = append(all, &database.ListMigrationsResult{Version: v, IsApplied: true})
	}
	return append(all, &database.ListMigrationsResult{Version: 0, IsApplied: true}), nil
}
