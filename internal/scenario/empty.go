package scenario

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// emptyStates are spaces that screens and queries forget, each named for what it is.
func emptyStates(ctx context.Context, db seedbed.DB, o Options) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		w := &world{ctx: ctx, db: tx, seed: factory.Seed(o.Seed), now: factory.Now(o.Now)}
		w.organization("no-spaces", "No spaces")
		org := w.organization("empty-states", "Empty states")
		people := w.people(org, 3)
		some(w, factory.Users)(1, w.seed) // belongs to nothing
		for i, state := range states {
			s := &space{world: w, Space: some(w, factory.Spaces)(1, w.seed, factory.In(org),
				factory.Set(func(s *factory.Space) { s.Slug, s.Name = state.slug, state.name }))[0]}
			s.in = factory.In(s.Space)
			state.make(s, people)
			if w.err != nil {
				return fmt.Errorf("make the space %s: %w", state.slug, w.err)
			}
			o.say(state.name, i+1, len(states))
		}
		return nil
	})
}

// states and what makes them, in a space of their own.
var states = []struct {
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
		some(s.world, factory.Datasets)(2, s.seed, s.in, s.by(0))
	}},
	{"switched-off", "Everything is switched off", func(s *space, people []factory.User) {
		s.joinAll(people)
		some(s.world, factory.SourceSystems)(2, s.seed, s.in, factory.Inactive())
		d := some(s.world, factory.Datasets)(1, s.seed, s.in, s.by(0))[0]
		some(s.world, factory.QualityChecks)(2, s.seed, factory.On(d), s.by(0), factory.Inactive())
		some(s.world, factory.Alerts)(2, s.seed, s.in, factory.Resolved())
	}},
	{"cleared", "All deleted: the audit trail remains", func(s *space, people []factory.User) {
		s.join(people[0], 0)
		some(s.world, factory.AuditLogs)(5, s.seed, s.in, s.by(0))
	}},
	{"archived", "Archived, with rows", func(s *space, people []factory.User) {
		(*space).oneOfEach(s, people)
		s.archive()
	}},
}

func (s *space) joinAll(people []factory.User) {
	for i, u := range people {
		s.join(u, i)
	}
}

// oneOfEach makes exactly one row of each table.
func (s *space) oneOfEach(people []factory.User) {
	s.join(people[0], 0)
	system := some(s.world, factory.SourceSystems)(1, s.seed, s.in, factory.Postgres())[0]
	d := some(s.world, factory.Datasets)(1, s.seed, s.in, s.by(0), factory.On(system))[0]
	check := some(s.world, factory.QualityChecks)(1, s.seed, factory.On(d), s.by(0))[0]
	run := some(s.world, factory.CheckRuns)(1, s.seed, factory.On(check), factory.Failing())[0]
	some(s.world, factory.CheckResults)(1, s.seed, factory.On(run), factory.Failing())
	some(s.world, factory.Alerts)(1, s.seed, s.in, factory.On(run))
	some(s.world, factory.Comments)(1, s.seed, factory.On(d), s.by(0))
	some(s.world, factory.Attachments)(1, s.seed, factory.On(d), s.by(0))
	some(s.world, factory.Annotations)(1, s.seed, factory.On(d), s.by(0))
	some(s.world, factory.AuditLogs)(1, s.seed, s.in, s.by(0))
}

// childless makes a row at each height that has nothing below it.
func (s *space) childless(people []factory.User) {
	s.joinAll(people)
	datasets := some(s.world, factory.Datasets)(3, s.seed, s.in, s.by(0))
	checks := some(s.world, factory.QualityChecks)(2, s.seed, factory.On(datasets[1]), s.by(1))
	some(s.world, factory.CheckRuns)(1, s.seed, factory.On(checks[1]))
}

// archive closes a space that has rows.
func (s *space) archive() {
	if s.err == nil {
		_, s.err = s.db.Exec(s.ctx, "UPDATE spaces SET archived_at = created_at + interval '1 hour' WHERE id = $1", s.ID)
	}
}

// autoEmpty makes of any schema: an outer tenant without inner ones, a tenant with
// nothing, one with a single row of each table, others with a few.
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
