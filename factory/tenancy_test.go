package factory_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// application logs in as a role that is a member of seedbed_app and of nothing else.
func application(t *testing.T, db *pgtest.DB) *pgtest.DB {
	t.Helper()
	role := fmt.Sprintf("factory_app_%d_%d", os.Getpid(), roles.Add(1))
	if _, err := db.Exec(t.Context(), "create role "+role+" login in role seedbed_app"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(context.Background(), "drop role "+role); err != nil {
			t.Error(err)
		}
	})
	return db.As(t, role, map[string]string{"seedbed.space_id": "nowhere"})
}

var roles atomic.Int64

// The application's session may not become the seeder: rows pass the policies because each
// sets its tenant's setting. Afterwards the session has its own setting again.
func TestCreateAsTheApplication(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	user := factory.Users.Create(t, db)
	member := factory.SpaceMemberships.Create(t, db, factory.In(space), factory.By(user))
	app := application(t, db)
	ds := factory.Datasets.Create(t, app, factory.In(space), factory.Set(func(d *factory.Dataset) { d.OwnerID = member.UserID }))
	if ds.SpaceID != space.ID || ds.OwnerID != user.ID {
		t.Errorf("dataset %+v", ds)
	}
	tx, err := app.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	factory.Datasets.Create(t, tx, factory.In(space), factory.Set(func(d *factory.Dataset) { d.OwnerID = member.UserID }))
	var setting, role string
	err = tx.QueryRow(t.Context(), `select current_setting('seedbed.space_id'), current_user`).Scan(&setting, &role)
	if err != nil || setting != "nowhere" || !strings.HasPrefix(role, "factory_app") {
		t.Errorf("afterwards the transaction is %s with space %q (%v)", role, setting, err)
	}
}

// The application's role may not write users: the error names the role that may.
func TestNotAllowed(t *testing.T) {
	t.Parallel()
	app := application(t, pg.DB(t))
	_, err := factory.Users.CreateContext(t.Context(), app)
	if err == nil || !strings.Contains(err.Error(), "seedbed_seeder") {
		t.Errorf("got %v, want an error that names the way out", err)
	}
}

func TestRoleAfterwards(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	var before, after string
	if err := tx.QueryRow(t.Context(), "select current_user").Scan(&before); err != nil {
		t.Fatal(err)
	}
	factory.Comments.Create(t, tx)
	if err := tx.QueryRow(t.Context(), "select current_user").Scan(&after); err != nil || after != before {
		t.Errorf("the transaction's role was %s and is %s (%v)", before, after, err)
	}
}

func TestBuiltInDiamond(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	ours, theirs := factory.Spaces.Create(t, db), factory.Spaces.Create(t, db)
	ds := factory.Datasets.Create(t, db, factory.In(ours))
	for name, err := range map[string]error{
		"space and dataset": errOf(factory.Comments.CreateContext(t.Context(), db, factory.In(theirs), factory.On(ds))),
		"reply":             errOf(factory.Comments.CreateContext(t.Context(), db, factory.In(theirs), factory.Reply(factory.Comments.Create(t, db, factory.On(ds))))),
		"deeper":            errOf(factory.CheckResults.CreateContext(t.Context(), db, factory.In(theirs), factory.On(ds))),
	} {
		var disagree *factory.DisagreeError
		if !errors.As(err, &disagree) {
			t.Errorf("%s: got %v, want a DisagreeError", name, err)
			continue
		}
		for _, id := range []factory.UUID{ours.ID, theirs.ID} {
			if !strings.Contains(err.Error(), id.String()) {
				t.Errorf("%s: the message lacks space %s:\n%v", name, id, err)
			}
		}
	}
}

// On reaches through parents that have to be made, and By makes a member.
func TestOnReachesThroughAndByJoins(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	ds := factory.Datasets.Create(t, db)
	result := factory.CheckResults.Create(t, db, factory.On(ds))
	tx := seeder(t, db)
	if n := count(t, tx, `select count(*) from quality_checks q join check_runs r on (r.space_id, r.quality_check_id) = (q.space_id, q.id)
		where q.dataset_id = $1 and r.id = $2`, ds.ID, result.CheckRunID); n != 1 {
		t.Errorf("the result is not about the dataset")
	}
	user := factory.Users.Create(t, tx)
	for range 2 { // the second time the user is a member already
		c := factory.Comments.Create(t, tx, factory.On(ds), factory.By(user))
		if c.AuthorID != user.ID || c.SpaceID != ds.SpaceID || c.ResourceType != "dataset" || c.ResourceID != ds.ID {
			t.Errorf("comment %+v", c)
		}
	}
}

func TestSubtypes(t *testing.T) {
	t.Parallel()
	db := seeder(t, pg.DB(t))
	s := factory.SourceSystems.Create(t, db, factory.Snowflake())
	if s.Type != "snowflake" || s.Config != nil {
		t.Errorf("%+v", s)
	}
	if n := count(t, db, `select count(*) from snowflake_systems where id = $1`, s.ID); n != 1 {
		t.Errorf("%d subtype rows, want 1", n)
	}
	p := factory.PostgresSystems.Create(t, db)
	if n := count(t, db, `select count(*) from source_systems where id = $1 and type = 'postgres'`, p.ID); n != 1 {
		t.Errorf("%d base rows of type postgres, want 1", n)
	}
	if n := count(t, db, `select count(*) from postgres_systems`); n != 1 {
		t.Errorf("%d subtype rows, want 1", n)
	}
}

// 200 goroutines create rows at once, in transactions of their own, on few connections.
func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	space := factory.Spaces.Create(t, db)
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for i := range 200 {
		wg.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = factory.Comments.CreateNContext(t.Context(), db, 3, factory.In(space))
			case 1:
				_, err = factory.SourceSystems.CreateContext(t.Context(), db)
			default:
				_, err = factory.Alerts.CreateNContext(t.Context(), db, 2)
			}
			if err != nil {
				errs <- fmt.Errorf("goroutine %d: %w", i, err)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if n := count(t, seeder(t, db), `select count(*) from comments`); n != 201 {
		t.Errorf("%d comments, want 201", n)
	}
}

// A check run gives the space, and the space the organization.
func TestSpaceFollowsFromTheRun(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	run, system := factory.CheckRuns.Create(t, db), factory.SourceSystems.Create(t, db)
	for name, a := range map[string]factory.Alert{
		"on a run":             factory.Alerts.Create(t, db, factory.On(run)),
		"in a run's space":     factory.Alerts.Create(t, db, factory.In(run)),
		"on a source system":   factory.Alerts.Create(t, db, factory.On(system)),
		"the last of several":  factory.Alerts.CreateN(t, db, 3, factory.On(run))[2],
		"within a transaction": factory.Alerts.Create(t, seeder(t, db), factory.On(run)),
	} {
		want := run.SpaceID
		if name == "on a source system" {
			want = system.SpaceID
		}
		if a.SpaceID != want || a.OrganizationID.IsZero() {
			t.Errorf("%s: %+v", name, a)
		}
	}
	factory.Alerts.Fill(t, db, 20, factory.On(run))
	if _, err := factory.Alerts.CreateContext(t.Context(), db, factory.On(run)); err != nil {
		t.Errorf("for programs: %v", err)
	}
	_, err := factory.Alerts.CreateContext(t.Context(), db, factory.On(run), factory.In(factory.Organizations.Create(t, db)))
	if !errors.As(err, new(*factory.DisagreeError)) {
		t.Errorf("another organization's: got %v, want a DisagreeError", err)
	}
}

// The application's session must set the space before it can look up the organization.
func TestSpaceFollowsForTheApplication(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	run := factory.CheckRuns.Create(t, db)
	tx, err := application(t, db).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	a := factory.Alerts.Create(t, tx, factory.On(run))
	var setting string
	err = tx.QueryRow(t.Context(), `select current_setting('seedbed.space_id')`).Scan(&setting)
	if err != nil || setting != "nowhere" || a.SpaceID != run.SpaceID {
		t.Errorf("afterwards the setting is %q (%v), the alert %+v", setting, err, a)
	}
}
