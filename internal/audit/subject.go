package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
)

// subject is a table whose rows belong to tenants, or are tenants.
type subject struct {
	rel  *catalog.Relation
	name string
	node *graph.Table // of a partition, its root's
	// scopes that columns of its own carry, innermost first; those of a tenants'
	// table begin with its key.
	scopes []seedbed.Scoped
	via    []seedbed.Scoped // those that lead through another row
	tenant string           // the level whose tenants the rows are, or ""
	agg    *seedbed.Aggregate
}

// direct are the scopes by columns, without that of a tenant by its own key.
func (s *subject) direct() []seedbed.Scoped {
	if s.tenant == "" {
		return s.scopes
	}
	return s.scopes[1:]
}

// at is how columns of a subject carry a level's tenant.
func (s *subject) at(level string) (seedbed.Scoped, bool) {
	for _, sc := range s.direct() {
		if sc.Tenant == level {
			return sc, true
		}
	}
	return seedbed.Scoped{}, false
}

func (a *audit) gatherSubjects() {
	a.relations, a.subjectOf, a.ownOnly = map[string][]*catalog.Relation{}, map[*catalog.Relation]*subject{}, map[*subject]bool{}
	for _, r := range a.cat.Relations {
		a.relations[r.Name] = append(a.relations[r.Name], r)
	}
	for _, r := range a.tables {
		s := &subject{rel: r, name: a.name(r), node: a.graph.Of(r)}
		if t, ok := a.model.TenantTable(s.name); ok {
			s.tenant = t.Name
			s.scopes = append(s.scopes, seedbed.Scoped{Table: s.name, Tenant: t.Name, Columns: t.Key})
		}
		for _, sc := range a.model.Scopes(s.name) {
			if len(sc.Columns) > 0 {
				s.scopes = append(s.scopes, sc)
			} else {
				s.via = append(s.via, sc)
			}
		}
		if agg, ok := a.model.Aggregate(s.name); ok {
			s.agg = &agg
		}
		if len(s.scopes)+len(s.via) > 0 {
			a.subjects = append(a.subjects, s)
			a.subjectOf[r] = s
			if r.RLS || len(r.Policies) > 0 {
				a.usesRLS = true
			}
		}
	}
}

// subject of a relation; of a partition, that of its root.
func (a *audit) subject(r *catalog.Relation) *subject {
	return a.subjectOf[r.Root()]
}

// innermost is the level that a subject's rows belong to first.
func (s *subject) innermost() string {
	if len(s.scopes) > 0 {
		return s.scopes[0].Tenant
	}
	return s.via[0].Tenant
}

// pieces are a subject and its partitions and heirs, each as a subject of its own: who
// owns one, and what was granted on it or declared on it alone, holds for it alone.
func (a *audit) pieces(s *subject) []*subject {
	var out []*subject
	for _, r := range a.withPartitions(s.rel) {
		piece := *s
		piece.rel, piece.name = r, a.name(r)
		out = append(out, &piece)
	}
	return out
}

func (a *audit) allPieces() []*subject {
	var out []*subject
	for _, s := range a.subjects {
		out = append(out, a.pieces(s)...)
	}
	return out
}

// withArticle is a level's name after a or an: an account, a user.
func withArticle(name string) string {
	if lower := strings.ToLower(name); strings.ContainsAny(lower[:min(1, len(lower))], "aeiou") && !strings.HasPrefix(lower, "us") && !strings.HasPrefix(lower, "uni") {
		return "an " + name
	}
	return "a " + name
}

// keepsHistory reports whether the rows of a table tell what happened to rows of others, which
// may be gone: it is a log by its name, or its rows have what happened, as versions and events do.
func keepsHistory(r *catalog.Relation) bool {
	w := words(r.Name)
	last := strings.TrimSuffix(w[len(w)-1], "s")
	return isLog(r) || slices.Contains([]string{"version", "revision", "event", "activity", "activitie", "change", "snapshot"}, last) &&
		slices.ContainsFunc(r.Columns, func(c *catalog.Column) bool {
			return slices.Contains([]string{"event", "action", "operation", "op", "verb", "change", "changes", "object_changes", "event_type", "activity_type"}, strings.Join(words(c.Name), "_"))
		})
}

// isLog reports whether a table's name says that it keeps what has happened.
func isLog(r *catalog.Relation) bool {
	return slices.ContainsFunc(words(r.Name), func(w string) bool {
		return slices.Contains([]string{"audit", "audits", "log", "logs", "history", "journal", "archive", "archives", "backup", "backups"}, strings.ToLower(w))
	})
}
