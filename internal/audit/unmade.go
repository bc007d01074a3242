package audit

import (
	"slices"

	"github.com/qarion/seedbed/internal/report"
)

// unmade is something that sessions of the application need, and that could not be made:
// what it kept from being tried is one part that was not checked.
type unmade struct {
	part   string
	none   string   // says that it could not be made
	tables []string // that were not tried for want of it
	why    string   // of the first of them
}

// lack notes that a table could not be tried for want of something.
func (p *prober) lack(part, none, table, why string) {
	i := slices.IndexFunc(p.unmade, func(u unmade) bool { return u.part == part })
	if i < 0 {
		i = len(p.unmade)
		p.unmade = append(p.unmade, unmade{part: part, none: none, why: why})
	}
	if u := &p.unmade[i]; !contains(u.tables, table) {
		u.tables = append(u.tables, table)
	}
}

// probesOf is the part of an audit that tries a table.
func probesOf(table string) string { return "probes of " + table }

// beyondMembership is what policies may ask of a session besides being a tenant's.
const beyondMembership = "rights beyond membership"

const noRows = "it has no rows of two tenants, and none could be made"

// tellUnmade reports what was noted.
func (p *prober) tellUnmade() {
	for _, u := range p.unmade {
		if u.part != probesOf(u.tables[0]) || len(u.tables) > 1 {
			u.none += ", so what reaches " + report.Several(u.tables) + " was not tried"
		}
		p.a.unchecked(u.part, "%s: %s", u.none, u.why)
	}
	p.unmade = nil
}
