package audit

import (
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// global declares a table whose rows every tenant may see.
func (a *audit) global(r *catalog.Relation) *report.Declaration {
	return &report.Declaration{When: "if every tenant may see its rows", Section: "global", Entries: []report.Entry{report.Name(a.name(r))}}
}

// onPurpose declares a scoped table as shared on purpose; nil where it is no table that
// can be: the tenants' own, an aggregate, or one with policies.
func (a *audit) onPurpose(s *subject) *report.Declaration {
	if s.tenant != "" || s.agg != nil || len(s.rel.Policies) > 0 {
		return nil
	}
	return a.global(s.rel)
}

// optional declares that rows of a table may belong to no tenant, at each level whose
// columns may be NULL. The entries of a table replace one another: all are given.
func (a *audit) optional(s *subject) *report.Declaration {
	if s.agg != nil {
		return nil
	}
	d := &report.Declaration{When: "if a row may belong to no tenant", Section: "scoped"}
	for _, sc := range slices.Concat(s.direct(), s.via) {
		may := sc.Optional || slices.ContainsFunc(sc.Columns, func(name string) bool {
			c := s.rel.Column(name)
			return c != nil && !c.Required()
		})
		entry := report.Entry{{Key: "table", Value: s.name}, {Key: "tenant", Value: sc.Tenant}, {Key: "columns", Value: sc.Columns}, {Key: "optional", Value: may}}
		if len(sc.Via.Columns) > 0 {
			entry = append(entry, report.Field{Key: "via", Value: report.Entry{{Key: "columns", Value: sc.Via.Columns}, {Key: "table", Value: sc.Via.Table}, {Key: "key", Value: sc.Via.Key}}})
		}
		d.Entries = append(d.Entries, entry)
	}
	return d
}
