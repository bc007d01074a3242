package review

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed setup.sql
var setupSQL string

// sessionSettings are those of the session that migrations run in: messages in
// English and down to DEBUG1, where the server tells what it scans, rewrites and
// builds; plans that use an index wherever one can be used, so that what still
// scans has none; and the plan of each statement, nested ones included.
var sessionSettings = map[string]string{
	"application_name":                    "seedbed migrate review",
	"client_min_messages":                 "debug1",
	"lc_messages":                         "C",
	"jit":                                 "off",
	"enable_seqscan":                      "off",
	"enable_hashjoin":                     "off",
	"enable_mergejoin":                    "off",
	"max_parallel_workers_per_gather":     "0",
	"session_preload_libraries":           "auto_explain",
	"auto_explain.log_min_duration":       "0",
	"auto_explain.log_nested_statements":  "on",
	"auto_explain.log_format":             "json",
	"auto_explain.log_verbose":            "on",
	"auto_explain.log_level":              "info",
	"plpgsql.extra_warnings":              "none",
	"statement_timeout":                   "0",
	"lock_timeout":                        "0",
	"idle_in_transaction_session_timeout": "0",
	"track_counts":                        "on",
	"seedbed_review.base":                 "",
	"session_replication_role":            "origin",
	"default_transaction_isolation":       "read committed",
	"default_transaction_read_only":       "off",
	"default_transaction_deferrable":      "off",
	"row_security":                        "on",
	"check_function_bodies":               "on",
	"log_min_messages":                    "fatal", // plans and debug messages are for us, not for the server's log
	"log_min_error_statement":             "panic",
}

// scratchPrefix begins the names of the databases that reviews make; the hexadecimal
// Unix time that follows says how old one is.
const scratchPrefix = "seedbed_review_"

// scratchAge is how old an unused scratch database must be to be another process's
// leftover.
const scratchAge = time.Hour

// scratch is a database of the review's own.
type scratch struct {
	config *pgx.ConnConfig // of a database from which others can be made and dropped
	admin  *pgx.Conn
	name   string
	clones int
	owner  string // of copies; empty: the superuser
	how    string // the strategy for CREATE DATABASE; the fast one needs fsync off
}

// newScratch makes an empty database on the server.
func newScratch(ctx context.Context, server *pgx.ConnConfig) (*scratch, error) {
	admin, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("review migrations: connect: %w", err)
	}
	s := &scratch{config: server, admin: admin, name: scratchName(time.Now())}
	s.sweep(ctx)
	if err := s.check(ctx); err != nil {
		s.close(ctx)
		return nil, err
	}
	if err := s.create(ctx, s.name); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (s *scratch) create(ctx context.Context, name string) error {
	if _, err := s.admin.Exec(ctx, "create database "+name+" template template0"+s.ownerClause()+s.how); err != nil {
		return fmt.Errorf("review migrations: make a scratch database: %w", err)
	}
	return nil
}

func scratchName(now time.Time) string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return scratchPrefix + strconv.FormatInt(now.Unix(), 16) + "_" + hex.EncodeToString(b[:])
}

// check says early what would fail with a riddle later.
func (s *scratch) check(ctx context.Context) error {
	var super bool
	var version int
	err := s.admin.QueryRow(ctx, `select rolsuper, current_setting('server_version_num')::int,
		case current_setting('fsync') when 'off' then ' strategy file_copy' else '' end
		from pg_roles where rolname = current_user`).Scan(&super, &version, &s.how)
	switch {
	case err != nil:
		return fmt.Errorf("review migrations: %w", err)
	case !super:
		return fmt.Errorf("review migrations: %w: it makes a scratch database, traces with event triggers and auto_explain; "+
			"hand it a connection of a superuser to a disposable server (migrations run as ReviewOptions.Role)", ErrNotSuperuser)
	case version < 150000:
		return fmt.Errorf("review migrations: the server is older than Postgres 15 (%d)", version)
	}
	return s.explains(ctx)
}

// explains finds out whether the server has the module that hands over plans,
// without which no scan by UPDATE or DELETE would be seen.
func (s *scratch) explains(ctx context.Context) error {
	_, err := s.admin.Exec(ctx, "load 'auto_explain'")
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && pg.Code == "58P01": // undefined_file
		return fmt.Errorf("review migrations: %w (%s): install the server's contrib modules (postgresql-contrib), "+
			"or review on a server of seedbed's own", ErrNoAutoExplain, pg.Message)
	case err != nil:
		return fmt.Errorf("review migrations: load auto_explain: %w", err)
	}
	return nil
}

// configFor leads to one of the scratch databases, with no settings of the connection
// that was handed over.
func (s *scratch) configFor(name string) *pgx.ConnConfig {
	config := s.config.Copy()
	config.Database = name
	config.Tracer = nil
	config.RuntimeParams = map[string]string{}
	return config
}

// connect opens a session in one of the scratch databases.
func (s *scratch) connect(ctx context.Context, name string, settings map[string]string, notice func(*pgconn.Notice)) (*pgx.Conn, error) {
	config := s.configFor(name)
	maps.Copy(config.RuntimeParams, settings)
	// For those who make rows: COPY needs the types, and no statement may outlive the
	// schema that it was described on.
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if notice != nil {
			notice(n)
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("review migrations: connect to the scratch database: %w", err)
	}
	return conn, nil
}

// copyOf copies the database of, to which no session may be connected.
func (s *scratch) copyOf(ctx context.Context, of string) (string, error) {
	s.clones++
	name := fmt.Sprintf("%s_%d", s.name, s.clones)
	for wait := time.Millisecond; ; wait *= 2 {
		_, err := s.admin.Exec(ctx, "create database "+name+" template "+of+s.ownerClause()+s.how)
		pg, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || pg.Code != "55006" || wait > time.Second { // object_in_use: a session is still going away
			return name, err
		}
		select {
		case <-ctx.Done():
			return name, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (s *scratch) ownerClause() string {
	if s.owner == "" {
		return ""
	}
	return " owner " + pgx.Identifier{s.owner}.Sanitize()
}

func (s *scratch) drop(ctx context.Context, name string) {
	_, _ = s.admin.Exec(ctx, "drop database if exists "+name+" with (force)")
}

// close drops what was made. It works with a cancelled context.
func (s *scratch) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for n := range s.clones {
		s.drop(ctx, fmt.Sprintf("%s_%d", s.name, n+1))
	}
	s.drop(ctx, s.name)
	_ = s.admin.Close(ctx)
}

// sweep drops scratch databases that a killed review left.
func (s *scratch) sweep(ctx context.Context) {
	rows, err := s.admin.Query(ctx, `select datname::text from pg_database d where starts_with(datname, $1)
		and not exists (select from pg_stat_activity a where a.datid = d.oid)`, scratchPrefix)
	if err != nil {
		return
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	for _, name := range names {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(name, scratchPrefix), "_")
		made, err := strconv.ParseInt(stamp, 16, 64)
		if err == nil && time.Since(time.Unix(made, 0)) > scratchAge {
			s.drop(ctx, pgx.Identifier{name}.Sanitize())
		}
	}
}

var (
	// ErrNotSuperuser says that the connection handed over cannot trace.
	ErrNotSuperuser = errors.New("the review needs a superuser")
	// ErrNoAutoExplain says that the server lacks a module of its own distribution.
	ErrNoAutoExplain = errors.New("the server has no auto_explain, through which scans are seen")
)
