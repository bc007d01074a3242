package factory_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/rows"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

var tables = []string{"organizations", "spaces", "users", "organization_memberships", "space_memberships", "datasets",
	"quality_checks", "check_runs", "check_results", "source_systems", "snowflake_systems", "bigquery_systems",
	"databricks_systems", "postgres_systems", "alerts", "audit_logs", "comments", "attachments", "annotations"}

// digest returns the number of rows and a hash of their text for every table.
func digest(t *testing.T, tx pgx.Tx) string { return digestOf(t, tx, tables) }

// digestOf is digest for some tables.
func digestOf(t *testing.T, tx pgx.Tx, tables []string) string {
	t.Helper()
	var out strings.Builder
	for _, table := range tables {
		rows, err := tx.Query(t.Context(), "select t::text from "+table+" t order by 1")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		fmt.Fprintf(&out, "%s %d %s\n", table, len(lines), hex.EncodeToString(sum[:8]))
	}
	return out.String()
}

// populate makes rows with Create, with options, and with a Plan.
func populate(t *testing.T, db pgx.Tx) {
	t.Helper()
	space := factory.Spaces.Create(t, db)
	factory.Comments.CreateN(t, db, 5, factory.In(space), factory.Hostile())
	factory.SourceSystems.CreateN(t, db, 8, factory.In(space))
	factory.CheckResults.CreateN(t, db, 3, factory.In(space), factory.Failing())
	factory.Fill(t, db, factory.Datasets.N(30), factory.QualityChecks.N(60), factory.Alerts.N(50), factory.AuditLogs.N(50),
		factory.Attachments.N(40), factory.Annotations.N(40), factory.OrganizationMemberships.N(3), factory.Comments.N(1000))
}

// The same seed gives the same bytes: on every version of Postgres, in every run,
// with any number of processors, now and in later releases.
func TestSameTablesForEver(t *testing.T) {
	const golden = "testdata/tables.golden"
	for _, processors := range []int{1, 4} {
		t.Run(fmt.Sprint(processors, " processors"), func(t *testing.T) {
			before := runtime.GOMAXPROCS(processors)
			t.Cleanup(func() { runtime.GOMAXPROCS(before) })
			tx := seeder(t, pg.DB(t))
			populate(t, tx)
			testkit.Golden(t, golden, digest(t, tx))
		})
	}
}

// The same seed gives the same bytes in tables that the package does not know, too: circles,
// pairs of unknown targets, generated keys, and columns that follow from others. One golden
// holds for every version of Postgres.
func TestSameUnknownTablesForEver(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]struct {
		sql    string
		tables []string
	}{
		"circles": {circlesSchema, []string{"yards", "offices", "manuals", "editions", "bills", "receipts", "ones", "twos", "threes"}},
		"pairs":   {pairsOfUnknownTargets, []string{"ships", "cranes", "remarks", "logs", "marks"}},
		"trade":   {tradeSchema, []string{"depots", "haulages", "charges", "bills", "drivers", "mirrors"}},
	} {
		t.Run(name, func(t *testing.T) {
			db := testpg.Schema(schema.sql).DB(t)
			plan := factory.Plan{}
			for _, table := range schema.tables {
				plan.Rows = append(plan.Rows, factory.Auto(table).N(40))
			}
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			if _, err := plan.Run(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, "testdata/foreign_"+name+".golden", digestOf(t, tx, schema.tables))
		})
	}
}

func TestSeedAndNow(t *testing.T) {
	t.Parallel()
	build := func(options ...factory.Option) factory.User {
		u, err := factory.Users.With(options...).Build(3)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if first := build(); first != build() {
		t.Error("the same row is built differently")
	}
	if build() == build(factory.Seed(7)) || build(factory.Seed(0)) == build(factory.Seed(7)) {
		t.Error("another seed gives the same row")
	}
	late := build(factory.Now(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
	if late.CreatedAt.Year() < 2028 || late.Email != build().Email {
		t.Errorf("now moves what it should not, or does not move what it should: %+v", late)
	}
}

type narrowUser struct {
	ID    factory.UUID
	Email string
	Name  string
}

func (narrowUser) TableName() string { return "users" }

// Defining a column less, or one more, changes no other column.
func TestColumnsAreIndependent(t *testing.T) {
	t.Parallel()
	users := factory.New(factory.Definition[narrowUser]{
		Row: func(u *narrowUser, c *factory.Cells) { u.Name = c.Of("name").Name() },
	})
	narrow, err := users.Build(11)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := factory.Users.Build(11)
	if err != nil {
		t.Fatal(err)
	}
	if narrow.Name != wide.Name {
		t.Errorf("name is %q, and %q where email is made too", narrow.Name, wide.Name)
	}
}

// A failing test logs one line, and that line brings its data back.
func TestReplay(t *testing.T) {
	if os.Getenv("FACTORY_REPLAY") != "" {
		u := factory.Users.Create(t, seeder(t, pg.DB(t)))
		t.Fatalf("made %s", u.Email)
	}
	run := func(seed string) (made, line string) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReplay$")
		cmd.Env = append(os.Environ(), "FACTORY_REPLAY=1", "SEEDBED_SEED="+seed)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Fatalf("the child passed:\n%s", out)
		}
		for l := range strings.Lines(string(out)) {
			if _, after, ok := strings.Cut(l, "made "); ok {
				made = after
			}
			if strings.Contains(l, "SEEDBED_SEED=") {
				line += l
			}
		}
		if made == "" {
			t.Errorf("the child made nothing:\n%s", out)
		}
		return made, line
	}
	first, line := run("42")
	if !strings.Contains(line, "SEEDBED_SEED=42 go test -run '^TestReplay$'") || strings.Count(line, "\n") != 1 {
		t.Errorf("the log says %q", line)
	}
	if again, _ := run("42"); again != first || first == "" {
		t.Errorf("first %q, replayed %q", first, again)
	}
	if other, _ := run("43"); other == first {
		t.Errorf("another seed made the same: %q", other)
	}
}

func TestBadSeed(t *testing.T) {
	t.Setenv(factory.SeedVariable, "tomorrow")
	if _, err := factory.Users.Build(0); err == nil || !strings.Contains(err.Error(), `SEEDBED_SEED="tomorrow"`) {
		t.Errorf("got %v", err)
	}
}

// A process makes rows beside those that an earlier process made with the same seed. It is not
// parallel: the numbers that it forgets are those of all calls outside of tests.
func TestRowsOfAnEarlierProcess(t *testing.T) {
	db := pg.DB(t)
	// Outside of tests every process numbers its rows from 0.
	tx := seeder(t, db)
	u, err := factory.Users.With(factory.Seed(5)).CreateContext(context.Background(), tx)
	if err != nil {
		t.Fatal(err)
	}
	factory.ForgetNumbers()
	v, err := factory.Users.With(factory.Seed(5)).CreateContext(context.Background(), tx)
	if err != nil {
		t.Fatal(err)
	}
	if u.ID == v.ID || u.Email == v.Email {
		t.Errorf("%+v and %+v", u, v)
	}
	factory.ForgetNumbers()
	if _, err := (factory.Plan{Rows: []factory.Volume{factory.Users.N(10)}, Options: []factory.Option{factory.Seed(5)}}).Run(t.Context(), tx); err != nil {
		t.Error(err)
	}
}

// A test makes the same rows in a database that served another test before as in a new one.
func TestResetDatabase(t *testing.T) {
	server := &pgtest.Server{Migrations: migrations.FS} // one database, used again and again
	names, worlds := map[string]int{}, map[string]int{}
	for range 6 {
		t.Run("again", func(t *testing.T) {
			db := server.DB(t)
			names[db.Config().ConnConfig.Database]++
			tx := seeder(t, db)
			factory.SourceSystems.CreateN(t, tx, 8)                                        // few rows: a table that grew is not used again
			if _, err := factory.Comments.CreateNContext(t.Context(), tx, 2); err != nil { // a program's rows
				t.Fatal(err)
			}
			if _, err := (factory.Plan{Rows: []factory.Volume{factory.Alerts.N(10)}}).Run(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			worlds[digest(t, tx)]++
		})
	}
	if len(names) == 6 {
		t.Error("no database was used again, so nothing was tried")
	}
	if len(worlds) != 1 {
		t.Errorf("%d different worlds in 6 runs", len(worlds))
	}
}

// A test that runs again, as with -count=2, gets the same row numbers, sequences and keys.
func TestSequencesBeginAnew(t *testing.T) {
	var first Member
	for i := range 4 {
		t.Run("again", func(t *testing.T) {
			db := shop.DB(t)
			numbered := factory.New(factory.Definition[Member]{
				Row: func(m *Member, c *factory.Cells) { m.Email = fmt.Sprintf("m%d@example.com", c.Row()) },
			})
			m := numbered.CreateN(t, db, 2)[1]
			if i == 0 {
				first = m
			}
			if m != first || m.Email != "m1@example.com" {
				t.Errorf("round %d: %+v, want %+v", i, m, first)
			}
		})
	}
}

// An isolated call makes row 0 whatever was made before, and leaves no counter. Fixtures
// need that for values which must not depend on earlier calls.
func TestIsolatedRows(t *testing.T) {
	db := pg.DB(t)
	fingerprint, err := rows.Fingerprint(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(options ...factory.Option) (factory.Dataset, factory.Record) {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(context.Background())
		d, err := factory.Datasets.CreateContext(t.Context(), tx, options...)
		if err != nil {
			t.Fatal(err)
		}
		space, err := factory.Auto("spaces").CreateContext(t.Context(), tx, options...)
		if err != nil {
			t.Fatal(err)
		}
		return d, space
	}
	before := factory.Counters()
	isolated := rows.Isolated(fingerprint)
	first, firstSpace := insert(isolated)
	if again, space := insert(isolated); again.ID != first.ID || again.Name != first.Name || space.Get("slug") != firstSpace.Get("slug") {
		t.Errorf("made %v, %v, then %v, %v", first, firstSpace, again, space)
	}
	if after := factory.Counters(); after != before {
		t.Errorf("%d counters were left behind", after-before)
	}
	if counted, _ := insert(); counted.ID != first.ID {
		t.Error("the first call that is not isolated does not make row 0")
	}
	if counted, _ := insert(); counted.ID == first.ID {
		t.Error("the second call that is not isolated makes row 0 again")
	}
}
