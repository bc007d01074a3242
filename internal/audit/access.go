package audit

import (
	"context"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// Reach is how far a command of a role gets in a table.
type Reach string

// Reaches, from nowhere to everywhere.
const (
	Denied     Reach = "denied"     // it is not granted
	Nothing    Reach = "nothing"    // it is granted, and no policy lets it reach a row
	OfTenant   Reach = "tenant"     // rows of the session's tenant of the innermost level
	OfOuter    Reach = "outer"      // rows of the session's tenant of a level above
	Everything Reach = "everything" // every row
)

// Commands of the matrix, in the order of Table.Reach.
var Commands = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"}

// Access is the isolation matrix: what each role can do to each table by what the
// catalog says. What was tried is in a Report's findings.
type Access struct {
	Roles  []AccessRole
	Tables []AccessTable
}

// AccessRole is a column of the matrix.
type AccessRole struct {
	Name string
	// Part it plays: application, across tenants, owner, or what it is granted only.
	Part string
	// Unbound says that row-level security does not apply to it.
	Unbound bool
}

// AccessTable is a row of the matrix.
type AccessTable struct {
	Name string
	// Scope is the level that its rows belong to; "" where nobody owns them.
	Scope string
	// Aggregate says that it is read across tenants too.
	Aggregate bool
	// Reach by role, then by command.
	Reach [][]Reach
}

// ReadAccess makes the matrix from the catalog and the Model.
func ReadAccess(ctx context.Context, db seedbed.DB, opt Options) (*Access, error) {
	a := &audit{ctx: ctx, db: db, opt: opt, report: &Report{}}
	if err := a.prepare(); err != nil {
		return nil, err
	}
	defer a.eyes.close()
	if err := a.tenancy(); err != nil {
		return nil, err
	}
	roles, matrix := a.accessRoles(), &Access{}
	for _, r := range roles {
		matrix.Roles = append(matrix.Roles, AccessRole{Name: r.Name, Part: a.part(r), Unbound: r.Super || r.BypassRLS})
	}
	for _, r := range a.tables {
		if r.Bookkeeping() {
			continue
		}
		t := AccessTable{Name: a.name(r)}
		s := a.subject(r)
		if s != nil {
			t.Scope, t.Aggregate = s.innermost(), s.agg != nil
		}
		for _, role := range roles {
			t.Reach = append(t.Reach, a.reaches(r, s, role))
		}
		matrix.Tables = append(matrix.Tables, t)
	}
	return matrix, nil
}

// accessRoles are the application's, then owners, then whoever else was granted
// something. Superusers and Postgres's own roles are left out.
func (a *audit) accessRoles() []*catalog.Role {
	out := a.roles.all()
	add := func(name string) {
		if r := a.cat.Role(name); r != nil && !r.Super && !strings.HasPrefix(name, "pg_") && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, t := range a.tables {
		add(t.Owner)
	}
	for _, t := range a.tables {
		for _, g := range t.Grants {
			add(g.Grantee)
		}
	}
	return out
}

func (a *audit) part(r *catalog.Role) string {
	switch {
	case slices.Contains(a.roles.app, r):
		return "application"
	case slices.Contains(a.roles.across, r):
		return "across tenants"
	case slices.ContainsFunc(a.tables, func(t *catalog.Relation) bool { return t.Owner == r.Name }):
		return "owner"
	case r.BypassRLS:
		return "bypasses policies"
	}
	return "granted"
}

func (a *audit) reaches(r *catalog.Relation, s *subject, role *catalog.Role) []Reach {
	out := make([]Reach, len(Commands))
	for i, command := range Commands {
		switch {
		case role.Name != r.Owner && privilege(role, r, command) == "":
			out[i] = Denied
		case command == "TRUNCATE", role.Super, role.BypassRLS, !r.RLS, role.Name == r.Owner && !r.ForceRLS:
			out[i] = Everything
		default:
			out[i] = a.reach(r, s, role, command)
		}
	}
	return out
}

// reach is how far policies let a command: permissive ones add up, restrictive ones
// all have to hold.
func (a *audit) reach(r *catalog.Relation, s *subject, role *catalog.Role, command string) Reach {
	far := []Reach{Nothing, OfTenant, OfOuter, Everything}
	most, least := 0, len(far)-1
	for _, p := range r.Policies {
		if !p.Covers(command) || !applies(p, role) {
			continue
		}
		got := slices.Index(far, a.allows(s, p, command))
		if p.Permissive {
			most = max(most, got)
		} else {
			least = min(least, got)
		}
	}
	return far[min(most, least)]
}

func (a *audit) allows(s *subject, p *catalog.Policy, command string) Reach {
	expr := p.Using
	if command == "INSERT" && p.WithCheck != "" {
		expr = p.WithCheck
	}
	switch {
	case expr == "false":
		return Nothing
	case s == nil && len(a.settingsIn(expr)) > 0:
		return OfTenant // the table is nobody's, and shows what concerns the session's
	case s == nil:
		return Everything
	case a.bound(sqltext.Tokens(expr), s, s.scopes[:min(1, len(s.scopes))]):
		return OfTenant
	case a.bound(sqltext.Tokens(expr), s, s.scopes):
		return OfOuter
	}
	return Everything
}
