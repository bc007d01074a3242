package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// views finds what shows scoped rows with its owner's eyes.
func (a *audit) views() error {
	for _, v := range a.cat.Relations {
		if !v.IsView() {
			continue
		}
		var shows []string
		for _, r := range v.ReadsDeep() {
			if s := a.subject(r); s != nil && !slices.Contains(shows, s.name) {
				shows = append(shows, s.name)
			}
		}
		if len(shows) == 0 {
			continue
		}
		if v.Kind == catalog.MaterializedView {
			a.matview(v, shows)
		} else {
			a.view(v, shows)
		}
	}
	return nil
}

func (a *audit) view(v *catalog.Relation, shows []string) {
	if v.Option("security_invoker") {
		return
	}
	if a.usesRLS {
		a.find(Finding{Rule: "view-security-invoker", Object: a.name(v),
			Message: fmt.Sprintf("view %s reads %s as its owner, %s, not as who queries it", a.name(v), strings.Join(shows, ", "), v.Owner),
			Fix:     fmt.Sprintf("ALTER VIEW %s SET (security_invoker = true)", v.Ident())})
	}
	if len(a.settingsIn(v.Definition)) > 0 && !v.Option("security_barrier") {
		a.find(Finding{Rule: "view-security-barrier", Object: a.name(v),
			Message: fmt.Sprintf("view %s filters tenants, and a function in a query's WHERE may see the rows before that", a.name(v)),
			Fix:     fmt.Sprintf("ALTER VIEW %s SET (security_barrier = true)", v.Ident())})
	}
}

// matview: no policy applies to a materialized view, whoever reads it.
func (a *audit) matview(v *catalog.Relation, shows []string) {
	var who []string
	for _, role := range a.roles.all() {
		if via := privilege(role, v, "SELECT"); via != "" && !role.Super {
			who = append(who, role.Name)
		}
	}
	for _, g := range v.Grants {
		if g.Grantee == "public" && g.Has("SELECT") {
			who = append(who, "everybody")
		}
	}
	if len(who) > 0 {
		slices.Sort(who)
		a.find(Finding{Rule: "matview-granted", Object: a.name(v),
			Message: fmt.Sprintf("%s may read materialized view %s, which holds rows of %s of every tenant", strings.Join(slices.Compact(who), ", "), a.name(v), strings.Join(shows, ", ")),
			Fix:     fmt.Sprintf("REVOKE SELECT ON %s, and grant a view with security_barrier over it that filters by tenant", v.Ident())})
	}
}

// functions finds those that run with more rights than their caller.
func (a *audit) functions() error {
	for _, f := range a.cat.Functions {
		name := f.Schema + "." + f.Name + "(" + f.Args + ")"
		if f.SecurityDefiner {
			a.definer(f, name)
		}
		if f.Leakproof && f.Language != "internal" && f.Language != "c" {
			a.find(Finding{Rule: "function-leakproof", Object: name,
				Message: fmt.Sprintf("function %s is LEAKPROOF: Postgres may run it on rows before their policy has been looked at", name),
				Fix:     fmt.Sprintf("ALTER FUNCTION %s NOT LEAKPROOF", name)})
		}
	}
	return nil
}

func (a *audit) definer(f *catalog.Function, name string) {
	if _, pinned := f.Config["search_path"]; !pinned {
		a.find(Finding{Rule: "definer-search-path", Object: name,
			Message: fmt.Sprintf("function %s runs as %s (SECURITY DEFINER) with the caller's search_path", name, f.Owner),
			Fix:     fmt.Sprintf("ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp, and qualify what it names", name)})
	}
	if !a.usesRLS || !a.callable(f) {
		return
	}
	for _, s := range a.subjects {
		if a.passes(f.Owner, s.rel) && slices.ContainsFunc(lex(f.Body), func(t token) bool { return t.kind == nameToken && t.text == s.rel.Name }) {
			a.find(Finding{Rule: "definer-bypasses-rls", Object: name,
				Message: fmt.Sprintf("function %s reads %s as %s, to whom row-level security does not apply, and the application may call it", name, s.name, f.Owner),
				Fix:     fmt.Sprintf("ALTER FUNCTION %s SECURITY INVOKER, or REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC", name, name)})
			return
		}
	}
}

func (a *audit) callable(f *catalog.Function) bool {
	if len(a.roles.all()) == 0 {
		return true
	}
	for _, role := range a.roles.all() {
		for _, g := range f.Grants {
			if g.Has("EXECUTE") && belongs(role, g.Grantee) {
				return true
			}
		}
	}
	return false
}

// passes reports whether row-level security of a table is nothing to a role.
func (a *audit) passes(role string, r *catalog.Relation) bool {
	o := a.cat.Role(role)
	if o == nil {
		return false
	}
	if o.Super || o.BypassRLS || !r.RLS || r.Owner == role && !r.ForceRLS {
		return true
	}
	// An owner's own policy for provisioning lets everything through.
	return slices.ContainsFunc(r.Policies, func(p *catalog.Policy) bool {
		return p.Permissive && slices.Contains(p.Roles, role) && p.Using == "true"
	})
}
