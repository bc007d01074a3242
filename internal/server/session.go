package server

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/closewait"
	"github.com/qarion/seedbed/internal/postgres"
)

// parameter is a setting that a session gives itself when it begins: it wins over
// postgresql.conf, ALTER SYSTEM, ALTER ROLE and ALTER DATABASE.
type parameter struct {
	name, value string
	since       int // the major version that has it first; zero: all
}

// limits would end a session in the middle of its work, or keep it from writing.
var limits = []parameter{
	{"statement_timeout", "0", 0},
	{"lock_timeout", "0", 0},
	{"idle_in_transaction_session_timeout", "0", 0},
	{"idle_session_timeout", "0", 14},
	{"transaction_timeout", "0", 17},
	{"client_connection_check_interval", "0", 14}, // the reaper has no client
	{"default_transaction_read_only", "off", 0},
}

// meanings change what a statement does or says.
var meanings = []parameter{
	{"search_path", "pg_catalog", 0},
	{"row_security", "on", 0},
	{"session_replication_role", "origin", 0},
	{"default_transaction_isolation", "read committed", 0},
	{"default_transaction_deferrable", "off", 0},
	{"default_tablespace", "", 0},
	{"default_table_access_method", "heap", 0},
	{"temp_tablespaces", "", 0},
	{"client_min_messages", "notice", 0},
	{"standard_conforming_strings", "on", 0},
	{"transform_null_equals", "off", 0},
	{"array_nulls", "on", 0},
	{"quote_all_identifiers", "off", 0},
	{"bytea_output", "hex", 0},
	{"extra_float_digits", "1", 0},
	{"DateStyle", "ISO, MDY", 0},
	{"IntervalStyle", "postgres", 0},
	{"check_function_bodies", "on", 0},
	{"password_encryption", "scram-sha-256", 0},
	{"stats_fetch_consistency", "cache", 15},
	{"restrict_nonsystem_relation_kind", "", 17},
	{"plpgsql.extra_errors", "none", 0},
	{"plpgsql.extra_warnings", "none", 0},
}

// setParameters makes sessions begin with those of the parameters that the server
// knows. A server of ours takes them with the connection. An external one may be
// behind a pooler, which takes only few there, and may not be ours to administer, so
// they are set after it.
func (s *Server) setParameters(cfg *pgx.ConnConfig, all []parameter) {
	if !s.External() {
		for _, p := range all {
			if p.since <= s.major {
				cfg.RuntimeParams[p.name] = p.value
			}
		}
		return
	}
	var values []string
	for _, p := range all {
		delete(cfg.RuntimeParams, p.name) // the URL may have them
		values = append(values, "("+quoteLiteral(p.name)+", "+quoteLiteral(p.value)+")")
	}
	sql := `SELECT pg_catalog.set_config(s.name, p.value, false) FROM (VALUES ` + strings.Join(values, ", ") + `) AS p (name, value)
		JOIN pg_catalog.pg_settings s ON s.name OPERATOR(pg_catalog.=) p.name
		WHERE s.context OPERATOR(pg_catalog.=) 'user' OR pg_catalog.current_setting('is_superuser') OPERATOR(pg_catalog.=) 'on'`
	cfg.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		_, err := conn.Exec(ctx, sql).ReadAll()
		return err
	}
}

// Config returns how code under test connects to a database as a role: with the
// settings that the server, the database and the role have. It is a copy that the
// caller may change. Close of such a connection, and of the two kinds below, returns
// when the session has ended on the server.
func (s *Server) Config(database, role string) *pgx.ConnConfig {
	return closewait.Config(s.config(database, role))
}

// BuildConfig returns how migrations, fixtures and seeds connect: as Config does,
// without a limit of time and without a read-only default.
func (s *Server) BuildConfig(database, role string) *pgx.ConnConfig {
	cfg := s.config(database, role)
	s.setParameters(cfg, limits)
	return closewait.Config(cfg)
}

// AdminConfig returns how our own sessions connect, as the administrator: no setting
// of the server, the database or the role changes what they do. Names that are not in
// pg_catalog have to be qualified.
func (s *Server) AdminConfig(database string) *pgx.ConnConfig {
	return closewait.Config(s.adminConfig(database))
}

func (s *Server) adminConfig(database string) *pgx.ConnConfig {
	cfg := s.config(database, s.roles.Admin)
	s.setParameters(cfg, slices.Concat(limits, meanings))
	return cfg
}

func (s *Server) config(database, role string) *pgx.ConnConfig {
	cfg := s.base.Copy()
	cfg.Database, cfg.User = database, role
	cfg.RuntimeParams = maps.Clone(cfg.RuntimeParams)
	if role != s.base.User {
		cfg.Password = s.password(role)
	}
	return cfg
}

// connConfig is how to reach the server in h, as its superuser.
func (h home) connConfig(port int) (*pgx.ConnConfig, error) {
	password, err := os.ReadFile(h.password())
	if err != nil {
		return nil, fmt.Errorf("read the server's password: %w", err)
	}
	pool, err := postgres.PoolConfig()
	if err != nil {
		return nil, err
	}
	cfg := pool.ConnConfig
	if h.socket != "" {
		cfg.Host = h.socket
	}
	cfg.Port, cfg.User, cfg.Password = uint16(port), Superuser, string(password)
	return cfg, nil
}
