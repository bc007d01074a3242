package server

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Shared is what belongs to a whole server and not to one of its databases: roles and
// their memberships, settings of roles, databases and the server, databases,
// tablespaces, parameter privileges. The key says what it is ("role reporting",
// "member reporting in staff", "system work_mem"), the value how it stands.
type Shared map[string]string

// SharedReader is a connection that shared catalogs are read by.
type SharedReader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// sharedSQL leaves out what the toolkit makes itself.
const sharedSQL = `
WITH role AS (SELECT oid, * FROM pg_catalog.pg_authid WHERE rolname !~ '^(pg_|seedbed_)'),
name AS (SELECT oid, rolname FROM pg_catalog.pg_authid WHERE rolname !~ '^seedbed_(as|kept)_'),
base AS (SELECT * FROM pg_catalog.pg_database WHERE datname !~ '^(sb_|seedbed|postgres$|template[01]$)')
SELECT 'role ' || rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
	rolbypassrls, rolconnlimit, md5(rolpassword), rolvaliduntil) FROM role
UNION ALL SELECT 'role ' || rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
	rolbypassrls, rolconnlimit, rolvaliduntil) FROM pg_catalog.pg_authid WHERE rolname IN ('seedbed_owner', 'seedbed_seeder', 'seedbed_tester', 'postgres')
UNION ALL SELECT 'member ' || m.rolname || ' in ' || r.rolname, string_agg(concat_ws(' ', g.rolname, to_jsonb(a) - '{oid,roleid,member,grantor}'::text[]), ', ' ORDER BY g.rolname)
	FROM pg_catalog.pg_auth_members a JOIN name m ON m.oid = a.member JOIN name r ON r.oid = a.roleid JOIN name g ON g.oid = a.grantor
	WHERE NOT (m.rolname ~ '^pg_' AND r.rolname ~ '^pg_') GROUP BY m.rolname, r.rolname
UNION ALL SELECT 'setting of ' || concat_ws(' in ', coalesce(r.rolname, 'all roles'), d.datname), array_to_string(s.setconfig, ', ')
	FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_authid r ON r.oid = s.setrole LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
	WHERE d.datname IS NULL OR d.datname !~ '^sb_'
UNION ALL SELECT 'database ' || datname, concat_ws(' ', o.rolname, datistemplate, datallowconn, datconnlimit, datacl) FROM base JOIN pg_catalog.pg_authid o ON o.oid = datdba
UNION ALL SELECT 'tablespace ' || spcname, concat_ws(' ', spcacl, spcoptions) FROM pg_catalog.pg_tablespace
UNION ALL SELECT 'subscription ' || subname, d.datname FROM pg_catalog.pg_subscription JOIN pg_catalog.pg_database d ON d.oid = subdbid WHERE d.datname !~ '^sb_'
UNION ALL SELECT 'slot ' || slot_name, concat_ws(' ', slot_type, plugin) FROM pg_catalog.pg_replication_slots WHERE NOT temporary AND (database IS NULL OR database !~ '^sb_')
UNION ALL SELECT 'origin ' || roname, '' FROM pg_catalog.pg_replication_origin`

// systemSQL is what ALTER SYSTEM has set. Only a superuser may read it.
const systemSQL = `SELECT 'system ' || name, setting FROM pg_catalog.pg_file_settings WHERE sourcefile ~ 'postgresql\.auto\.conf$'`

// parameterSQL is what Postgres 15 has beside that.
const parameterSQL = `SELECT 'parameter ' || parname, paracl::text FROM pg_catalog.pg_parameter_acl WHERE parname <> 'session_replication_role'`

// ReadShared reads it, by a superuser's connection to any of the server's databases.
// It costs 2 ms.
func (s *Server) ReadShared(ctx context.Context, db SharedReader) (Shared, error) {
	queries := []string{sharedSQL, systemSQL}
	if s.major >= 15 {
		queries = append(queries, parameterSQL)
	}
	found := Shared{}
	for _, sql := range queries {
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return nil, fmt.Errorf("read the shared catalogs: %w", err)
		}
		var what string
		var state *string
		_, err = pgx.ForEachRow(rows, []any{&what, &state}, func() error {
			if found[what] = ""; state != nil {
				found[what] = *state
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the shared catalogs: %w", err)
		}
	}
	return found, nil
}

// Diff says what after has that before has not, what it lacks, and what stands
// otherwise, each sorted.
func (before Shared) Diff(after Shared) (added, removed, changed []string) {
	for _, what := range slices.Sorted(maps.Keys(after)) {
		switch was, there := before[what]; {
		case !there:
			added = append(added, what)
		case was != after[what]:
			changed = append(changed, what)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(before)) {
		if _, there := after[what]; !there {
			removed = append(removed, what)
		}
	}
	return added, removed, changed
}
