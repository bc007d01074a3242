package dev

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/template"
)

// Owner is the role that owns the databases.
const Owner = server.Owner

// Fresh is the snapshot of a database as it was built.
const Fresh = "fresh"

// Database is one on record: a branch's, or a snapshot of it.
type Database struct {
	Name        string
	Branch      string
	Snapshot    string // "" is the branch's database itself
	Source      Source // of the migrations
	Fingerprint string // of the migrations it was built with
	Seeded      string // what it was filled with, "" is nothing
	Model       string // the corrections of the model that it was filled by
	Created     time.Time
	Bytes       int64

	Checksums map[int64]string // of the migrations that it has; none where they are not known

	build int // whose roles it has
}

// Origin is what people call that which the database was made from, in the project: its
// migrations, or the database that it is a copy of.
func (d Database) Origin(p Project) string {
	if of, ok := strings.CutPrefix(d.Seeded, promotedFrom); ok {
		return "a copy of " + of
	}
	return d.Source.Describe(p)
}

// Edited names the migrations that it has and whose files have changed since, as far as
// the files can be read.
func (d Database) Edited() (names []string) {
	set, err := Plan{Source: d.Source}.open(silent{}, new(int))
	if err != nil {
		return nil
	}
	sums := set.Checksums()
	for _, m := range set.Migrations() {
		if was, known := d.Checksums[m.Version]; known && was != sums[m.Version] {
			names = append(names, m.Name())
		}
	}
	return names
}

// Remodelled reports whether its rows were made by another model than one that is
// corrected so.
func (d Database) Remodelled(model string) bool {
	return d.Model != model && d.Seeded != "" && !strings.HasPrefix(d.Seeded, promotedFrom)
}

// checksums is a copy that is no nil map.
func (d Database) checksums() map[int64]string {
	sums := map[int64]string{}
	maps.Copy(sums, d.Checksums)
	return sums
}

const selectDatabases = `SELECT d.name, branch, snapshot, source, fingerprint, seeded, model, created_at, pg_database_size(p.oid), build, checksums
	FROM seedbed.development d JOIN pg_database p ON p.datname = d.name `

// Databases lists what is on record: of each branch its database, then its snapshots, the
// newest last.
func (s *Server) Databases(ctx context.Context) ([]Database, error) {
	rows, err := s.admin.Query(ctx, selectDatabases+"ORDER BY branch, snapshot <> '', created_at, name")
	if err != nil {
		return nil, fmt.Errorf("list the development databases: %w", err)
	}
	return pgx.CollectRows(rows, scanDatabase)
}

// Database is the branch's database, or the snapshot of it with that label. It
// fails with *NoDatabaseError.
func (s *Server) Database(ctx context.Context, snapshot string) (*Database, error) {
	branch := s.Project.Branch
	rows, err := s.admin.Query(ctx, selectDatabases+"WHERE branch = $1 AND snapshot = $2", branch, snapshot)
	if err != nil {
		return nil, err
	}
	d, err := pgx.CollectExactlyOneRow(rows, scanDatabase)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, s.noDatabase(ctx, snapshot)
	}
	return &d, err
}

func scanDatabase(row pgx.CollectableRow) (d Database, err error) {
	err = row.Scan(&d.Name, &d.Branch, &d.Snapshot, &d.Source, &d.Fingerprint, &d.Seeded, &d.Model, &d.Created, &d.Bytes, &d.build, &d.Checksums)
	return d, err
}

func (s *Server) noDatabase(ctx context.Context, snapshot string) error {
	e := &NoDatabaseError{Name: s.Project.Branch, Kind: "branch"}
	if snapshot != "" {
		e.Name, e.Kind = snapshot, "snapshot"
	}
	all, err := s.Databases(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		switch {
		case e.Kind == "branch" && d.Snapshot == "":
			e.Have = append(e.Have, d.Branch)
		case e.Kind == "snapshot" && d.Branch == s.Project.Branch && d.Snapshot != "":
			e.Have = append(e.Have, d.Snapshot)
		}
	}
	return e
}

// Pool connects to one of the server's databases as the role that owns them.
func (s *Server) Pool(ctx context.Context, database string) (*pgxpool.Pool, error) {
	return s.connect(ctx, database, server.Owner)
}

func (s *Server) connect(ctx context.Context, database, role string) (*pgxpool.Pool, error) {
	cfg, err := postgres.PoolConfig()
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig = s.server.SetupConfig(database, role)
	if database == server.ControlDatabase {
		cfg.ConnConfig = s.server.AdminConfig(database)
	}
	return pgxpool.NewWithConfig(ctx, cfg)
}

// withPool runs do on a database, and leaves no session behind.
func (s *Server) withPool(ctx context.Context, database string, do func(*pgxpool.Pool) error) error {
	pool, err := s.Pool(ctx, database)
	if err != nil {
		return err
	}
	defer pool.Close()
	return do(pool)
}

// drop removes a database that may not be there, with the sessions in it.
func (s *Server) drop(ctx context.Context, name string) error {
	if _, err := s.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// quiesce ends all sessions in a database and lets none in until reopen:
// a database in use can be neither copied nor renamed.
func (s *Server) quiesce(ctx context.Context, name string) (reopen func(context.Context) error, err error) {
	if err := s.exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS false"); err != nil {
		return nil, err
	}
	reopen = func(ctx context.Context) error {
		return s.exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS true")
	}
	_, err = s.admin.Exec(ctx, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name)
	if err != nil {
		err = errors.Join(err, reopen(context.WithoutCancel(ctx)))
	}
	return reopen, err
}

// copy makes a database from another one that stands still, with the settings
// and grants of the database itself, which CREATE DATABASE leaves behind.
func (s *Server) copy(ctx context.Context, from, to string) error {
	return template.CopyDatabase(ctx, s.admin, from, to, server.Owner)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// exec runs statements one after the other, each by itself: CREATE DATABASE
// refuses to be in a transaction.
func (s *Server) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
