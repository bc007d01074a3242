package seedbed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/infer"
)

// Discover reads a Model from a database that no one has described. It looks at
// policies, foreign keys, composite keys, checks, generated columns and, last, at
// names; every conclusion comes with its reasons, and what stays open is among the
// Doubts. The Model is valid: Validate finds nothing to say about it. A schema
// without tenancy gives an empty Model, which is no error.
//
// Beside the catalog it reads the first ten thousand rows of tables with polymorphic
// pairs, the keys that their ids may be of, and the discriminators of tables that
// others extend. It writes nothing. 150 tables take about a tenth of a second.
func Discover(ctx context.Context, db DB) (*Discovery, error) {
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, fmt.Errorf("discover model: %w", err)
	}
	found, err := infer.Infer(ctx, cat, db)
	if err != nil {
		return nil, fmt.Errorf("discover model: %w", err)
	}
	d := &Discovery{Model: modelOf(cat, found), Doubts: found.Doubts}
	for _, e := range found.Evidence {
		d.Evidence = append(d.Evidence, Evidence{e.Conclusion, e.Reasons})
	}
	d.retract(cat)
	return d, nil
}

// retract turns declarations that the catalog contradicts into doubts.
func (d *Discovery) retract(cat *catalog.Catalog) {
	var invalid *InvalidError
	for range 3 { // what depends on a declaration falls after it
		if !errors.As(d.validate(cat), &invalid) {
			return
		}
		var names []string
		for _, p := range invalid.Problems {
			d.Doubts = append(d.Doubts, fmt.Sprintf("%s is likely, but does not fit: %s", p.Declaration, p.Message))
			names = append(names, p.Declaration)
		}
		d.Model = d.Without(names...)
		d.Evidence = slices.DeleteFunc(d.Evidence, func(e Evidence) bool { return slices.Contains(names, e.Conclusion) })
	}
}

// modelOf writes what was inferred as a Model, sorted as Model.String sorts.
func modelOf(cat *catalog.Catalog, found *infer.Result) Model {
	c := converter{cat}
	m := Model{}
	for _, l := range found.Levels {
		m.Tenants = append(m.Tenants, c.tenant(l))
	}
	for _, s := range found.Scopes {
		if s.Across != nil {
			m.Aggregates = append(m.Aggregates, Aggregate{Table: c.name(s.Table), Tenant: s.Level.Name, Columns: s.Columns, Across: s.Across.Name, AcrossColumns: s.AcrossColumns})
			continue
		}
		m.Scoped = append(m.Scoped, Scoped{Table: c.name(s.Table), Tenant: s.Level.Name, Columns: s.Columns, Via: c.ref(s.Via), Optional: s.Optional})
	}
	for _, r := range found.Global {
		m.Global = append(m.Global, c.name(r))
	}
	for _, p := range found.Pairs {
		m.Polymorphic = append(m.Polymorphic, c.pair(p))
	}
	for _, b := range found.Bases {
		m.Inheritance = append(m.Inheritance, c.inheritance(b))
	}
	for _, s := range found.Memberships {
		m.Memberships = append(m.Memberships, Membership{Table: c.name(s.Table), Tenant: s.Level.Name, Columns: s.Columns, User: s.User,
			Setting: s.Setting, Claim: s.Claim, Session: c.ref(s.Session)})
	}
	sortByText(m.Tenants)
	sortByText(m.Scoped)
	sortByText(m.Polymorphic)
	slices.Sort(m.Global)
	return m
}

func sortByText[T fmt.Stringer](items []T) {
	slices.SortFunc(items, func(a, b T) int {
		switch x, y := a.String(), b.String(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

// converter names relations as the Model does.
type converter struct{ cat *catalog.Catalog }

func (c converter) name(r *catalog.Relation) string {
	if r == nil {
		return ""
	}
	return c.cat.Name(r)
}

func (c converter) ref(r infer.Ref) Ref {
	return Ref{Columns: r.Columns, Table: c.name(r.Table), Key: r.Key}
}

func (c converter) tenant(l *infer.Level) Tenant {
	t := Tenant{Name: l.Name, Table: c.name(l.Table), Key: l.Key, Setting: l.Identity.Setting, Claim: l.Identity.Claim, Session: c.ref(l.Identity.Session)}
	if l.Parent != nil {
		t.Parent, t.ParentColumns = l.Parent.Name, l.ParentColumns
	}
	return t
}

func (c converter) pair(p *infer.Pair) Polymorphic {
	out := Polymorphic{Table: c.name(p.Table), Type: p.Type.Name, ID: p.ID.Name, Tenant: p.Tenant}
	for _, t := range p.Targets {
		out.Targets = append(out.Targets, Target{Type: t.Value, Table: c.name(t.Table), Key: t.Key, Shadow: t.Shadow})
	}
	return out
}

func (c converter) inheritance(b *infer.Base) Inheritance {
	out := Inheritance{Table: c.name(b.Table), Key: b.Key, Discriminator: b.Discriminator}
	for _, s := range b.Subtypes {
		out.Subtypes = append(out.Subtypes, Subtype{Value: s.Value, Table: c.name(s.Table), Key: s.Key, Discriminator: s.Discriminator, Column: s.Column})
	}
	return out
}
