package rows

import "github.com/qarion/seedbed/internal/sqltext"

// SeederRole is the role that bypasses row-level security. The test server's set-up or the
// reference schema creates it.
const SeederRole = "seedbed_seeder"

// SaveRoleSQL saves the session's role for RestoreRoleSQL.
const SaveRoleSQL = `select set_config('seedbed.role_before', current_setting('role'), true)`

// RestoreRoleSQL goes back to the role that SaveRoleSQL has saved.
const RestoreRoleSQL = `select set_config('role', current_setting('seedbed.role_before'), true)`

// Purpose says why a session takes the seeder's role, and with that on which conditions.
type Purpose int

const (
	// ToWriteIfRowSecurity takes it to write, where row-level security applies to the session
	// on one of the tables.
	ToWriteIfRowSecurity Purpose = iota
	// ToWrite takes it to write, wherever the session may take it.
	ToWrite
	// ToRead takes it to read, wherever the session may take it. The role need not be able to
	// write.
	ToRead
)

// setRoleSQL takes the role until the transaction ends. One statement checks the conditions
// and takes the role, so that it fits in the batch that writes the rows. set_config('role')
// does what SET LOCAL ROLE does, without the warning that this gives in the implicit
// transaction of a batch.
const setRoleSQL = `select set_config('role', r.rolname, true)
from pg_roles r, (select exists (select from unnest($2::text[]) t where row_security_active(t)) guarded) s
where r.rolname = $1
and pg_has_role(session_user, r.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
and (s.guarded and r.rolbypassrls or not s.guarded and $3::bool)
and not exists (select from unnest($2::text[]) t
 where not (has_table_privilege(r.oid, t, 'SELECT') and ($4::bool or has_table_privilege(r.oid, t, 'INSERT'))))`

// BecomeSeederSQL takes the seeder's role until the transaction ends. It does nothing
// unless the role exists, the session may take it, and the role has the privileges on the
// tables: SELECT, and INSERT except ToRead. Where row-level security applies to the
// session, the role must bypass it. tables are quoted and qualified.
func BecomeSeederSQL(purpose Purpose, tables []string) (sql string, args []any) {
	return setRoleSQL, []any{SeederRole, tables, purpose != ToWriteIfRowSecurity, purpose == ToRead}
}

// queueSeederRole queues taking the seeder's role for those tables of the batch that have
// row-level security.
func (b *batch) queueSeederRole(queue func(string, ...any)) {
	var names []string
	seen := map[*table]bool{}
	for _, r := range b.toWrite {
		if !seen[r.table] && r.table.relation.RLS {
			names = append(names, r.table.relation.Ident())
		}
		seen[r.table] = true
	}
	queueSeederRole(queue, names)
}

// queueSeederRole queues saving the role and taking the seeder's.
func queueSeederRole(queue func(string, ...any), tables []string) {
	sql, args := BecomeSeederSQL(ToWriteIfRowSecurity, tables)
	queue(SaveRoleSQL)
	queue(sql, args...)
}

// hasRowSecurity reports whether a table of the batch has row-level security.
func (b *batch) hasRowSecurity() bool {
	for _, r := range b.toWrite {
		if r.table.relation.RLS {
			return true
		}
	}
	return false
}

// tenantSettings returns the settings that the table's policies read the tenant from, with
// the row's tenants: a session that may not become the seeder needs them to write the row.
func (r *row) tenantSettings() map[string]string {
	var out map[string]string
	for _, l := range r.table.levels {
		if l.tenant.Setting == "" || sqltext.IsRoleSetting(l.tenant.Setting) || !r.table.relation.RLS {
			continue
		}
		if key := r.tenantKeyOf(l.tenant.Name); len(key) == 1 {
			if _, unknown := key[0].(pending); !unknown {
				if out == nil {
					out = map[string]string{}
				}
				out[l.tenant.Setting] = display(key[0])
			}
		}
	}
	return out
}
