package scenario

import (
	"context"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// world makes rows until the first error, which it keeps.
type world struct {
	ctx  context.Context
	db   seedbed.DB
	seed factory.Option
	now  factory.Option
	done int
	err  error
}

// some makes n rows, unless something has gone wrong before: then they are empty.
func some[T factory.Row](w *world, of *factory.Factory[T]) func(n int, options ...factory.Option) []T {
	return func(n int, options ...factory.Option) []T {
		if w.err == nil && n > 0 {
			rows, err := of.CreateNContext(w.ctx, w.db, n, append([]factory.Option{w.now}, options...)...)
			if err == nil {
				return rows
			}
			w.err = err
		}
		return make([]T, n)
	}
}

func (w *world) organization(slug, name string) factory.Organization {
	return some(w, factory.Organizations)(1, w.seed,
		factory.Set(func(o *factory.Organization) { o.Slug, o.Name = slug, name }))[0]
}

// people makes users and members of the organization; the first owns it.
func (w *world) people(org factory.Organization, n int) []factory.User {
	users := some(w, factory.Users)(n, w.seed)
	for i, u := range users {
		role := "member"
		switch i {
		case 0:
			role = "owner"
		case 1:
			role = "admin"
		}
		some(w, factory.OrganizationMemberships)(1, w.seed, factory.In(org), factory.By(u),
			factory.Set(func(m *factory.OrganizationMembership) { m.Role = role }))
	}
	return users
}

// space fills one; the last space of a customer called attic is archived.
func (w *world) space(org factory.Organization, spec spaceSpec, people []factory.User, number int) {
	options := []factory.Option{w.seed, factory.In(org),
		factory.Set(func(s *factory.Space) { s.Slug, s.Name = spec.slug, spec.name })}
	if spec.slug == "attic" {
		options = append(options, factory.Inactive())
	}
	s := &space{world: w, Space: some(w, factory.Spaces)(1, options...)[0]}
	s.in = factory.In(s.Space)
	for i := range min(len(people), 3+spec.datasets/2) {
		s.join(people[(i+number)%len(people)], i)
	}
	if w.err != nil {
		return
	}
	s.systems()
	for i := range spec.datasets {
		s.dataset(i)
	}
	some(w, factory.AuditLogs)(12*spec.datasets, w.seed, s.in)
	some(w, factory.AuditLogs)(4*spec.datasets, w.seed, s.in, s.by(spec.datasets))
}
