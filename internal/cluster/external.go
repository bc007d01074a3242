package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/embedded"
)

// External returns a server that somebody else runs, named by a connection URL.
//
// Templates and clones are made and dropped on it, so it has to be meant for
// that: it holds a database called seedbed, or SEEDBED_ALLOW names its host (with
// its port, if that matters). Nobody loses a production database to a test.
//
// The URL's role needs CREATEDB. If it is a superuser, the roles of our own
// servers are made; otherwise everything runs as that one role.
func External(ctx context.Context, rawURL string) (*Cluster, error) {
	base, err := parseExternal(rawURL)
	if err != nil {
		return nil, err
	}
	c := &Cluster{base: base, roles: Roles{Admin: base.User, Owner: base.User}}
	conn, err := c.openControl(ctx, base)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var super bool
	var fsync, version string
	err = conn.QueryRow(ctx, `SELECT rolsuper, current_setting('fsync'), current_setting('server_version'), current_setting('max_connections')::int
		FROM pg_roles WHERE rolname = current_user`).Scan(&super, &fsync, &version, &c.connections)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", address(base), err)
	}
	c.fsync = fsync == "on"
	c.version, _, _ = strings.Cut(version, " ")
	if super {
		if err := c.ensureRoles(ctx, conn); err != nil {
			return nil, fmt.Errorf("make the roles on %s: %w", address(base), err)
		}
		c.roles = ourRoles
		c.roles.Admin = base.User
	}
	return c, nil
}

// parseExternal keeps the PG* environment out: what is not in the URL is not
// said. It never repeats the URL, which may hold a password.
func parseExternal(rawURL string) (*pgx.ConnConfig, error) {
	if strings.Contains(rawURL, "://") && strings.Count(rawURL, "@") > 1 {
		return nil, errors.New("read the server's URL: it has more than one @; special characters in a password are written as %40 for @, %2F for /, %25 for %")
	}
	var cfg *pgx.ConnConfig
	err := embedded.WithoutPGEnv(func() error {
		var err error
		cfg, err = pgx.ParseConfig(rawURL)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the server's URL: %w", err)
	}
	return cfg, nil
}

// openControl connects to the control database, and makes it on a server that
// SEEDBED_ALLOW names.
func (c *Cluster) openControl(ctx context.Context, base *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, c.Config(ControlDatabase, base.User))
	if err == nil || !sqlState(err, "3D000") {
		return conn, err
	}
	if !allowed(base, os.Getenv("SEEDBED_ALLOW")) {
		return nil, fmt.Errorf("use the server at %s: it is not marked as one for tests, which make and drop databases on it; if that is what it is for, run `CREATE DATABASE %s` on it or set SEEDBED_ALLOW=%s",
			address(base), ControlDatabase, address(base))
	}
	first, err := pgx.ConnectConfig(ctx, base)
	if err != nil {
		return nil, err
	}
	defer first.Close(ctx)
	_, err = first.Exec(ctx, "CREATE DATABASE "+ControlDatabase)
	if err != nil && !sqlState(err, "42P04") && !sqlState(err, "23505") { // somebody else was first
		return nil, fmt.Errorf("create the control database on %s: %w", address(base), err)
	}
	return pgx.ConnectConfig(ctx, c.Config(ControlDatabase, base.User))
}

// allowed reports whether list, the value of SEEDBED_ALLOW, names the server.
func allowed(base *pgx.ConnConfig, list string) bool {
	names := strings.Split(list, ",")
	return slices.Contains(names, base.Host) || slices.Contains(names, address(base))
}

func address(cfg *pgx.ConnConfig) string {
	return net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
}

// ensureRoles makes the roles of setup.sql, once for all who share the server.
func (c *Cluster) ensureRoles(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(setupKey)); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", Tester).Scan(&there); err != nil || there {
			return err
		}
		if _, err := tx.Conn().PgConn().Exec(ctx, setupSQL).ReadAll(); err != nil {
			return err
		}
		if c.base.Password == "" {
			return nil
		}
		for _, role := range []string{Owner, Tester} {
			if _, err := tx.Exec(ctx, "ALTER ROLE "+role+" PASSWORD "+quoteLiteral(c.base.Password)); err != nil {
				return err
			}
		}
		return nil
	})
}

// externalURL writes base as a URL for another database and role.
func externalURL(base *pgx.ConnConfig, database, user string) string {
	u := url.URL{Scheme: "postgres", Path: "/" + database, User: url.User(user)}
	if base.Password != "" {
		u.User = url.UserPassword(user, base.Password)
	}
	query := url.Values{}
	if filepath.IsAbs(base.Host) {
		query.Set("host", base.Host)
		query.Set("port", strconv.Itoa(int(base.Port)))
	} else {
		u.Host = address(base)
	}
	if base.TLSConfig == nil {
		query.Set("sslmode", "disable")
	}
	// Slashes are fine in a query, and a path that reads like one is easier on people.
	u.RawQuery = strings.NewReplacer("%2F", "/", "+", "%20").Replace(query.Encode()) // libpq takes a plus for a plus
	return u.String()
}
