package rows

// SeederRole bypasses row-level security; the server's set-up, or the reference
// schema, provides it.
const SeederRole = "seedbed_seeder"

// SaveRoleSQL saves the role that RestoreRoleSQL goes back to.
const SaveRoleSQL = `select set_config('seedbed.role_before', current_setting('role'), true)`

// RestoreRoleSQL goes back to the role that SaveRoleSQL saved, for a caller whose
// transaction continues.
const RestoreRoleSQL = `select set_config('role', current_setting('seedbed.role_before'), true)`

// Purpose is the condition under which a session becomes the seeder, and what for.
type Purpose int

const (
	// ToWriteIfRowSecurity: to write, where row-level security applies to the session on one of
	// the tables.
	ToWriteIfRowSecurity Purpose = iota
	// ToWrite: to write, wherever the session may.
	ToWrite
	// ToRead: to read, wherever the session may; the role need not be able to write.
	ToRead
)

// setRoleSQL takes the role for the rest of the transaction. One statement decides and
// acts, so that it can travel with the rows. set_config('role') is SET LOCAL ROLE
// that may be part of a batch's implicit transaction without a warning.
const setRoleSQL = `select set_config('role', r.rolname, true)
from pg_roles r, (select exists (select from unnest($2::text[]) t where row_security_active(t)) guarded) s
where r.rolname = $1
and pg_has_role(session_user, r.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
and (s.guarded and r.rolbypassrls or not s.guarded and $3::bool)
and not exists (select from unnest($2::text[]) t
 where not (has_table_privilege(r.oid, t, 'SELECT') and ($4::bool or has_table_privilege(r.oid, t, 'INSERT'))))`

// BecomeSeederSQL takes the seeder's role for the rest of the transaction, where all of that
// holds: the role exists, the session may take it, it may read the tables and, but
// for Reading, write them, and row-level security, if it is in the way of one of
// them, is not in the role's. tables are quoted and qualified.
func BecomeSeederSQL(purpose Purpose, tables []string) (sql string, args []any) {
	return setRoleSQL, []any{SeederRole, tables, purpose != ToWriteIfRowSecurity, purpose == ToRead}
}

// queueSeederRole queues what lets the rows pass row-level security.
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

// queueSeederRole queues taking the seeder's role, and what to go back to.
func queueSeederRole(queue func(string, ...any), tables []string) {
	sql, args := BecomeSeederSQL(ToWriteIfRowSecurity, tables)
	queue(SaveRoleSQL)
	queue(sql, args...)
}

// hasRowSecurity reports whether any table of the call has row-level security.
func (b *batch) hasRowSecurity() bool {
	for _, r := range b.toWrite {
		if r.table.relation.RLS {
			return true
		}
	}
	return false
}

// tenantSettings are what policies read the tenant from: for a session that cannot
// become the seeder, they must name the row's own.
func (r *row) tenantSettings() map[string]string {
	var out map[string]string
	for _, l := range r.table.levels {
		if l.tenant.Setting == "" || !r.table.relation.RLS {
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
