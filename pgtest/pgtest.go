// Package pgtest gives each test a real, migrated, private Postgres database.
package pgtest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Server describes the databases that tests get. PROVISIONAL INTERNALS: the
// API stays, everything below is being replaced.
type Server struct {
	Migrations fs.FS
	URL        string
}

// DB is one test's database.
type DB struct {
	*pgxpool.Pool
	url string
	sql *sql.DB
}

func (db *DB) URL() string  { return db.url }
func (db *DB) SQL() *sql.DB { return db.sql }

var n atomic.Int64

// Migrate is set by package migrations' tests until the real thing lands.
var Migrate func(ctx context.Context, url string, fsys fs.FS) error

func (s *Server) DB(t testing.TB) *DB {
	t.Helper()
	ctx := context.Background()
	base := s.URL
	if base == "" {
		base = os.Getenv("SEEDBED_URL")
	}
	if base == "" {
		base = "postgres://postgres@127.0.0.1:5415/postgres"
	}
	c, err := pgx.Connect(ctx, base)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	name := fmt.Sprintf("sb_%d_%d", os.Getpid(), n.Add(1))
	if _, err := c.Exec(ctx, "create database "+name); err != nil {
		t.Fatal(err)
	}
	u := strings.Replace(base, "/postgres", "/"+name, 1)
	if i := strings.LastIndex(base, "/"); i > 0 {
		u = base[:i+1] + name
	}
	if s.Migrations != nil && Migrate != nil {
		if err := Migrate(ctx, u, s.Migrations); err != nil {
			t.Fatal(err)
		}
	}
	p, err := pgxpool.New(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		c, err := pgx.Connect(ctx, base)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(ctx)
		if _, err := c.Exec(ctx, "drop database if exists "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	return &DB{Pool: p, url: u, sql: stdlib.OpenDBFromPool(p)}
}
