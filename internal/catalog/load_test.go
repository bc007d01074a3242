package catalog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
)

// brokenServer says its version, and fails at the next query.
type brokenServer struct {
	pgx.BatchResults
	version int
	asked   int
	err     error
}

func (s *brokenServer) SendBatch(context.Context, *pgx.Batch) pgx.BatchResults { return s }
func (s *brokenServer) Close() error                                           { return nil }

func (s *brokenServer) Query() (pgx.Rows, error) {
	if s.asked++; s.asked > 1 {
		return nil, s.err
	}
	return &versionRow{version: s.version}, nil
}

// versionRow is the one row of the query for the server.
type versionRow struct {
	pgx.Rows
	version int
	read    bool
}

func (r *versionRow) Next() bool                    { defer func() { r.read = true }(); return !r.read }
func (r *versionRow) Scan(dest ...any) error        { *dest[0].(*int) = r.version; return nil }
func (r *versionRow) Err() error                    { return nil }
func (r *versionRow) Close()                        {}
func (r *versionRow) CommandTag() pgconn.CommandTag { return pgconn.CommandTag{} }

// TestTooOld turns what an old server lacks into an error that says how old it is.
func TestTooOld(t *testing.T) {
	t.Parallel()
	missing := &pgconn.PgError{Code: "42703", Message: `column i.indnullsnotdistinct does not exist`}
	_, err := catalog.Load(t.Context(), &brokenServer{version: 140011, err: missing}, catalog.Options{})
	if !errors.Is(err, catalog.ErrTooOld) || err.Error() != "read catalog: server is older than Postgres 15 (it is 14.11)" {
		t.Errorf("on 14: %v", err)
	}
	_, err = catalog.Load(t.Context(), &brokenServer{version: 150018, err: missing}, catalog.Options{})
	if errors.Is(err, catalog.ErrTooOld) || !errors.Is(err, missing) {
		t.Errorf("on 15: %v", err)
	}
}
