package server

import (
	"context"
	"errors"
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

// parameter is a setting sent at connection start. It overrides postgresql.conf, ALTER
// SYSTEM, ALTER ROLE and ALTER DATABASE.
type parameter struct {
	name, value string
	since       int // first major version that has it; 0: all have
}

// unlimited turns off every timeout and read-only default that could interrupt a
// session or stop it from writing.
var unlimited = []parameter{
	{"statement_timeout", "0", 0},
	{"lock_timeout", "0", 0},
	{"idle_in_transaction_session_timeout", "0", 0},
	{"idle_session_timeout", "0", 14},
	{"transaction_timeout", "0", 17},
	{"client_connection_check_interval", "0", 14}, // the reaper's client has hung up, see reaper.sql
	{"default_transaction_read_only", "off", 0},
}

// fixedBehavior pins the settings that change what a statement means or how its output
// is written.
var fixedBehavior = []parameter{
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

// setParameters makes every session of cfg begin with those parameters that the server
// has. On a server of ours they go in the startup packet. An external server may be
// behind a pooler that rejects most startup parameters, and may deny the session
// superusers' settings: there set_config sets them after connecting.
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

// Config returns the connection configuration of the code under test: the settings of
// the server, the database and the role apply unchanged. The caller may modify it. Close
// of a connection made with it, with SetupConfig or with AdminConfig waits until the
// server has ended the session, see closewait.
func (s *Server) Config(database, role string) *pgx.ConnConfig {
	return closewait.Config(s.config(database, role))
}

// SetupConfig returns Config for migrations, fixtures and seeds: without timeouts, and
// writable by default.
func (s *Server) SetupConfig(database, role string) *pgx.ConnConfig {
	cfg := s.config(database, role)
	s.setParameters(cfg, unlimited)
	return closewait.Config(cfg)
}

// AdminConfig returns the configuration of Seedbed's own sessions, as the administrator:
// no setting of the server, the database or the role changes what they do. Names that
// are not in pg_catalog have to be qualified.
func (s *Server) AdminConfig(database string) *pgx.ConnConfig {
	return closewait.Config(s.adminConfig(database))
}

func (s *Server) adminConfig(database string) *pgx.ConnConfig {
	cfg := s.config(database, s.roles.Admin)
	s.setParameters(cfg, slices.Concat(unlimited, fixedBehavior))
	return cfg
}

func (s *Server) config(database, role string) *pgx.ConnConfig {
	cfg := s.baseConfig.Copy()
	cfg.Database, cfg.User = database, role
	cfg.RuntimeParams = maps.Clone(cfg.RuntimeParams)
	if role != s.baseConfig.User {
		cfg.Password = s.password(role)
	}
	return cfg
}

// connConfig returns the superuser's connection configuration for the server whose
// directory h is.
func (h home) connConfig(port int) (*pgx.ConnConfig, error) {
	password, err := os.ReadFile(h.password())
	if err != nil {
		return nil, fmt.Errorf("read the server's password: %w", err)
	}
	defaults, err := postgres.PoolConfig() // pgx's, whatever PG* variables are set
	if err != nil {
		return nil, err
	}
	cfg := defaults.ConnConfig
	if h.socket != "" {
		cfg.Host = h.socket
	}
	cfg.Port, cfg.User, cfg.Password = uint16(port), Superuser, string(password)
	return cfg, nil
}

// CheckSettings says at once what else every connection with the settings would fail for: a name
// that is not one of a setting, a value that a setting refuses.
func CheckSettings(ctx context.Context, db interface {
	Begin(context.Context) (pgx.Tx, error)
}, settings map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT set_config($1, $2, true)", name, settings[name])
			return err
		})
		var refusal *pgconn.PgError
		if !errors.As(err, &refusal) {
			continue
		}
		switch refusal.Code {
		case "42704", "42602": // undefined_object, invalid_name
			return fmt.Errorf("there is no setting %q: one of an application has a dot in its name, as app.tenant, with letters, digits and _ beside it: %w", name, err)
		case "22023": // invalid_parameter_value
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return nil
}
