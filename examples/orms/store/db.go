// Package store is what sqlc generates of query.sql, with sql_package: pgx/v5.
package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DBTX is a pool, a connection or a transaction.
type DBTX interface {
	Exec(context.Context, string, ...interface{}) (pgconn.CommandTag, error)
	Query(context.Context, string, ...interface{}) (pgx.Rows, error)
	QueryRow(context.Context, string, ...interface{}) pgx.Row
}

// New returns the queries on a DBTX.
func New(db DBTX) *Queries {
	return &Queries{db: db}
}

// Queries are those of query.sql.
type Queries struct {
	db DBTX
}
