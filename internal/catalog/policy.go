package catalog

import "github.com/jackc/pgx/v5"

// Policy of row-level security.
type Policy struct {
	Name       string
	Table      *Relation
	Command    string   // SELECT, INSERT, UPDATE, DELETE or ALL
	Permissive bool     // otherwise RESTRICTIVE
	Roles      []string // "public" stands for everyone
	Using      string   // "" none
	WithCheck  string   // "" none: USING then serves for writes as well
}

// Covers reports whether the policy applies to a command such as "SELECT".
func (p *Policy) Covers(command string) bool { return p.Command == "ALL" || p.Command == command }

const policiesSQL = `
select p.polrelid, p.polname::text,
       case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end,
       p.polpermissive,
       array(select case r.role when 0 then 'public' else pg_get_userbyid(r.role)::text end from unnest(p.polroles) r(role) order by 1),
       coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where ` + notSystem + `
order by p.polrelid, p.polname`

func (l *loader) readPolicies(rows pgx.Rows) error {
	var p Policy
	var table uint32
	_, err := pgx.ForEachRow(rows, []any{&table, &p.Name, &p.Command, &p.Permissive, &p.Roles, &p.Using, &p.WithCheck},
		func() error {
			policy := p
			p.Roles = nil
			if policy.Table = l.cat.relations[table]; policy.Table != nil {
				policy.Table.Policies = append(policy.Table.Policies, &policy)
			}
			return nil
		})
	return err
}
