package factory

// seederRole bypasses row-level security; the server's set-up, or the reference
// schema, provides it.
const seederRole = "seedbed_seeder"

// stepUpSQL takes the seeder's role for the rest of the transaction, where all of
// that holds: row-level security applies to the session on one of the tables, the
// role exists and bypasses it, the session may take it, and it may write there.
// One statement decides and acts, so that it can travel with the rows.
// set_config('role') is SET LOCAL ROLE that may be part of a batch's implicit
// transaction without a warning.
const stepUpSQL = `select set_config('role', r.rolname, true)
from pg_roles r
where r.rolname = $1 and r.rolbypassrls
and pg_has_role(session_user, r.oid, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
and exists (select from unnest($2::text[]) t where row_security_active(t))
and not exists (select from unnest($2::text[]) t
 where not (has_table_privilege(r.oid, t, 'SELECT') and has_table_privilege(r.oid, t, 'INSERT')))`

// noteRoleSQL keeps what to go back to.
const noteRoleSQL = `select set_config('seedbed.role_before', current_setting('role'), true)`

// stepDownSQL goes back, for the sake of a caller whose transaction goes on.
const stepDownSQL = `select set_config('role', current_setting('seedbed.role_before'), true)`

// stepUp queues what lets the rows pass row-level security.
func (b *build) stepUp(control func(string, ...any)) {
	var names []string
	seen := map[*table]bool{}
	for _, d := range b.order {
		if !seen[d.table] && d.table.rel.RLS {
			names = append(names, d.table.rel.Ident())
		}
		seen[d.table] = true
	}
	control(noteRoleSQL)
	control(stepUpSQL, seederRole, names)
}

// guarded reports whether any table of the call has row-level security.
func (b *build) guarded() bool {
	for _, d := range b.order {
		if d.table.rel.RLS {
			return true
		}
	}
	return false
}

// tenantSettings are what policies read the tenant from: for a session that cannot
// step up, they must name the row's own.
func (d *draft) tenantSettings() map[string]string {
	var out map[string]string
	for _, l := range d.table.levels {
		if l.tenant.Setting == "" || !d.table.rel.RLS {
			continue
		}
		if key := d.tenantKey(l.tenant.Name); len(key) == 1 {
			if _, unknown := key[0].(pending); !unknown {
				if out == nil {
					out = map[string]string{}
				}
				out[l.tenant.Setting] = show(key[0])
			}
		}
	}
	return out
}
