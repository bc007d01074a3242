package seedbed

import (
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
)

// weigh counts what speaks for a candidate.
func (d *discoverer) weigh(l *level) {
	for r, c := range l.carriers {
		if c.Required() {
			l.required++
		}
		d.weighPolicies(l, r, c)
		for _, fk := range r.ForeignKeys() {
			if other := l.carriers[fk.Ref.Root()]; other != nil && !fk.Inherited && len(fk.Columns) > 1 {
				if i := slices.Index(fk.Columns, c.Name); i >= 0 && fk.RefColumns[i] == other.Name {
					l.joint++
				}
			}
		}
	}
	if l.table != nil {
		d.weighPolicies(l, l.table, l.own)
	}
	others := len(d.tables)
	if l.table != nil {
		others--
	}
	l.coverage = float64(len(l.carriers)) / float64(max(1, others))
	l.led = d.reachable(l)
	l.reach = float64(l.led) / float64(max(1, others))
}

func (d *discoverer) weighPolicies(l *level, r *catalog.Relation, c *catalog.Column) {
	seen := false
	for _, p := range d.policy[r] {
		if p.column != c.Name {
			continue
		}
		if p.setting != "" {
			l.settings[p.setting]++
		}
		seen = true
	}
	if seen {
		l.policies++
	}
}

// reachable counts the tables whose rows must have a way to the level's tenants.
func (d *discoverer) reachable(l *level) int {
	in := map[*catalog.Relation]bool{}
	for r := range l.carriers {
		in[r] = true
	}
	for grown := true; grown; {
		grown = false
		for _, r := range d.tables {
			if in[r] || r == l.table {
				continue
			}
			for _, fk := range r.ForeignKeys() {
				if in[fk.Ref.Root()] && !fk.Nullable() {
					in[r], grown = true, true
					break
				}
			}
		}
	}
	return len(in)
}

// strength orders candidates: what policies compare comes first, then names, then
// how many tables carry it.
func (l *level) strength() float64 {
	s := float64(l.grade) + 2*l.coverage
	if l.policies > 0 {
		s += 2 + float64(l.policies)/float64(len(l.carriers)+1)
	}
	if l.joint > 0 {
		s++
	}
	return s
}

// judge decides on a candidate, stronger ones accepted before. It returns the
// reason, or "" to refuse.
func (d *discoverer) judge(l *level) string {
	first := len(d.accept) == 0
	share := 1.0
	if !first {
		share = l.coverage / max(0.01, d.accept[0].coverage)
	}
	if d.taken(l) {
		return ""
	}
	widely := len(l.carriers) > 1 && l.coverage >= 0.3
	switch {
	case l.grade == sureGrade:
		return "its columns are named for a tenant"
	case l.policies > 0 && l.grade > 0 && (first || share >= 0.2 || len(l.settings) > 0 && !d.sharesSetting(l)):
		return "row-level security compares its columns with the session's tenant"
	case l.policies > 0 && first && l.coverage >= 0.3:
		return "row-level security compares its columns with something of the session"
	case l.joint >= 2 && l.grade > 0 && (first || share >= 0.5):
		return "foreign keys between the tables that carry it include it"
	case l.joint >= 3 && first && l.coverage >= 0.5:
		return "foreign keys between the tables that carry it include it"
	case first && l.grade == strongGrade && (l.coverage >= 0.3 || l.reach >= 0.5):
		return "most tables lead to it, and it is named as tenants are"
	case first && l.grade == mediumGrade && l.reach >= 0.75 && l.required > 1:
		return "three quarters of the tables lead to it, and tenants are often called that"
	case first && l.grade > 0 && l.coverage >= 0.5 && l.required > 0:
		return "at least half of the tables carry it, and tenants are sometimes called that"
	case !first && widely && l.grade == strongGrade && share >= 0.5,
		!first && widely && l.grade > 0 && share >= 0.8 && l.subject != "owner":
		return fmt.Sprintf("nearly as many tables carry it as carry %s", d.accept[0].subject)
	}
	return ""
}

// taken reports whether a stronger candidate already is this level under another
// column name, such as default_space_id beside space_id.
func (d *discoverer) taken(l *level) bool {
	return slices.ContainsFunc(d.accept, func(a *level) bool { return a.table != nil && a.table == l.table })
}

func (d *discoverer) sharesSetting(l *level) bool {
	return slices.ContainsFunc(d.accept, func(a *level) bool {
		for s := range l.settings {
			if a.settings[s] > 0 {
				return true
			}
		}
		return false
	})
}
