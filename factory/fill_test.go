package factory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
)

func TestFillSpreads(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	report := factory.Fill(t, db, factory.Spaces.N(20), factory.Datasets.N(200), factory.SourceSystems.N(40),
		factory.Comments.N(5000), factory.AuditLogs.N(100))
	t.Logf("%+v", report)
	tx := seeder(t, db)
	for table, want := range map[string]int{"spaces": 20, "datasets": 200, "source_systems": 40, "comments": 5000, "audit_logs": 100} {
		if n := count(t, tx, "select count(*) from "+table); n != want {
			t.Errorf("%d %s, want %d", n, table, want)
		}
	}
	for what, sql := range map[string]string{
		"spaces with comments":      "select count(distinct space_id) from comments",
		"kinds of targets":          "select count(distinct resource_type) from comments",
		"authors":                   "select count(distinct author_id) from comments",
		"systems with subtype rows": "select count(*) from source_systems s where config is null",
	} {
		if n := count(t, tx, sql); n < 2 {
			t.Errorf("%d %s", n, what)
		}
	}
	if n := count(t, tx, `select count(*) from comments c where not exists (select from space_memberships m where (m.space_id, m.user_id) = (c.space_id, c.author_id))`); n != 0 {
		t.Errorf("%d comments by people who are not members", n)
	}
}

// With triggers disabled, the proof alone finds a wrong reference before the commit.
func TestFillProves(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	stranger := factory.Users.Create(t, db)
	_, err := factory.Plan{Rows: []factory.Volume{factory.Spaces.N(3), factory.Comments.N(500,
		factory.Set(func(c *factory.Comment) { c.AuthorID = stranger.ID }))}}.Run(t.Context(), db)
	var proof *factory.ProofError
	if !errors.As(err, &proof) {
		t.Fatalf("got %v, want a ProofError", err)
	}
	if proof.Table != "comments" || proof.Constraint != "comments_space_id_author_id_fkey" || proof.Rows != 500 || len(proof.Sample) != 3 ||
		!strings.Contains(err.Error(), stranger.ID.String()) {
		t.Errorf("it says: %v", err)
	}
	if n := count(t, seeder(t, db), "select (select count(*) from comments) + (select count(*) from spaces)"); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}

// In the caller's transaction the rows are written in a savepoint, and proven too.
func TestFillProvesWithinATransaction(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t)
	stranger := factory.Users.Create(t, tx)
	_, err := factory.Plan{Rows: []factory.Volume{factory.Comments.N(50,
		factory.Set(func(c *factory.Comment) { c.AuthorID = stranger.ID }))}}.Run(t.Context(), tx)
	var proof *factory.ProofError
	if !errors.As(err, &proof) || proof.Constraint != "comments_space_id_author_id_fkey" || proof.Rows != 50 {
		t.Errorf("got %v, want a ProofError of 50 rows", err)
	}
	factory.Comments.Fill(t, tx, 50)
}

// With triggers enabled, the foreign key itself finds the wrong reference.
func TestFillWithTriggers(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	report, err := factory.Plan{Rows: []factory.Volume{factory.Comments.N(100)}, Triggers: true}.Run(t.Context(), db)
	if err != nil || !report.Triggers {
		t.Fatalf("%+v, %v", report, err)
	}
	stranger := factory.Users.Create(t, db)
	_, err = factory.Plan{Rows: []factory.Volume{factory.Comments.N(100,
		factory.Set(func(c *factory.Comment) { c.AuthorID = stranger.ID }))}, Triggers: true}.Run(t.Context(), db)
	if err == nil || !strings.Contains(err.Error(), "comments_space_id_author_id_fkey") {
		t.Errorf("got %v", err)
	}
}

func TestFillPlaced(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	factory.Spaces.Create(t, db) // another test's
	ds := factory.Datasets.Create(t, db, factory.In(space))
	user := factory.Users.Create(t, db)
	factory.Fill(t, db, factory.Comments.N(300, factory.On(ds), factory.By(user)))
	factory.Fill(t, db, factory.Datasets.N(20, factory.In(space)), factory.QualityChecks.N(100, factory.In(space)))
	tx := seeder(t, db)
	if n := count(t, tx, "select count(*) from comments where dataset_id = $1 and author_id = $2", ds.ID, user.ID); n != 300 {
		t.Errorf("%d comments on the dataset by the user, want 300", n)
	}
	if n := count(t, tx, "select count(*) from quality_checks where space_id = $1", space.ID); n != 100 {
		t.Errorf("%d checks in the space, want 100", n)
	}
	if n := count(t, tx, "select count(distinct dataset_id) from quality_checks"); n < 10 {
		t.Errorf("the checks are about %d datasets only", n)
	}
}

// Where row-level security does not let the role use COPY, rows go through a staging table.
func TestFillAsTheApplication(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	member := factory.SpaceMemberships.Create(t, db, factory.In(space))
	app := application(t, db)
	factory.Datasets.Fill(t, app, 200, factory.In(space), factory.Set(func(d *factory.Dataset) { d.OwnerID = member.UserID }))
	if n := count(t, seeder(t, db), "select count(*) from datasets where space_id = $1", space.ID); n != 200 {
		t.Errorf("%d datasets, want 200", n)
	}
}

func TestFillCancelled(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	ctx, cancel := context.WithCancel(t.Context())
	var last factory.Progress
	_, err := factory.Plan{
		Rows: []factory.Volume{factory.Comments.N(200_000)},
		Progress: func(p factory.Progress) {
			if last = p; p.Table == "comments" && p.Done > 0 {
				cancel()
			}
		},
	}.Run(ctx, db)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if last.Rows != 200_000 || last.Done == 0 || last.All <= last.Done {
		t.Errorf("progress said %+v", last)
	}
	if n := count(t, seeder(t, db), "select (select count(*) from comments) + (select count(*) from spaces)"); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}

func TestFillInTheCallersTransaction(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t)
	state := `select current_user || current_setting('session_replication_role') || current_setting('enable_nestloop') || current_setting('work_mem')`
	var before, after string
	if err := tx.QueryRow(t.Context(), state).Scan(&before); err != nil {
		t.Fatal(err)
	}
	factory.Comments.Fill(t, tx, 100)
	if err := tx.QueryRow(t.Context(), state).Scan(&after); err != nil || before != after {
		t.Errorf("the session was %s and is %s (%v)", before, after, err)
	}
}

func TestFillRefuses(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	ds := factory.Datasets.Create(t, db)
	a, b := factory.Spaces.Create(t, db), factory.Spaces.Create(t, db)
	for want, rows := range map[string][]factory.Volume{
		"asks for no rows":       nil,
		"is in the plan twice":   {factory.Users.N(1), factory.Users.N(2)},
		"-1 rows asked for":      {factory.Users.N(-1)},
		"Has does not work":      {factory.Spaces.N(1, factory.Has(1, factory.Datasets))},
		"placed by On or By":     {factory.QualityChecks.N(1, factory.On(ds)), factory.CheckRuns.N(2)},
		"fills one tenant":       {factory.Datasets.N(1, factory.In(a)), factory.Alerts.N(1, factory.In(b))},
		"its parents leave room": {factory.Spaces.N(2), factory.Users.N(2), factory.SpaceMemberships.N(50)},
		"place them with In":     {factory.Datasets.N(5, factory.On(a))},
	} {
		_, err := factory.Plan{Rows: rows}.Run(t.Context(), db)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that says %q", err, want)
		}
	}
}

// A plan does not run After hooks: a definition that has one is refused, also as a parent.
func TestFillRefusesHooks(t *testing.T) {
	t.Parallel()
	db := shop.DB(t)
	about := factory.New(factory.Definition[Task]{Parents: []factory.Maker{projects}})
	has := factory.New(factory.Definition[Task]{Parents: []factory.Maker{members.With(factory.Has(1, profiles))}})
	for want, rows := range map[string]factory.Volume{
		"projects: its factory's After hook": projects.N(5),
		"Plan{WithoutHooks: true}":           about.N(5),
		"members: Has does not work":         has.N(5),
	} {
		_, err := factory.Plan{Rows: []factory.Volume{rows}}.Run(t.Context(), db)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that says %q", err, want)
		}
	}
	if n := count(t, db, "select count(*) from tenants"); n != 0 {
		t.Errorf("%d tenants were kept", n)
	}
	called := func(p *Project) { p.Tasks = 1 }
	if _, err := (factory.Plan{Rows: []factory.Volume{projects.N(5, called)}, WithoutHooks: true}).Run(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "select count(*) from projects where not exists (select from tasks)"); n != 5 {
		t.Errorf("%d projects without tasks, want 5", n)
	}
	tasks.With(factory.On(projects.Create(t, db, called))).Fill(t, db, 5) // its own parent was made by Create, hook and all
}

// A plan finds parents for rows of one-to-one references again and again, though existing
// parents have the child that they may have.
func TestFillAgain(t *testing.T) {
	t.Parallel()
	db, other := pg.DB(t), shop.DB(t)
	for range 3 {
		factory.SpaceMemberships.Fill(t, db, 5)
		factory.OrganizationMemberships.Fill(t, db, 5)
		factory.SnowflakeSystems.Fill(t, db, 5)
		profiles.Fill(t, other, 5)
		factory.Comments.Fill(t, db, 20)
	}
	if n := count(t, seeder(t, db), "select count(*) from organization_memberships"); n != 15 {
		t.Errorf("%d memberships, want 15", n)
	}
	if n := count(t, other, "select count(*) from profiles"); n != 15 {
		t.Errorf("%d profiles, want 15", n)
	}
}

type ware struct {
	ID    int64
	Code  string
	Note  *string
	Kind  string
	Extra string
}

func (ware) TableName() string { return "wares" }

// What the server refuses of a plan is told with its column, its row and its value.
func TestFillNamesWhatIsRefused(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`create table wares (id bigint generated always as identity primary key, code varchar(5) not null unique, note text not null default 'x',
		kind text not null check (kind in ('a', 'b')), extra jsonb not null, n int not null default 0)`).DB(t)
	note := "as usual"
	wares := factory.New(factory.Definition[ware]{Row: func(w *ware, c *factory.Cells) {
		w.Code, w.Kind, w.Note, w.Extra = fmt.Sprint("c", c.Row()%12), "a", &note, "{}"
	}})
	for want, spoil := range map[string]func(*ware){
		`wares.code takes 5 characters, and "much too long" of row 7 has 13: `: func(w *ware) { w.Code = "much too long" },
		`wares.note, row 7: `:                      func(w *ware) { w.Note = nil },
		`write wares: row 7: `:                     func(w *ware) { w.Kind = "z" },
		`write wares: row 7: ERROR: duplicate key`: func(w *ware) { w.Code = "c3" },
		`wares.extra, row 7, is "{nope": `:         func(w *ware) { w.Extra = "{nope" },
		`wares.kind, row 7, is "a\xffb": `:         func(w *ware) { w.Kind = "a\xffb" },
	} {
		_, err := wares.FillContext(t.Context(), db, 12, factory.Seed(3), factory.Set(func(w *ware) {
			if w.Code == "c7" {
				spoil(w)
			}
		}))
		mention(t, err, want)
	}
	for want, set := range map[string]any{`wares.n, row 0, is "abc": `: "abc", `wares.n, row 0: type integer does not take it: 1099511627776 `: 1 << 40} {
		_, err := factory.Auto("wares").FillContext(t.Context(), db, 12, factory.Set(func(r *factory.Record) { r.Set("n", set) }))
		mention(t, err, want)
	}
}
