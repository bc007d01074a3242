package template

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Conn is what CopyDatabase needs of a connection or a pool.
type Conn interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// CopyDatabase makes database to of database from, in which there must be no session.
// Unlike CREATE DATABASE … TEMPLATE alone it copies the settings, grants and comment
// of the database itself too, and settings of roles in it.
func CopyDatabase(ctx context.Context, admin Conn, from, to, owner string) error {
	settings, err := databaseSettings(ctx, admin, from)
	if err != nil {
		return err
	}
	if _, err := admin.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s", quote(to), quote(owner), quote(from))); err != nil {
		return fmt.Errorf("copy database %s: %w", from, err)
	}
	return applySettings(ctx, admin, settings, to)
}

// applySettings runs statements of databaseSettings for another database.
func applySettings(ctx context.Context, admin Conn, settings []string, database string) error {
	for _, statement := range settings {
		// Once: the first placeholder is ours, and values may hold anything.
		if _, err := admin.Exec(ctx, strings.Replace(statement, "%s", quote(database), 1)); err != nil {
			return fmt.Errorf("copy the settings of a database: %w", err)
		}
	}
	return nil
}

// databaseSettings lists the statements that give a copy of a database what CREATE
// DATABASE … TEMPLATE leaves behind. In each, %s stands for the copy's name.
func databaseSettings(ctx context.Context, admin Conn, name string) (statements []string, err error) {
	if err := admin.QueryRow(ctx, databaseSettingsSQL, name).Scan(&statements); err != nil {
		return nil, fmt.Errorf("read the settings of database %s: %w", name, err)
	}
	return statements, nil
}

const databaseSettingsSQL = `
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
	WHERE a.grantee <> me.datdba),
comments AS (SELECT 'COMMENT ON DATABASE %s IS ' || quote_literal(shobj_description(oid, 'pg_database')) AS sql FROM me)
SELECT coalesce((SELECT array_agg(sql) FROM
	(SELECT sql FROM settings UNION ALL SELECT sql FROM grants UNION ALL SELECT sql FROM comments WHERE sql IS NOT NULL) x), '{}')`
