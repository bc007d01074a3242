package seedbed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// emit writes what was found as a Model, sorted as Model.String sorts.
func (d *discoverer) emit() {
	m := &d.out.Model
	for _, l := range d.accept {
		d.emitLevel(l)
	}
	for _, r := range d.tables {
		d.emitScopes(r)
	}
	for _, p := range d.found {
		m.Polymorphic = append(m.Polymorphic, d.declare(p))
	}
	m.Inheritance = d.base
	slices.SortFunc(m.Tenants, func(a, b Tenant) int { return strings.Compare(a.String(), b.String()) })
	slices.SortFunc(m.Scoped, func(a, b Scoped) int { return strings.Compare(a.String(), b.String()) })
	slices.SortFunc(m.Polymorphic, func(a, b Polymorphic) int { return strings.Compare(a.String(), b.String()) })
	slices.Sort(m.Global)
	d.emitNothing()
	d.sortEvidence()
}

func (d *discoverer) emitLevel(l *level) {
	t := Tenant{Name: l.name, Setting: l.setting}
	subject := "tenant " + l.name
	d.out.because(subject, l.reasons...)
	d.out.because(subject, fmt.Sprintf("of %d tables %d carry its key, %d of them always; %d have a way to it",
		len(d.tables), len(l.carriers), l.required, l.led))
	if l.table != nil {
		t.Table = d.name(l.table)
		for _, c := range l.key {
			t.Key = append(t.Key, c.Name)
		}
		if l.byNameAlone {
			d.out.doubt("no foreign key references %s: it is taken for the table of tenants by its name", t.Table)
		}
	} else {
		d.out.doubt("tenant level %s has no table here: whether a tenant exists cannot be checked", l.name)
	}
	if l.parent != nil {
		t.Parent, t.ParentColumns = l.parent.name, l.parentCols
		d.out.because(subject, fmt.Sprintf("%s carries %s, by %s", t.Table, t.Parent, list(t.ParentColumns)))
	}
	switch {
	case t.Setting != "":
		d.out.because(subject, fmt.Sprintf("policies compare its key with setting %s", t.Setting))
	case l.policies == 0:
		d.out.doubt("no row-level security policy compares the key of %s: isolation must be in the application, and only data can be checked", l.name)
	default:
		d.out.doubt("the policies on %s read no setting that could be set from outside: see them for how a session says who it is", l.name)
	}
	d.out.Tenants = append(d.out.Tenants, t)
}

func (d *discoverer) emitScopes(r *catalog.Relation) {
	m, name := &d.out.Model, d.name(r)
	for _, s := range d.scopes[r] {
		if s.across != nil {
			m.Aggregates = append(m.Aggregates, Aggregate{Table: name, Tenant: s.level.name, Columns: s.columns, Across: s.across.name, AcrossColumns: s.outer})
			continue
		}
		m.Scoped = append(m.Scoped, Scoped{Table: name, Tenant: s.level.name, Columns: s.columns, Via: s.via, Optional: s.optional})
		if len(s.columns) > 0 && !s.optional && !required(r, s.columns) {
			d.out.doubt("%s%s may be NULL: are such rows everyone's, or nobody's?", name, list(s.columns))
		}
	}
	if len(d.scopes[r]) == 0 && d.isTenantOf(r) == nil && len(d.accept) > 0 {
		m.Global = append(m.Global, name)
		d.out.because("global "+name, "no column carries a tenant, and no required reference leads to a table that has one")
	}
}

func (d *discoverer) declare(p foundPair) Polymorphic {
	out := Polymorphic{Table: d.name(p.table), Type: p.typ, ID: p.id}
	for _, t := range p.targets {
		out.Targets = append(out.Targets, Target{Type: t.value, Table: d.name(t.table), Key: t.key, Shadow: t.shadow})
	}
	for _, s := range d.scopes[p.table] {
		if len(s.columns) == 0 || s.optional {
			continue
		}
		shared := slices.ContainsFunc(p.targets, func(t foundTarget) bool { return slices.Contains(d.inherited(t.table), s.level) })
		if shared && len(out.Tenant) == 0 {
			out.Tenant = s.columns
		}
	}
	return out
}

// emitNothing says what a schema without tenancy means for the rest of the toolkit.
func (d *discoverer) emitNothing() {
	if len(d.accept) > 0 || len(d.tables) == 0 {
		return
	}
	d.out.doubt("no tenancy was found: no column is named for a tenant, no policy compares one, and no table is referenced by most others as tenants are; " +
		"isolation, tenant keys and aggregates cannot be checked, references, pairs and subtypes can")
}

var evidenceOrder = []string{"tenant", "scoped", "aggregate", "global", "pair", "no", "inheritance"}

func (d *discoverer) sortEvidence() {
	rank := func(e Evidence) int {
		kind, _, _ := strings.Cut(e.Conclusion, " ")
		return slices.Index(evidenceOrder, kind)
	}
	for _, a := range d.out.Aggregates {
		d.out.Evidence = slices.DeleteFunc(d.out.Evidence, func(e Evidence) bool { return e.Conclusion == "scoped "+a.Table })
	}
	slices.SortStableFunc(d.out.Evidence, func(a, b Evidence) int {
		if rank(a) != rank(b) {
			return rank(a) - rank(b)
		}
		return strings.Compare(a.Conclusion, b.Conclusion)
	})
}

// schemaPerTenant says when schemas look like copies of one another: then a tenant
// is a schema, which a Model has no word for.
func (d *discoverer) schemaPerTenant() {
	members := map[string][]string{}
	for _, r := range d.tables {
		members[r.Schema] = append(members[r.Schema], r.Name)
	}
	seen := map[string]bool{}
	for _, a := range d.cat.Schemas {
		alike := []string{a.Name}
		for _, b := range d.cat.Schemas {
			if b != a && !seen[b.Name] && copies(members[a.Name], members[b.Name]) {
				alike = append(alike, b.Name)
			}
		}
		if len(alike) < 2 || seen[a.Name] {
			continue
		}
		for _, name := range alike {
			seen[name] = true
		}
		d.out.doubt("schemas %s hold the same tables: if each is a tenant, isolation is a matter of search_path and privileges on schemas, which a Model does not describe; "+
			"check one schema at a time", strings.Join(alike, ", "))
	}
}

func copies(a, b []string) bool {
	common := 0
	for _, name := range a {
		if slices.Contains(b, name) {
			common++
		}
	}
	return common >= 2 && 5*common >= 4*max(len(a), len(b))
}
