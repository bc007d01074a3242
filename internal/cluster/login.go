package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Admin is the part of an administrator's handle that LoginFor needs.
type Admin interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// LoginFor returns whom to log in as to act as role, and the session settings that
// this takes. A role that may log in is logged in as. For one that may not there is
// a login that is a member of it alone and holds nothing by itself; with role as a
// setting of the session's start, RESET ROLE comes back to role and to no more.
func (c *Cluster) LoginFor(ctx context.Context, admin Admin, role string) (user string, settings map[string]string, err error) {
	var found, login bool
	err = admin.QueryRow(ctx, "SELECT count(*) > 0, coalesce(bool_or(rolcanlogin), false) FROM pg_roles WHERE rolname = $1", role).Scan(&found, &login)
	switch {
	case err != nil:
		return "", nil, err
	case !found:
		return "", nil, fmt.Errorf("there is no role %q; a migration has to create it", role)
	case login:
		return role, nil, nil
	}
	settings = map[string]string{"role": role}
	if !c.Super() {
		return c.roles.Admin, settings, nil // a member, or the server says so
	}
	sum := sha256.Sum256([]byte(role))
	user = "seedbed_as_" + hex.EncodeToString(sum[:6])
	var member bool
	err = admin.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles r ON r.oid = m.roleid WHERE u.rolname = $1 AND r.rolname = $2)", user, role).Scan(&member)
	if err != nil || member {
		return user, settings, err
	}
	create := "CREATE ROLE " + user + " LOGIN NOINHERIT"
	if c.base.Password != "" {
		create += " PASSWORD " + quoteLiteral(c.base.Password)
	}
	if _, err := admin.Exec(ctx, create); err != nil && !sqlState(err, "42710") && !sqlState(err, "23505") {
		return "", nil, err
	}
	_, err = admin.Exec(ctx, fmt.Sprintf("GRANT %s TO %s", pgx.Identifier{role}.Sanitize(), user))
	if sqlState(err, "23505") || sqlState(err, "XX000") { // two at once: the other one has done it
		err = nil
	}
	return user, settings, err
}
