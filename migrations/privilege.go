package migrations

import (
	"errors"
	"regexp"

	"github.com/jackc/pgx/v5/pgconn"
)

const insufficientPrivilege = "42501"

// grants maps what a statement wanted to the setting that gives it. Migrations
// run as the database's owner with CREATEROLE and no more, as in production, so
// these are the privileges that they can lack.
var grants = []struct {
	statement *regexp.Regexp
	wayOut    string
}{
	{
		regexp.MustCompile(`(?i)\bcreate\s+extension\b|\balter\s+extension\b`),
		"the extension needs a superuser; name it in pgtest.Server.Extensions, or have the DBA create it first",
	},
	{
		regexp.MustCompile(`(?is)\b(create|alter)\s+(role|user)\b.*\b(superuser|replication|bypassrls)\b`),
		"only a superuser may grant that attribute; create the role beforehand and let the migration skip it when it exists",
	},
	{
		regexp.MustCompile(`(?i)\bowner\s+to\b|\bset\s+(local\s+|session\s+)?role\b|\bsession\s+authorization\b|\bfor\s+role\b`),
		"acting for another role takes membership in it: GRANT it to CURRENT_USER first; or let a superuser migrate, as production does, with pgtest.Server.MigrateAsSuperuser",
	},
	{
		regexp.MustCompile(`(?i)\b(create|alter|drop)\s+(role|user|group)\b|\bgrant\b|\brevoke\b`),
		"the migrating role needs CREATEROLE, and ADMIN OPTION on roles that it did not create itself",
	},
	{
		regexp.MustCompile(`(?i)\balter\s+system\b|\bset\s+(local\s+|session\s+)?[a-z_.]+\s*(=|to)\b|set_config`),
		"the setting needs a superuser; put it in pgtest.Server.Settings, or in the server's configuration",
	},
}

// privilegeHint says which grant is missing where err is a want of privilege, and
// nothing otherwise.
func privilegeHint(statement string, err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pg.Code != insufficientPrivilege {
		return ""
	}
	for _, g := range grants {
		if g.statement.MatchString(statement) {
			return g.wayOut
		}
	}
	return "migrations run as the role of the connection, which is no superuser: grant it what the message names, or set pgtest.Server.MigrateAsSuperuser"
}
