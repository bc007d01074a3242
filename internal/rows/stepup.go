package rows

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
	stepUp(control, names)
}

// stepUp queues taking the seeder's role, and what to go back to.
func stepUp(control func(string, ...any), tables []string) {
	sql, args := StepUp(Guarded, tables)
	control(NoteRole)
	control(sql, args...)
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
