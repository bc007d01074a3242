package audit

import (
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// rowSecurity checks, table by table, that policies apply, to every role, to every
// command, and that each keeps to the tenant.
func (a *audit) rowSecurity() error {
	if !a.usesRLS {
		return nil
	}
	for _, r := range a.cat.Relations {
		if r.IsTable() && !r.RLS && len(r.Policies) > 0 && a.subject(r) == nil {
			a.find(report.Finding{Rule: "rls-enabled", Object: a.name(r),
				Message: fmt.Sprintf("%s has %s, and row-level security is not enabled: they do nothing", a.name(r), policies(len(r.Policies))),
				Fix:     fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", r.Ident())})
		}
	}
	for _, s := range a.subjects {
		a.protected(s, s.rel)
		for _, role := range a.roles.all() {
			a.commands(s, role)
		}
		for _, p := range a.withPartitions(s.rel) {
			for _, policy := range p.Policies {
				a.policy(s, policy)
			}
			if p != s.rel {
				a.partition(s, p)
			}
		}
	}
	a.helpers()
	return nil
}

func policies(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return fmt.Sprintf("%d policies", n)
}

// withPartitions is a table and everything below it: partitions and heirs.
func (a *audit) withPartitions(r *catalog.Relation) []*catalog.Relation {
	out := []*catalog.Relation{r}
	for _, c := range r.Children {
		out = append(out, a.withPartitions(c)...)
	}
	return out
}

func (a *audit) protected(s *subject, r *catalog.Relation) {
	switch {
	case !r.RLS && !a.reachedByOthers(r):
	case !r.RLS:
		a.find(report.Finding{Rule: "rls-enabled", Cause: "no row-level security", Object: s.name,
			Message: fmt.Sprintf("row-level security is not enabled on %s, whose rows belong to tenants", s.name),
			Fix:     a.protect(s), Declare: a.onPurpose(s)})
	case !r.ForceRLS && !a.unbound(r.Owner) && !a.readByHelper(r) && (a.letsIn(r, r.Owner) || a.actsAs(r.Owner) != ""):
		severity := report.Severity("")
		if !a.forces() { // owners pass policies in all of the schema: provisioning rests on it
			severity = report.Advice
		}
		a.find(report.Finding{Rule: "rls-forced", Severity: severity, Cause: "not forced", Object: s.name, Role: a.actsAs(r.Owner),
			Message: fmt.Sprintf("row-level security is not forced on %s: its owner, %s, sees every tenant", s.name, r.Owner),
			Fix:     fmt.Sprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY", r.Ident())})
	}
}

// protect is SQL that gives a table row-level security: with a policy where it has none
// and the Model says which setting holds the key in one of its columns.
func (a *audit) protect(s *subject) string {
	sql := a.enable(s.rel)
	if len(s.rel.Policies) > 0 {
		return sql
	}
	if scopes := a.accepted(s, true); s.tenant == "" && s.agg == nil && len(scopes) > 0 {
		if condition := a.ofSession(s.rel, scopes[:1]); condition != "" {
			return fmt.Sprintf("%s; CREATE POLICY tenant ON %s USING (%s)", sql, s.rel.Ident(), condition)
		}
	}
	return sql + "; /* and CREATE POLICY: without one no row is reached */"
}

// enable is SQL that switches row-level security on, for the owner too unless a function
// that policies call reads the table as its owner.
func (a *audit) enable(r *catalog.Relation) string {
	sql := fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", r.Ident())
	if a.readByHelper(r) {
		return sql
	}
	return sql + ", FORCE ROW LEVEL SECURITY"
}

// readByHelper reports whether a function that policies call reads a table as its owner:
// a helper that looks memberships up could not, were row-level security forced.
func (a *audit) readByHelper(r *catalog.Relation) bool {
	if a.helped == nil {
		a.helped = map[*catalog.Relation]bool{}
		for _, f := range a.cat.Functions {
			if !f.SecurityDefiner || f.Returns == "trigger" || !a.calledByPolicies(f) {
				continue
			}
			for _, s := range a.touches(f, 0) {
				a.helped[s.rel] = a.helped[s.rel] || s.rel.Owner == f.Owner
			}
		}
	}
	return a.helped[r]
}

func (a *audit) calledByPolicies(f *catalog.Function) bool {
	if a.inPolicy == nil {
		a.inPolicy = map[string]bool{}
		for _, r := range a.cat.Relations {
			for _, p := range r.Policies {
				for _, t := range a.expanded(sqltext.Tokens(p.Using+" "+p.WithCheck), 0) {
					a.inPolicy[t.Text] = a.inPolicy[t.Text] || t.IsIdentifier()
				}
			}
		}
	}
	return a.inPolicy[f.Name]
}

// reachedByOthers reports whether a role holds any privilege on a table beside its owner
// and those whom no policy binds.
func (a *audit) reachedByOthers(r *catalog.Relation) bool {
	grants := slices.Clone(r.Grants)
	for _, c := range r.Columns {
		grants = append(grants, c.Grants...)
	}
	return len(a.roles.all()) == 0 || slices.ContainsFunc(grants, func(g catalog.Grant) bool {
		return g.Grantee != r.Owner && len(g.Privileges) > 0 && !a.unbound(g.Grantee)
	})
}

// letsIn reports whether a policy is for a role: one that none is for is locked out where
// row-level security is forced.
func (a *audit) letsIn(r *catalog.Relation, name string) bool {
	role := a.cat.Role(name)
	return role != nil && slices.ContainsFunc(r.Policies, func(p *catalog.Policy) bool { return p.Permissive && applies(p, role) })
}

// forces reports whether the schema forces row-level security on any table.
func (a *audit) forces() bool {
	return slices.ContainsFunc(a.subjects, func(s *subject) bool { return s.rel.RLS && s.rel.ForceRLS })
}

// actsAs is the first of the application's roles that is another role, or can become it.
func (a *audit) actsAs(name string) string {
	for _, role := range a.roles.all() {
		if mayAct(role, name) {
			return role.Name
		}
	}
	return ""
}

// unbound reports whether no policy binds a role, forced or not.
func (a *audit) unbound(role string) bool {
	r := a.cat.Role(role)
	return r != nil && (r.Super || r.BypassRLS)
}

// partition wants row-level security on what can be queried around its parent.
func (a *audit) partition(s *subject, p *catalog.Relation) {
	var what string
	switch {
	case !p.RLS && !s.rel.RLS && len(s.rel.Policies) == 0:
		return // nor has the parent: that is said there
	case !p.RLS:
		what = "has no row-level security of its own: a query of it passes the parent's policies by"
	case !p.ForceRLS && s.rel.ForceRLS && !a.unbound(p.Owner):
		what = "does not force row-level security, as its parent does"
	default:
		return
	}
	a.find(report.Finding{Rule: "partition-open", Cause: "partitions of " + s.name, Object: a.name(p),
		Message: fmt.Sprintf("partition %s of %s %s", a.name(p), s.name, what),
		Fix:     a.enable(p) + "; /* without policies it is closed */"})
}
