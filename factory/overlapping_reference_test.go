package factory_test

import (
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// A foreign key over two columns, each of which has one of its own: the three parents of a
// row agree, also where a column is nullable and the row goes without.
func TestOverlappingForeignKeys(t *testing.T) {
	const schema = `
create table ws (id uuid primary key, name text not null);
create table dirs (id uuid primary key, name text not null);
create table dir_ws (dir_id uuid not null references dirs, ws_id uuid not null references ws, unique (dir_id, ws_id));
create table members (id uuid primary key, dir_id uuid not null references dirs, ws_id uuid not null references ws, foreign key (dir_id, ws_id) references dir_ws (dir_id, ws_id));
create table circles (id uuid primary key, ws_id uuid references ws, dir_id uuid not null references dirs, foreign key (dir_id, ws_id) references dir_ws (dir_id, ws_id))`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			factory.Fill(t, db, factory.Auto("ws").N(9), factory.Auto("dirs").N(9), factory.Auto("dir_ws").N(12), factory.Auto("members").N(60), factory.Auto("circles").N(60))
			factory.Auto("members").CreateN(t, db, 3)
			factory.Auto("circles").CreateN(t, db, 3)
		}
		check.Integrity(t, db)
		if n := testpg.One[int](t, db, "select count(ws_id) from circles"); n == 0 || n == 126 {
			t.Errorf("%d of 126 circles have a ws, want some", n)
		}
	})
}

// The default of a pair's type names its table: rows that leave the type to the default have
// an id of that table.
func TestPairWhoseDefaultNamesItsTable(t *testing.T) {
	const schema = `
create table posts (id uuid primary key, title text not null);
create table notes (id uuid primary key, subject_type text not null default 'posts', subject_id uuid, body text not null)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			factory.Auto("notes").CreateN(t, db, 3)
			factory.Auto("notes").Fill(t, db, 10)
		}
		if n := testpg.One[int](t, db, "select count(*) from notes join posts p on p.id = subject_id and subject_type = 'posts'"); n != 26 {
			t.Errorf("%d of 26 notes are about a post", n)
		}
		check.Integrity(t, db)
	})
}

// Parents of one row belong to one tenant, whatever the way to it: a tenant's row leads to
// rows of its own, a row of a tenant to rows of the tenants within it, and a row that names
// no tenant to parents of one. A transfer from a firm to a firm may be between two.
func TestParentsOfOneTenant(t *testing.T) {
	const schema = `
create table firms (id uuid primary key, name text not null);
create table sites (id uuid primary key, firm_id uuid not null references firms, front_page uuid, name text not null);
create table pages (id uuid primary key, site_id uuid not null references sites, title text not null);
alter table sites add foreign key (front_page) references pages;
create table staff (id uuid primary key, firm_id uuid not null references firms, favourite uuid references pages, name text not null);
create table readings (id uuid primary key, page_id uuid not null references pages, staff_id uuid not null references staff);
create table quotes (id uuid primary key, reading_id uuid not null references readings, staff_id uuid not null references staff);
create table events (id uuid primary key, page_id uuid references pages, staff_id uuid references staff, note text);
create table transfers (id uuid primary key, from_firm uuid not null references firms, to_firm uuid not null references firms, amount int not null);
create view page_firms as select p.id, s.firm_id from pages p join sites s on s.id = p.site_id`
	model := factory.WithModel(seedbed.Model{
		Tenants: []seedbed.Tenant{{Name: "firm", Table: "firms", Key: []string{"id"}}, {Name: "site", Table: "sites", Key: []string{"id"}, Parent: "firm", ParentColumns: []string{"firm_id"}}},
		Scoped: []seedbed.Scoped{{Table: "sites", Tenant: "firm", Columns: []string{"firm_id"}}, {Table: "pages", Tenant: "site", Columns: []string{"site_id"}},
			{Table: "staff", Tenant: "firm", Columns: []string{"firm_id"}}},
	})
	crossed := map[string]string{
		"a site's front page":            "select count(*) filter (where p.site_id <> s.id), count(*) from sites s join pages p on p.id = s.front_page",
		"the favourite page of one":      "select count(*) filter (where p.firm_id <> s.firm_id), count(*) from staff s join page_firms p on p.id = s.favourite",
		"page and reader":                "select count(*) filter (where p.firm_id <> s.firm_id), count(*) from readings join page_firms p on p.id = page_id join staff s on s.id = staff_id",
		"reading and who quotes it":      "select count(*) filter (where p.firm_id <> s.firm_id), count(*) from quotes q join readings r on r.id = reading_id join page_firms p on p.id = page_id join staff s on s.id = q.staff_id",
		"page and staff, where both are": "select count(*) filter (where p.firm_id <> s.firm_id), count(*) from events join page_firms p on p.id = page_id join staff s on s.id = staff_id",
	}
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			plan := factory.Plan{Options: []factory.Option{model}, Rows: []factory.Volume{factory.Auto("firms").N(4), factory.Auto("sites").N(9), factory.Auto("pages").N(30), factory.Auto("staff").N(20),
				factory.Auto("readings").N(40), factory.Auto("quotes").N(40), factory.Auto("events").N(60), factory.Auto("transfers").N(20)}}
			if _, err := plan.Run(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		more := factory.Plan{Options: []factory.Option{model}, Rows: []factory.Volume{factory.Auto("quotes").N(40)}} // of readings that are there
		if _, err := more.Run(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		for what, sql := range crossed {
			var wrong, all int
			if err := db.QueryRow(t.Context(), sql).Scan(&wrong, &all); err != nil {
				t.Fatal(err)
			}
			mayBeNone := what == "a site's front page" // where the role cannot switch triggers off, circles stay NULL
			if wrong > 0 || all == 0 && !mayBeNone {
				t.Errorf("%s: %d of %d rows are of two tenants", what, wrong, all)
			}
		}
		if n := testpg.One[int](t, db, "select count(*) from transfers where from_firm <> to_firm"); n == 0 {
			t.Error("no transfer is between two firms")
		}
	})
}
