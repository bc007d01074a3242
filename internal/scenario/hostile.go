package scenario

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
)

// hostileRows is how many rows each table gets: the rows take the classes in turn, and
// there are 21 classes of texts.
const hostileRows = 24

// hostile makes one space with every class of hostile characters and bytes in every column
// that may hold it.
func hostile(ctx context.Context, db seedbed.DB, o Options) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		w := &writer{ctx: ctx, db: tx, seed: factory.Seed(o.Seed), now: factory.Now(o.Now)}
		s := w.hostileSpace()
		o.say("people, systems, datasets", 1, 3)
		d := s.hostileWork()
		o.say("checks, runs, results", 2, 3)
		s.hostileTalk(d)
		o.say("comments, attachments, audit logs", 3, 3)
		if w.err != nil {
			return fmt.Errorf("make the hostile space: %w", w.err)
		}
		return nil
	})
}

// hostileSpace makes hostile organizations, spaces and users. The other hostile rows go to
// the first space.
func (w *writer) hostileSpace() *space {
	bad := factory.Hostile()
	orgs := createN(w, factory.Organizations)(hostileRows, w.seed, bad)
	spaces := createN(w, factory.Spaces)(hostileRows, w.seed, bad, factory.In(orgs[0]))
	s := &space{writer: w, Space: spaces[0]}
	s.in = factory.In(s.Space)
	for _, u := range createN(w, factory.Users)(hostileRows, w.seed, bad) {
		createN(w, factory.OrganizationMemberships)(1, w.seed, factory.In(orgs[0]), factory.By(u))
		s.join(u, len(s.members))
	}
	return s
}

// hostileWork makes hostile systems, datasets, checks, runs, results and alerts. It returns
// a dataset.
func (s *space) hostileWork() factory.Dataset {
	bad := factory.Hostile()
	for _, systemType := range []factory.Option{factory.Snowflake(), factory.BigQuery(), factory.Databricks(),
		factory.Postgres(), factory.Slack(), factory.PagerDuty(), factory.Email(), factory.Webhook()} {
		createN(s.writer, factory.SourceSystems)(hostileRows/8, s.seed, s.in, systemType, bad)
	}
	datasets := createN(s.writer, factory.Datasets)(hostileRows, s.seed, s.in, s.by(0), bad)
	checks := createN(s.writer, factory.QualityChecks)(hostileRows, s.seed, factory.On(datasets[0]), s.by(1), bad)
	runs := createN(s.writer, factory.CheckRuns)(hostileRows, s.seed, factory.On(checks[0]), factory.Errored())
	createN(s.writer, factory.CheckResults)(hostileRows, s.seed, factory.On(runs[0]), counted(), bad)
	createN(s.writer, factory.Alerts)(hostileRows, s.seed, s.in, factory.On(runs[0]), bad)
	return datasets[0]
}

// hostileTalk makes hostile comments, attachments and annotations about a dataset, and
// audit logs.
func (s *space) hostileTalk(d factory.Dataset) {
	bad, on := factory.Hostile(), factory.On(d)
	createN(s.writer, factory.Comments)(hostileRows, s.seed, on, s.by(2), bad)
	createN(s.writer, factory.Attachments)(hostileRows, s.seed, on, s.by(3), bad)
	createN(s.writer, factory.Annotations)(hostileRows, s.seed, on, s.by(4), bad)
	createN(s.writer, factory.AuditLogs)(hostileRows, s.seed, s.in, bad)
}

// autoHostile makes hostile rows in every table of any schema.
func autoHostile(ctx context.Context, db seedbed.DB, o Options) ([]string, error) {
	return auto(ctx, db, o, shape{below: always(2), rows: always(hostileRows), options: []factory.Option{factory.Hostile()}})
}
