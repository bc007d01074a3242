package check

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/trace"
)

// Trace lets Queries and Hygiene see what goes through a pool, or through database/sql.
// Call it before that is opened; a tracer that is there already goes on working. What
// pgtest opens is traced.
//
//	cfg, err := pgxpool.ParseConfig(url)
//	check.Trace(cfg)
//	pool, err := pgxpool.NewWithConfig(ctx, cfg)
//
//	cfg, err := pgx.ParseConfig(url)
//	check.Trace(cfg)
//	db := stdlib.OpenDB(*cfg) // a *sql.DB, by github.com/jackc/pgx/v5/stdlib
//
// Outside of a test's scope it costs a look at the context for each query, and at the
// stack for each connection that is acquired.
func Trace[Config *pgxpool.Config | *pgx.ConnConfig](cfg Config) {
	switch cfg := any(cfg).(type) {
	case *pgxpool.Config:
		cfg.ConnConfig.Tracer = trace.New(cfg.ConnConfig.Tracer)
	case *pgx.ConnConfig:
		cfg.Tracer = trace.New(cfg.Tracer)
	}
}

// tracerOf finds the tracer of a handle, or says what to pass instead. Pools and
// connections tell their configuration; transactions and database/sql their connection.
func tracerOf(ctx context.Context, db any) (*trace.Tracer, error) {
	if err := catalog.CheckHandle(db); err != nil {
		return nil, err
	}
	var found pgx.QueryTracer
	switch h := db.(type) {
	case interface{ Config() *pgxpool.Config }:
		found = h.Config().ConnConfig.Tracer
	case interface{ Config() *pgx.ConnConfig }:
		found = h.Config().Tracer
	case interface{ Conn() *pgx.Conn }:
		found = h.Conn().Config().Tracer
	case *sql.DB:
		conn, err := h.Conn(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		defer conn.Close()
		return tracerOf(ctx, conn)
	case *sql.Conn:
		driver, err := driverOf(h)
		if err != nil {
			return nil, err
		}
		found = driver.Config().Tracer
	default:
		return nil, fmt.Errorf("%T has no tracer: pass the *pgtest.DB, a *pgxpool.Pool, a *pgx.Conn, a pgx.Tx or a *sql.DB", db)
	}
	if tracer, ok := found.(*trace.Tracer); ok {
		return tracer, nil
	}
	return nil, fmt.Errorf("this %T is not traced: pass the *pgtest.DB or what it gave, or call check.Trace(cfg) before yours is opened", db)
}

// driverOf returns the pgx connection below one of database/sql.
func driverOf(conn *sql.Conn) (found *pgx.Conn, err error) {
	err = conn.Raw(func(driver any) error {
		std, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is %T: open the *sql.DB with stdlib.OpenDB of pgx, after check.Trace(cfg)", driver)
		}
		found = std.Conn()
		return nil
	})
	return found, err
}
