package catalog

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// Role of the cluster.
type Role struct {
	Name       string
	Super      bool
	BypassRLS  bool
	CreateRole bool
	CreateDB   bool
	Inherit    bool
	Login      bool
	Config     []string // ALTER ROLE … SET, as name=value
	MemberOf   []Membership
}

// Membership says that a role is a member of another.
type Membership struct {
	Role    *Role
	Inherit bool // uses its privileges without SET ROLE
	Set     bool // may SET ROLE to it
	Admin   bool // may grant it
}

// Reaches lists every role that r can act as, itself first: those it inherits
// from or may SET ROLE to, however far.
func (r *Role) Reaches() []*Role {
	out := []*Role{r}
	seen := map[*Role]bool{r: true}
	for i := 0; i < len(out); i++ {
		for _, m := range out[i].MemberOf {
			if (m.Inherit || m.Set) && !seen[m.Role] {
				seen[m.Role] = true
				out = append(out, m.Role)
			}
		}
	}
	return out
}

// Grant is what one grantee may do with an object.
type Grant struct {
	Grantee    string // a role, or "public" for everyone
	Grantor    string
	Privileges []string // SELECT, INSERT, …, in Postgres's order
	Grantable  []string // those held WITH GRANT OPTION
}

// Has reports whether the grant holds a privilege such as "SELECT".
func (g Grant) Has(privilege string) bool {
	for _, p := range g.Privileges {
		if p == privilege {
			return true
		}
	}
	return false
}

const rolesSQL = `
select rolname::text, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, rolcanlogin, coalesce(rolconfig, '{}')
from pg_roles order by rolname`

func (l *loader) readRoles(rows pgx.Rows) error {
	var r Role
	_, err := pgx.ForEachRow(rows, []any{&r.Name, &r.Super, &r.BypassRLS, &r.CreateRole, &r.CreateDB, &r.Inherit,
		&r.Login, &r.Config}, func() error {
		role := r
		r.Config = nil
		l.cat.roles[role.Name] = &role
		l.cat.Roles = append(l.cat.Roles, &role)
		return nil
	})
	return err
}

// inherit_option and set_option are Postgres 16's; before, the member's own
// rolinherit decided, and SET ROLE was always allowed. The bare names mean those
// of late where pg_auth_members lacks them.
const membershipsSQL = `
select u.rolname::text, r.rolname::text,
       bool_or(coalesce(m.inherits, u.rolinherit)), bool_or(m.sets), bool_or(m.admin_option)
from (select null::bool as inherit_option, true as set_option) late
cross join lateral (select *, inherit_option as inherits, set_option as sets from pg_auth_members) m
join pg_roles r on r.oid = m.roleid
join pg_roles u on u.oid = m.member
group by 1, 2 order by 1, 2`

func (l *loader) readMemberships(rows pgx.Rows) error {
	var member, role string
	var m Membership
	_, err := pgx.ForEachRow(rows, []any{&member, &role, &m.Inherit, &m.Set, &m.Admin}, func() error {
		u, r := l.cat.roles[member], l.cat.roles[role]
		if u != nil && r != nil {
			m.Role = r
			u.MemberOf = append(u.MemberOf, m)
		}
		return nil
	})
	return err
}

var privilegeNames = map[byte]string{
	'r': "SELECT", 'a': "INSERT", 'w': "UPDATE", 'd': "DELETE", 'D': "TRUNCATE", 'x': "REFERENCES", 't': "TRIGGER",
	'm': "MAINTAIN", 'X': "EXECUTE", 'U': "USAGE", 'C': "CREATE", 'c': "CONNECT", 'T': "TEMPORARY", 's': "SET", 'A': "ALTER SYSTEM",
}

// ParseACL reads aclitems: grantee=privileges/grantor, * marking grant options.
func ParseACL(items []string) []Grant {
	var out []Grant
	for _, item := range items {
		grantee, rest := aclName(item)
		rest = strings.TrimPrefix(rest, "=")
		letters, after, _ := strings.Cut(rest, "/")
		grantor, _ := aclName(after)
		if grantee == "" {
			grantee = "public"
		}
		g := Grant{Grantee: grantee, Grantor: grantor}
		for i := 0; i < len(letters); i++ {
			name := privilegeNames[letters[i]]
			if name == "" {
				continue
			}
			g.Privileges = append(g.Privileges, name)
			if i+1 < len(letters) && letters[i+1] == '*' {
				g.Grantable = append(g.Grantable, name)
			}
		}
		out = append(out, g)
	}
	return out
}

// aclName cuts a role name, quoted where it must be, off an aclitem.
func aclName(s string) (name, rest string) {
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexAny(s, "=/")
		if i < 0 {
			return s, ""
		}
		return s[:i], s[i:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), s[i+1:]
	}
	return b.String(), ""
}
