package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
	"github.com/qarion/seedbed/internal/scenario"
	"github.com/qarion/seedbed/internal/server"
)

// target is the database that a command works on.
type target struct {
	url   string
	empty bool // a development database that is made for the command gets no rows
	asIs  bool // the development database is taken as it is: none is made, nothing applied
}

func (t *target) define(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.url, "url", "", "`URL` of the database (default: this branch's development database)")
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
	return a.withDatabase(ctx, devFlags{command: "seedbed dev", scenario: scenario.All[0].Name, seed: 1, empty: t.empty, seedSet: t.empty}, t.asIs, do)
}

// withDatabase runs do on the branch's database. A server that does not run is started
// for that time, and unless the database is wanted as it is, one that is not there is made,
// as seedbed dev does both.
func (a *app) withDatabase(ctx context.Context, f devFlags, asIs bool, do func(context.Context, *pgxpool.Pool) error) error {
	return a.withStarted(ctx, func(ctx context.Context, server *dev.Server, say *progress) error {
		d, err := server.Database(ctx, "")
		if _, none := errors.AsType[*dev.NoDatabaseError](err); !asIs && (none || err == nil && server.Started()) {
			d, err = a.ensure(ctx, server, f)
		}
		if err != nil {
			return err
		}
		say.stop()
		stale, err := a.staleNotes(d)
		if err != nil {
			return err
		}
		for _, note := range stale {
			fmt.Fprintf(a.err, "note: %s\n", note)
		}
		pool, err := server.Pool(ctx, d.Name)
		if err != nil {
			return err
		}
		defer pool.Close()
		return do(ctx, pool)
	})
}

// ensure makes the branch's database, or applies what is pending to it.
func (a *app) ensure(ctx context.Context, server *dev.Server, f devFlags) (*dev.Database, error) {
	set := f.seedSet
	if err := a.fillFlags(func(string) bool { return false }, &f); err != nil {
		return nil, err
	}
	f.seedSet = set
	plan, _, err := a.plan(ctx, f, server)
	if err != nil {
		return nil, err
	}
	made, err := server.Ensure(ctx, plan)
	if err != nil {
		return nil, withHint(err)
	}
	return &made.Database, nil
}

// connect opens a pool on the database of a URL. Errors never repeat the URL, which
// may hold a password.
func connect(ctx context.Context, url string) (*pgxpool.Pool, error) {
	cfg, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "seedbed"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		var said *pgconn.PgError
		if ctx.Err() == nil && !errors.As(err, &said) {
			err = server.NoAnswer(net.JoinHostPort(cfg.ConnConfig.Host, strconv.Itoa(int(cfg.ConnConfig.Port))), err)
		}
		return nil, fmt.Errorf("connect to %s: %w", where(cfg.ConnConfig), err)
	}
	return pool, nil
}

func parseURL(url string) (*pgxpool.Config, error) {
	if !strings.ContainsRune(url, '=') && !strings.Contains(url, "://") {
		return nil, usagef("--url %s: write postgres://user@host:5432/database", url)
	}
	if scheme, _, ok := strings.Cut(url, "://"); ok && !strings.Contains(scheme, "=") && scheme != "postgres" && scheme != "postgresql" {
		return nil, usagef("--url %s://…: Seedbed works on Postgres; write postgres://user@host:5432/database", scheme)
	}
	if strings.Count(url, "://") > 1 {
		return nil, usagef("--url: it holds two URLs; give one database")
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, usagef("--url: %v (special characters in a password are written as %%40 for @, %%2F for /, %%25 for %%)", err)
	}
	return cfg, nil
}

// where names a database without what is secret about it.
func where(cfg *pgx.ConnConfig) string {
	return fmt.Sprintf("%s at %s:%d as %s", cfg.Database, cfg.Host, cfg.Port, cfg.User)
}
