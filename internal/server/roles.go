package server

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
)

// The roles and the control database of every server of ours; setup.sql says what
// each role is.
const (
	Superuser       = "postgres"
	Owner           = "seedbed_owner"
	Seeder          = "seedbed_seeder"
	Tester          = "seedbed_tester"
	ControlDatabase = "seedbed"
)

//go:embed setup.sql
var setupSQL string

//go:embed control.sql
var controlSQL string

// Roles are the roles that things are done as on a server.
type Roles struct {
	Admin  string // makes and drops databases
	Owner  string // owns them
	Tester string // reads and writes all and owns nothing; empty where there is none
}

var ourRoles = Roles{Admin: Superuser, Owner: Owner, Tester: Tester}

// Roles are the server's roles.
func (s *Server) Roles() Roles { return s.roles }

// Super reports whether the administrator is a superuser.
func (s *Server) Super() bool { return s.roles.Owner != s.roles.Admin }

// Admin is the part of an administrator's connection that setting roles up needs.
type Admin interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// setPasswords gives the roles of ours that log in their passwords, where they have
// others.
func setPasswords(ctx context.Context, admin Admin, password string, roles ...string) error {
	for _, role := range roles {
		want, err := verifier(rolePassword(password, role))
		if err != nil {
			return err
		}
		var has bool
		err = admin.QueryRow(ctx, "SELECT rolpassword IS NOT DISTINCT FROM $2 FROM pg_authid WHERE rolname = $1", role, want).Scan(&has)
		if err == nil && !has {
			_, err = admin.Exec(ctx, "ALTER ROLE "+role+" PASSWORD "+quoteLiteral(want))
		}
		if err != nil {
			return fmt.Errorf("set the password of %s: %w", role, err)
		}
	}
	return nil
}

// LoginFor returns the role to log in as to act as role, and the session settings
// that this takes. A role that may log in is logged in as. For one that may not, or
// whose password is not known, there is a login that is a member of it alone and
// holds nothing by itself; with role as a setting of the session's start, RESET ROLE
// comes back to role and to no more.
func (s *Server) LoginFor(ctx context.Context, admin Admin, role string) (user string, settings map[string]string, err error) {
	var names []string
	var login bool
	err = admin.QueryRow(ctx, "SELECT array_agg(rolname::text), coalesce(bool_or(rolcanlogin) FILTER (WHERE rolname = $1), false) FROM pg_roles WHERE rolname = $1 OR rolname !~ '^(pg_|seedbed_as_|seedbed_kept_)'", role).Scan(&names, &login)
	switch {
	case err != nil:
		return "", nil, err
	case !slices.Contains(names, role):
		return "", nil, catalog.Unknownf("there is no role %q%s", role, cmp.Or(catalog.Suggestion(role, names), "; a migration has to create it"))
	case login && s.canLogIn(role):
		return role, nil, nil
	}
	settings = map[string]string{"role": role}
	if !s.Super() {
		return s.roles.Admin, settings, nil // a member, or the server says so
	}
	user, err = s.memberOf(ctx, admin, role)
	return user, settings, err
}

// canLogIn reports whether we have what the server asks role for.
func (s *Server) canLogIn(role string) bool {
	return s.trusts() || s.baseConfig.Password == "" || role == s.roles.Admin || role == Owner || role == Tester
}

// memberOf makes the login that is a member of role alone, and returns its name.
func (s *Server) memberOf(ctx context.Context, admin Admin, role string) (string, error) {
	user := "seedbed_as_" + shortHash(role)
	var member bool
	err := admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles r ON r.oid = m.roleid
		WHERE u.rolname = $1 AND r.rolname = $2)`, user, role).Scan(&member)
	if err != nil || member {
		return user, err
	}
	if _, err := admin.Exec(ctx, "CREATE ROLE "+user+" LOGIN NOINHERIT"); err != nil && !sqlState(err, "42710", "23505") {
		return "", err
	}
	if s.baseConfig.Password != "" {
		if err := setPasswords(ctx, admin, s.baseConfig.Password, user); err != nil && !sqlState(err, "XX000") {
			return "", err
		}
	}
	_, err = admin.Exec(ctx, fmt.Sprintf("GRANT %s TO %s", pgx.Identifier{role}.Sanitize(), user))
	if sqlState(err, "23505", "XX000") { // two at once: the other one has done it
		err = nil
	}
	return user, err
}

func sqlState(err error, codes ...string) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	for _, code := range codes {
		if pg.Code == code {
			return true
		}
	}
	return false
}
