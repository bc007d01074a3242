package rows

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
)

// ExplainRights adds to an error for want of a right, or by a policy, which handle has the
// right. It leaves other errors as they are.
func ExplainRights(db seedbed.DB, err error) error {
	if way := WayPastRights(db, err); way != "" {
		return fmt.Errorf("%w\n  %s", err, way)
	}
	return err
}

// WayPastRights says which handle to pass instead of one whose session had no right to what
// was done, or that a policy refused: usually that of the application, of pgtest's DB.As. "":
// the error is another, or the session one of those that rights and policies do not stop.
func WayPastRights(db seedbed.DB, err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return ""
	}
	unset := pg.Code == "42704" && strings.HasPrefix(pg.Message, "unrecognized configuration parameter") // by a policy
	role := sessionRole(db)
	if pg.Code != "42501" && !unset || role == "" {
		return ""
	}
	return fmt.Sprintf("the sessions of this handle are those of role %s: pass what pg.DB returned, and not a\n"+
		"  handle of its As, which is for code under test; elsewhere, one that may SET ROLE to %s", role, SeederRole)
}

// sessionRole is the role that the sessions of a handle begin as; "" where the handle does not
// tell, and for the roles that a test's database comes with.
func sessionRole(db seedbed.DB) string {
	var c *pgx.ConnConfig
	if pool, ok := db.(interface{ Config() *pgxpool.Config }); ok {
		c = pool.Config().ConnConfig
	} else if conn := connOf(db); conn != nil {
		c = conn.Config()
	}
	if c == nil {
		return ""
	}
	role := c.User
	if set := c.RuntimeParams["role"]; set != "" {
		role = set
	}
	if role == "seedbed_owner" || role == "seedbed_tester" || role == SeederRole {
		return ""
	}
	return role
}
