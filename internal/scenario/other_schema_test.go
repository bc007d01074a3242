package scenario_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/internal/scenario"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// companySchema is a schema other than the reference schema: other names, other keys.
var companySchema = &pgtest.Server{Migrations: fstest.MapFS{"1_own.sql": {Data: []byte(`-- +goose Up
CREATE TABLE companies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, company_id bigint NOT NULL REFERENCES companies, name text NOT NULL);
CREATE TABLE invoices (company_id bigint NOT NULL REFERENCES companies, id bigint GENERATED ALWAYS AS IDENTITY, total int NOT NULL, PRIMARY KEY (company_id, id));
CREATE TABLE projects (team_id bigint NOT NULL REFERENCES teams, id bigint GENERATED ALWAYS AS IDENTITY, title text NOT NULL, PRIMARY KEY (team_id, id));
CREATE TABLE tasks (team_id bigint NOT NULL REFERENCES teams, id bigint GENERATED ALWAYS AS IDENTITY, project_id bigint NOT NULL,
	note text NOT NULL, extra jsonb NOT NULL, raw bytea, PRIMARY KEY (team_id, id), FOREIGN KEY (team_id, project_id) REFERENCES projects (team_id, id));
CREATE INDEX ON tasks (team_id, project_id);
CREATE TABLE plans (company_id bigint PRIMARY KEY REFERENCES companies, seats int NOT NULL);
`)}}}

func TestAnySchema(t *testing.T) {
	for _, s := range scenario.All {
		if !s.AnySchema() {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			db := companySchema.DB(t)
			fill(t, db, s.Name, scenario.Options{Rows: []scenario.Rows{{Table: "tasks", N: 50}}})
			check.Integrity(t, db)
			var tasks int
			if err := db.QueryRow(t.Context(), "SELECT count(*) FROM tasks").Scan(&tasks); err != nil || tasks == 0 {
				t.Errorf("%d tasks: %v", tasks, err)
			}
		})
	}
}

func TestEmptyStatesOfAnySchema(t *testing.T) {
	db := companySchema.DB(t)
	fill(t, db, "empty-states", scenario.Options{})
	var childless, nothing, one int
	err := db.QueryRow(t.Context(), `SELECT
		(SELECT count(*) FROM companies c WHERE NOT EXISTS (SELECT FROM teams WHERE company_id = c.id)),
		(SELECT count(*) FROM teams t WHERE NOT EXISTS (SELECT FROM projects WHERE team_id = t.id)),
		(SELECT count(*) FROM teams t WHERE (SELECT count(*) FROM projects WHERE team_id = t.id) = 1 AND (SELECT count(*) FROM tasks WHERE team_id = t.id) = 1)`).
		Scan(&childless, &nothing, &one)
	if err != nil || childless != 1 || nothing != 1 || one != 1 {
		t.Errorf("%d companies without teams, %d teams with nothing, %d with one of each: want 1 each; %v", childless, nothing, one, err)
	}
}

// A scenario for the reference schema only refuses another schema before it writes.
func TestOtherSchemaIsRefused(t *testing.T) {
	db := companySchema.DB(t)
	s, _ := scenario.Named("two-tenants")
	if _, err := s.Fill(t.Context(), db, scenario.Options{}); !errors.Is(err, scenario.ErrReferenceOnly) {
		t.Errorf("two-tenants: %v", err)
	}
	var rows int
	if err := db.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM companies) + (SELECT count(*) FROM tasks)").Scan(&rows); err != nil || rows > 0 {
		t.Errorf("%d rows were written: %v", rows, err)
	}
}

// Without volumes, scale makes rows in proportion to the tenants. A table that cannot hold
// as many gets as many as it can, and is reported.
func TestScaleOfAnySchema(t *testing.T) {
	db := companySchema.DB(t)
	testpg.Exec(t, db, "CREATE TABLE sides (side text PRIMARY KEY CHECK (side IN ('left', 'right')))")
	s, _ := scenario.Named("scale")
	left, err := s.Fill(t.Context(), db, scenario.Options{Spaces: 40})
	if err != nil || len(left) != 1 || !strings.HasPrefix(left[0], "sides has room for 2 rows only: ") {
		t.Fatalf("%q, %v", left, err)
	}
	check.Integrity(t, db)
	got := testpg.One[string](t, db, `SELECT format('%s %s %s %s %s %s', (SELECT count(*) FROM companies), (SELECT count(*) FROM teams),
		(SELECT count(*) FROM invoices), (SELECT count(*) FROM tasks), (SELECT count(*) FROM sides), (SELECT count(*) FROM plans))`)
	if got != "4 40 800 800 2 4" {
		t.Errorf("companies, teams, invoices, tasks, sides, plans: %s", got)
	}
}

// A unique expression beside the tenant leaves room for more than one row of each.
func TestUniqueExpressionLeavesRoom(t *testing.T) {
	db := companySchema.DB(t)
	testpg.Exec(t, db, "CREATE UNIQUE INDEX ON projects (team_id, lower(title))")
	fill(t, db, "demo", scenario.Options{})
	if n := testpg.One[int](t, db, "SELECT min(n) FROM (SELECT count(*) n FROM projects GROUP BY team_id) p"); n < 2 {
		t.Errorf("a team has %d project", n)
	}
}

// A second demo finds the rows of the first, though policies hide them from the session.
func TestFillingTwiceUnderRowSecurity(t *testing.T) {
	db := (&pgtest.Server{Migrations: fstest.MapFS{"1_secured.sql": {Data: []byte(`-- +goose Up
CREATE TABLE firms (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE invoices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), firm_id uuid NOT NULL REFERENCES firms, total int NOT NULL);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY firm ON invoices USING (firm_id = nullif(current_setting('app.firm_id', true), '')::uuid);
`)}}}).DB(t)
	demo, err := scenario.Named("demo")
	if err != nil {
		t.Fatal(err)
	}
	admin := testpg.Superuser(t, db)
	var made []string
	for _, want := range []error{nil, scenario.ErrNothing} {
		left, err := demo.Fill(t.Context(), db.Pool, scenario.Options{Seed: 1})
		if !errors.Is(err, want) || len(left) > 0 {
			t.Fatalf("left out: %q, %v", left, err)
		}
		var n string
		if err := admin.QueryRow(t.Context(), "SELECT format('%s firms, %s invoices', (SELECT count(*) FROM firms), (SELECT count(*) FROM invoices))").Scan(&n); err != nil {
			t.Fatal(err)
		}
		made = append(made, n)
	}
	if made[0] != "3 firms, 15 invoices" || made[1] != made[0] {
		t.Errorf("after each filling: %q", made)
	}
}

// A tenant that a migration has made does not keep the scenario from making its own, also
// where policies hide it.
func TestFillingBesideTenantsOfAMigration(t *testing.T) {
	db := (&pgtest.Server{Migrations: fstest.MapFS{"1_secured.sql": {Data: []byte(`-- +goose Up
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), firm_id int NOT NULL REFERENCES firms, total int NOT NULL);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY firm ON invoices USING (firm_id = nullif(current_setting('app.firm_id', true), '')::int);
CREATE TABLE locked (id int PRIMARY KEY CHECK (id > 7 AND id < 9 AND id * id = 2 + id * 3));
INSERT INTO firms VALUES (1, 'ours');
`)}}}).DB(t)
	demo, _ := scenario.Named("demo")
	left, err := demo.Fill(t.Context(), db.Pool, scenario.Options{Seed: 1})
	if err != nil || len(left) != 1 || !strings.HasPrefix(left[0], "locked is empty: ") {
		t.Errorf("left out: %q, %v", left, err)
	}
	var got string
	err = testpg.Superuser(t, db).QueryRow(t.Context(), "SELECT format('%s %s', (SELECT count(*) FROM firms), (SELECT count(*) FROM invoices))").Scan(&got)
	if err != nil || got != "4 15" {
		t.Errorf("firms and invoices: %s, %v", got, err)
	}
	// Now there is nothing left to fill but what cannot be.
	left, err = demo.Fill(t.Context(), db.Pool, scenario.Options{Seed: 1})
	if !errors.Is(err, scenario.ErrNothing) || len(left) != 1 || !strings.HasPrefix(left[0], "locked is empty: ") {
		t.Errorf("the second time: %q, %v", left, err)
	}
	testkit.Mention(t, fmt.Sprint(err), "1 had rows before and 1 could not be filled")
}

// Tables that cannot be filled are named all at once, with those that need their rows, in the
// words of a shell; nothing is written.
func TestRequestedNamesAllThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`
create table makers (id int primary key, kind text not null default 'x');
create function maker_is(id int, kind text) returns boolean language sql as $$ select coalesce((select m.kind = $2 from makers m where m.id = $1), true) $$;
create table saws (id int primary key, maker_id int not null references makers check (maker_is(maker_id, 'saw')));
create table teeth (id int primary key, saw_id int not null references saws);
create table single (id int primary key check (id = 1), note text not null);
create table fine (id int primary key, maker_id int not null references makers)`).DB(t)
	var wanted []scenario.Rows
	for _, table := range []string{"makers", "saws", "teeth", "single", "fine"} {
		wanted = append(wanted, scenario.Rows{Table: table, N: 9})
	}
	_, err := scenario.Requested(t.Context(), db, wanted, scenario.Options{})
	failed, ok := errors.AsType[*scenario.RequestError](err)
	if !ok || !slices.Equal(slices.Sorted(slices.Values(failed.Tables)), []string{"saws", "single"}) || !slices.Equal(failed.Needy, []string{"teeth"}) ||
		!strings.Contains(err.Error(), "2 of 5 tables cannot be filled") || strings.Contains(err.Error(), "with Set") || strings.Contains(err.Error(), "factory.") {
		t.Errorf("the error is %v", err)
	}
	if n := testpg.One[int](t, db, "select count(*) from fine"); n > 0 {
		t.Errorf("%d rows were written", n)
	}
	if _, err := scenario.Requested(t.Context(), db, []scenario.Rows{{Table: "makers", N: 9}, {Table: "fine", N: 9}}, scenario.Options{}); err != nil {
		t.Error(err)
	}
}
