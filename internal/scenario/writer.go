package scenario

import (
	"context"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// writer makes the rows of a scenario in the reference schema until the first error, which
// it keeps.
type writer struct {
	ctx  context.Context
	db   seedbed.DB
	seed factory.Option
	now  factory.Option
	done int // spaces that are made
	err  error
}

// createN returns a function that makes n rows. After an earlier error it makes zero
// values.
func createN[T factory.Row](w *writer, of *factory.Factory[T]) func(n int, options ...factory.Option) []T {
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

// organization makes an organization.
func (w *writer) organization(slug, name string) factory.Organization {
	return createN(w, factory.Organizations)(1, w.seed,
		factory.Set(func(o *factory.Organization) { o.Slug, o.Name = slug, name }))[0]
}

// people makes users and makes them members of the organization. The first becomes its
// owner, the second its administrator.
func (w *writer) people(org factory.Organization, n int) []factory.User {
	users := createN(w, factory.Users)(n, w.seed)
	for i, u := range users {
		role := "member"
		switch i {
		case 0:
			role = "owner"
		case 1:
			role = "admin"
		}
		createN(w, factory.OrganizationMemberships)(1, w.seed, factory.In(org), factory.By(u),
			factory.Set(func(m *factory.OrganizationMembership) { m.Role = role }))
	}
	return users
}

// space makes a space and all its rows. The space with the slug attic is archived. number
// shifts which of the people join.
func (w *writer) space(org factory.Organization, spec spaceSpec, people []factory.User, number int) {
	options := []factory.Option{w.seed, factory.In(org),
		factory.Set(func(s *factory.Space) { s.Slug, s.Name = spec.slug, spec.name })}
	if spec.slug == "attic" {
		options = append(options, factory.Inactive())
	}
	s := &space{writer: w, Space: createN(w, factory.Spaces)(1, options...)[0]}
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
	createN(w, factory.AuditLogs)(12*spec.datasets, w.seed, s.in)
	createN(w, factory.AuditLogs)(4*spec.datasets, w.seed, s.in, s.by(spec.datasets))
}
