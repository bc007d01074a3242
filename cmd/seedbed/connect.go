package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

// target is the database that a command works on.
type target struct{ url string }

func (t *target) define(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.url, "url", "", "`URL` of the database (default: this branch's development database, which has to run)")
}

// with runs do on the database that --url names or, without it, on the project's.
func (a *app) with(ctx context.Context, t target, do func(context.Context, *pgxpool.Pool) error) error {
	if t.url != "" {
		pool, err := connect(ctx, t.url)
		if err != nil {
			return err
		}
		defer pool.Close()
		return do(ctx, pool)
	}
	project, err := dev.FindProject(".")
	if err != nil {
		return err
	}
	server, err := dev.Find(ctx, project, dev.Options{})
	if errors.Is(err, dev.ErrNotRunning) {
		return usagef("which database? Give --url; no development server runs for %s", project.Root)
	}
	if err != nil {
		return err
	}
	defer server.Close(context.WithoutCancel(ctx))
	d, err := server.Database(ctx, "")
	if err != nil {
		return err
	}
	pool, err := server.Pool(ctx, d.Name)
	if err != nil {
		return err
	}
	defer pool.Close()
	return do(ctx, pool)
}

// connect opens a pool on somebody's database. Errors never repeat the URL, which
// may hold a password.
func connect(ctx context.Context, url string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, usagef("--url: %v (special characters in a password are written as %%40 for @, %%2F for /, %%25 for %%)", err)
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "seedbed"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to %s: %w", where(cfg.ConnConfig), err)
	}
	return pool, nil
}

// where names a database without what is secret about it.
func where(cfg *pgx.ConnConfig) string {
	return fmt.Sprintf("%s at %s:%d as %s", cfg.Database, cfg.Host, cfg.Port, cfg.User)
}
