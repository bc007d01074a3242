package scenario

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// emptyStates makes spaces in states that screens and queries forget. The name of each
// space says its state.
func emptyStates(ctx context.Context, db seedbed.DB, o Options) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		w := &writer{ctx: ctx, db: tx, seed: factory.Seed(o.Seed), now: factory.Now(o.Now)}
		w.organization("no-spaces", "No spaces")
		org := w.organization("empty-states", "Empty states")
		people := w.people(org, 3)
		createN(w, factory.Users)(1, w.seed) // belongs to nothing
		for i, state := range emptyStateSpaces {
			s := &space{writer: w, Space: createN(w, factory.Spaces)(1, w.seed, factory.In(org),
				factory.Set(func(s *factory.Space) { s.Slug, s.Name = state.slug, state.name }))[0]}
			s.in = factory.In(s.Space)
			state.make(s, people)
			if w.err != nil {
				return fmt.Errorf("make the space %s: %w", state.slug, w.err)
			}
			o.say(state.name, i+1, len(emptyStateSpaces))
		}
		return nil
	})
}

// emptyStateSpaces are these states, and what makes each in a new space.
var emptyStateSpaces = []struct {
	slug, name string
	make       func(*space, []factory.User)
}{
	{"nothing", "Nothing, not even members", func(*space, []factory.User) {}},
	{"newcomers", "Members, and no work", func(s *space, people []factory.User) { s.joinAll(people) }},
	{"one-of-each", "One of each", (*space).oneOfEach},
	{"childless", "Rows without children", (*space).childless},
	{"all-left", "All members have left", func(s *space, people []factory.User) {
		for i, u := range people {
			s.join(u, i, factory.Inactive())
		}
		createN(s.writer, factory.Datasets)(2, s.seed, s.in, s.by(0))
	}},
	{"switched-off", "Everything is switched off", func(s *space, people []factory.User) {
		s.joinAll(people)
		createN(s.writer, factory.SourceSystems)(2, s.seed, s.in, factory.Inactive())
		d := createN(s.writer, factory.Datasets)(1, s.seed, s.in, s.by(0))[0]
		createN(s.writer, factory.QualityChecks)(2, s.seed, factory.On(d), s.by(0), factory.Inactive())
		createN(s.writer, factory.Alerts)(2, s.seed, s.in, factory.Resolved())
	}},
	{"cleared", "All deleted: the audit trail remains", func(s *space, people []factory.User) {
		s.join(people[0], 0)
		createN(s.writer, factory.AuditLogs)(5, s.seed, s.in, s.by(0))
	}},
	{"archived", "Archived, with rows", func(s *space, people []factory.User) {
		(*space).oneOfEach(s, people)
		s.archive()
	}},
}

// joinAll makes people members of the space.
func (s *space) joinAll(people []factory.User) {
	for i, u := range people {
		s.join(u, i)
	}
}

// oneOfEach makes exactly one row of each table.
func (s *space) oneOfEach(people []factory.User) {
	s.join(people[0], 0)
	system := createN(s.writer, factory.SourceSystems)(1, s.seed, s.in, factory.Postgres())[0]
	d := createN(s.writer, factory.Datasets)(1, s.seed, s.in, s.by(0), factory.On(system))[0]
	check := createN(s.writer, factory.QualityChecks)(1, s.seed, factory.On(d), s.by(0))[0]
	run := createN(s.writer, factory.CheckRuns)(1, s.seed, factory.On(check), factory.Failing())[0]
	createN(s.writer, factory.CheckResults)(1, s.seed, factory.On(run), factory.Failing())
	createN(s.writer, factory.Alerts)(1, s.seed, s.in, factory.On(run))
	createN(s.writer, factory.Comments)(1, s.seed, factory.On(d), s.by(0))
	createN(s.writer, factory.Attachments)(1, s.seed, factory.On(d), s.by(0))
	createN(s.writer, factory.Annotations)(1, s.seed, factory.On(d), s.by(0))
	createN(s.writer, factory.AuditLogs)(1, s.seed, s.in, s.by(0))
}

// childless makes rows without children at each height: datasets without checks, a check
// without runs, a run without results.
func (s *space) childless(people []factory.User) {
	s.joinAll(people)
	datasets := createN(s.writer, factory.Datasets)(3, s.seed, s.in, s.by(0))
	checks := createN(s.writer, factory.QualityChecks)(2, s.seed, factory.On(datasets[1]), s.by(1))
	createN(s.writer, factory.CheckRuns)(1, s.seed, factory.On(checks[1]))
}

// archive archives a space that has rows.
func (s *space) archive() {
	if s.err == nil {
		_, s.err = s.db.Exec(s.ctx, "UPDATE spaces SET archived_at = created_at + interval '1 hour' WHERE id = $1", s.ID)
	}
}

// autoEmpty makes, in any schema: an outer tenant without inner ones, a tenant without
// rows, one with a single row of each table, and one with three of each.
func autoEmpty(ctx context.Context, db seedbed.DB, o Options) ([]string, error) {
	few := func(first int) func(int) int {
		return func(tenant int) int {
			switch tenant {
			case 0:
				return 0
			case 1:
				return first
			}
			return 3
		}
	}
	return auto(ctx, db, o, shape{below: few(3), rows: few(1), share: true})
}
