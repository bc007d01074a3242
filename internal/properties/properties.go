// Package properties carries over to a copy of a database what CREATE DATABASE …
// TEMPLATE leaves behind: its settings, those of roles in it, and its grants.
//
//	statements, err := properties.Of(ctx, conn, "dev")
//	for _, sql := range statements {
//		conn.Exec(ctx, properties.For(sql, "dev_copy"))
//	}
package properties

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// placeholder stands for the copy's name, as in every server's list of templates.
const placeholder = "%s"

// Querier is what Of needs of a handle.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Of lists the statements that give a copy the properties of a database on the
// handle's server. They are for For.
func Of(ctx context.Context, db Querier, name string) (statements []string, err error) {
	if err := db.QueryRow(ctx, sql, name).Scan(&statements); err != nil {
		return nil, fmt.Errorf("read the properties of database %s: %w", name, err)
	}
	return statements, nil
}

// For is a statement of Of for the database that it is to be applied to.
func For(statement, name string) string {
	// Once: it is the first that is ours, and values may hold anything.
	return strings.Replace(statement, placeholder, pgx.Identifier{name}.Sanitize(), 1)
}

const sql = `
WITH me AS (SELECT oid, datacl, datdba FROM pg_database WHERE datname = $1),
settings AS (
	SELECT 'ALTER ' || CASE WHEN s.setrole = 0 THEN 'DATABASE %s' ELSE format('ROLE %I IN DATABASE ', r.rolname) || '%s' END
		|| format(' SET %I = ', split_part(kv, '=', 1))
		-- list settings hold quoted elements already; everything else is one literal
		|| CASE WHEN split_part(kv, '=', 1) IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
			THEN substr(kv, strpos(kv, '=') + 1) ELSE quote_literal(substr(kv, strpos(kv, '=') + 1)) END AS sql
	FROM pg_db_role_setting s JOIN me ON me.oid = s.setdatabase
	LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) kv),
grants AS (
	SELECT 'REVOKE ALL ON DATABASE %s FROM PUBLIC' AS sql FROM me WHERE datacl IS NOT NULL
	UNION ALL
	SELECT format('GRANT %s ON DATABASE ', a.privilege_type) || '%s TO ' || CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(g.rolname) END
		|| CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
	FROM me, aclexplode(me.datacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
	WHERE a.grantee <> me.datdba)
SELECT coalesce((SELECT array_agg(sql) FROM (SELECT sql FROM settings UNION ALL SELECT sql FROM grants) x), '{}')`
