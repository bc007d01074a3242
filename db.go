package seedbed

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DB is the part of pgx that the toolkit works through. *pgxpool.Pool,
// *pgx.Conn, pgx.Tx and *pgtest.DB all have it, so factories, fixtures and
// checks run on whatever handle a caller holds.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error)
	// Begin starts a transaction, or a savepoint where db already is one.
	Begin(ctx context.Context) (pgx.Tx, error)
}
