package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// External returns a server that is not one of ours, named by a connection URL or a
// keyword/value string.
//
// Templates and clones are made and dropped on it, so it has to be meant for that:
// it holds a database called seedbed, or SEEDBED_ALLOW names its host (with its
// port, if that matters). Where the URL names several hosts, each has to be: a
// client takes the next one when the first does not answer. No production database
// is lost to a test.
//
// The URL's role needs CREATEDB. If it is a superuser, the roles of our own servers
// are made; otherwise everything runs as that one role.
func External(ctx context.Context, rawURL string) (*Server, error) {
	all, err := parseExternal(rawURL)
	if err != nil {
		return nil, err
	}
	for _, host := range all {
		if err := checkMark(ctx, host); err != nil {
			return nil, err
		}
	}
	var failed []error
	for _, host := range all {
		s, err := openExternal(ctx, host)
		if err == nil {
			return s, nil
		}
		failed = append(failed, err)
		if !unreachable(err) {
			break
		}
	}
	return nil, errors.Join(failed...)
}

// parseExternal reads the URL as one configuration for each of its hosts. What it
// leaves out the PG* variables say, as with every client. Errors repeat nothing of the
// URL, where a password may stand in any place.
func parseExternal(rawURL string) ([]*pgx.ConnConfig, error) {
	const escapes = "special characters in a password are written as %40 for @, %2F for /, %25 for %"
	if strings.Count(rawURL, "://") > 1 {
		return nil, errors.New("read the server's URL: it holds two, joined by something else than a space; write a space between URLs of several servers")
	}
	isURL := strings.HasPrefix(rawURL, "postgres://") || strings.HasPrefix(rawURL, "postgresql://")
	if isURL && strings.Count(rawURL, "@") > 1 {
		return nil, errors.New("read the server's URL: it has more than one @; " + escapes)
	}
	cfg, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New("read the server's URL: it is neither postgres://user:password@host:port/database nor host=… port=… user=… password=… dbname=…; " + escapes)
	}
	return splitHosts(cfg), nil
}

// splitHosts makes one configuration for each host. The fallbacks that one keeps are
// those to itself, with and without TLS.
func splitHosts(cfg *pgx.ConnConfig) []*pgx.ConnConfig {
	first := &pgconn.FallbackConfig{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}
	var all []*pgx.ConnConfig
	for _, f := range append([]*pgconn.FallbackConfig{first}, cfg.Fallbacks...) {
		i := slices.IndexFunc(all, func(c *pgx.ConnConfig) bool { return c.Host == f.Host && c.Port == f.Port })
		if i >= 0 {
			all[i].Fallbacks = append(all[i].Fallbacks, f)
			continue
		}
		one := cfg.Copy()
		one.Host, one.Port, one.TLSConfig, one.Fallbacks = f.Host, f.Port, f.TLSConfig, nil
		all = append(all, one)
	}
	return all
}

// allowedOnce is the comment on a control database that was made because SEEDBED_ALLOW named
// the server: that holds for the runs that have the variable, and is no mark for others.
const allowedOnce = "made by Seedbed for a run with SEEDBED_ALLOW; no mark for runs without it"

// checkMark returns an error unless the host is meant for tests.
func checkMark(ctx context.Context, host *pgx.ConnConfig) error {
	if allowed(host, os.Getenv("SEEDBED_ALLOW")) {
		return nil
	}
	control := host.Copy()
	control.Database = ControlDatabase
	at := address(host)
	conn, err := pgx.ConnectConfig(ctx, control)
	if err == nil {
		defer conn.Close(context.WithoutCancel(ctx))
		var comment string
		err = conn.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = current_database()`).Scan(&comment)
		switch {
		case err != nil:
			return fmt.Errorf("look whether the server at %s is marked as one for tests: %w", at, err)
		case comment == allowedOnce:
			return fmt.Errorf("use the server at %s: its database %s was made while SEEDBED_ALLOW named the server, and does not mark it as one for tests, which make and drop databases on it; if that is what it is for, run `COMMENT ON DATABASE %[2]s IS NULL` on it or set SEEDBED_ALLOW=%[1]s",
				at, ControlDatabase)
		}
		return nil
	}
	if unreachable(err) {
		return NoAnswer(at, err)
	}
	if !sqlState(err, "3D000") {
		return fmt.Errorf("use the server at %s: %w", at, err)
	}
	return fmt.Errorf("use the server at %s: it is not marked as one for tests, which make and drop databases on it; if that is what it is for, run `CREATE DATABASE %s` on it or set SEEDBED_ALLOW=%s",
		at, ControlDatabase, at)
}

// NoAnswer says that no server answers at an address. The driver says so twice, of the
// attempts with TLS and without.
func NoAnswer(at string, err error) error {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return fmt.Errorf("no server answers at %s; start it, or correct host and port: %w", at, &connectError{strings.Join(lines, " "), err})
}

// connectError is a driver's error in fewer words.
type connectError struct {
	text string
	err  error
}

func (e *connectError) Error() string { return e.text }
func (e *connectError) Unwrap() error { return e.err }

// unreachable reports whether no server answered.
func unreachable(err error) bool {
	var said *pgconn.PgError
	return err != nil && !errors.As(err, &said)
}

// allowed reports whether list, the value of SEEDBED_ALLOW, names the server.
func allowed(host *pgx.ConnConfig, list string) bool {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" && (name == host.Host || name == address(host)) {
			return true
		}
	}
	return false
}

// openExternal looks at the server and makes on it what is missing: the control
// database and, for a superuser, the roles.
func openExternal(ctx context.Context, base *pgx.ConnConfig) (*Server, error) {
	s := &Server{baseConfig: base, roles: Roles{Admin: base.User, Owner: base.User}, background: newBackground()}
	conn, err := s.openControl(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var super bool
	var version string
	err = conn.QueryRow(ctx, `SELECT rolsuper, current_setting('fsync')::bool, current_setting('server_version'), current_setting('max_connections')::int
		FROM pg_roles WHERE rolname = current_user`).Scan(&super, &s.fsync, &version, &s.connections)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", address(base), err)
	}
	s.setVersion(version)
	if super {
		if err := s.ensureRoles(ctx, conn); err != nil {
			return nil, fmt.Errorf("make the roles on %s: %w", address(base), err)
		}
		s.roles = Roles{Admin: base.User, Owner: Owner, Tester: Tester}
	}
	return s, nil
}

// openControl connects to the control database, and makes it on a server that
// SEEDBED_ALLOW names.
func (s *Server) openControl(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.adminConfig(ControlDatabase))
	if unreachable(err) {
		return nil, NoAnswer(address(s.baseConfig), err)
	}
	if err != nil && !sqlState(err, "3D000") {
		return nil, fmt.Errorf("connect to %s: %w", address(s.baseConfig), err)
	}
	if err == nil {
		return conn, nil
	}
	first, err := pgx.ConnectConfig(ctx, s.adminConfig(s.baseConfig.Database))
	if err != nil {
		return nil, err
	}
	defer first.Close(context.WithoutCancel(ctx))
	_, err = first.Exec(ctx, "CREATE DATABASE "+ControlDatabase)
	if err == nil {
		_, err = first.Exec(ctx, fmt.Sprintf("COMMENT ON DATABASE %s IS '%s'", ControlDatabase, allowedOnce))
	}
	if err != nil && !sqlState(err, "42P04", "23505") { // another process was first
		return nil, fmt.Errorf("create the control database on %s: %w", address(s.baseConfig), err)
	}
	return pgx.ConnectConfig(ctx, s.adminConfig(ControlDatabase))
}

// ensureRoles makes the roles of setup.sql, once for all who share the server.
func (s *Server) ensureRoles(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(setupKey)); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", Tester).Scan(&there); err != nil {
			return err
		}
		if !there {
			if _, err := tx.Conn().PgConn().Exec(ctx, setupSQL).ReadAll(); err != nil {
				return err
			}
		}
		if s.baseConfig.Password == "" {
			return nil
		}
		return setPasswords(ctx, tx, s.baseConfig.Password, Owner, Tester)
	})
}
