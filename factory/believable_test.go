package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
)

// What a plan makes for tables without a definition can be shown: most optional columns
// are filled, what a row says of a person, a place and its history agrees, and Create
// leaves to the test what a row may do without.
func TestBelievableRows(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`
create type grade as enum ('new', 'won', 'lost');
create table customers (id int generated always as identity primary key, first_name text not null, last_name text not null, email text not null unique,
	country text, country_code varchar(2), city text, currency char(3), locale text, notes text, stage grade not null default 'new', position int,
	created_at timestamptz not null default now(), updated_at timestamptz not null default now(), last_login_at timestamptz, deleted_at timestamptz, password_digest text, crm_id text)`).DB(t)
	factory.Fill(t, db, factory.Auto("customers").N(200))
	for what, wrong := range map[string]string{
		"an e-mail of another person":  "email not like lower(first_name || '.' || last_name) || '%'",
		"a code of another country":    "(country, country_code) not in (('Germany','DE'),('France','FR'),('Spain','ES'),('Netherlands','NL'),('Portugal','PT'),('Switzerland','CH'),('United Kingdom','GB'),('United States','US'),('Canada','CA'),('Sweden','SE'),('Poland','PL'),('Australia','AU'))",
		"another country's locale":     "right(locale, 2) <> country_code",
		"an update before the row":     "updated_at < created_at",
		"a login before the row":       "last_login_at < created_at",
		"a moment that is to come":     "greatest(created_at, updated_at, last_login_at) > '2026-03-02 09:00+00'",
		"a deleted row, or a password": "deleted_at is not null or password_digest is not null",
		"a position below 1":           "position < 1 or position > 20",
	} {
		if n := testpg.One[int](t, db, "select count(*) from customers where "+wrong); n > 0 {
			t.Errorf("%d rows have %s", n, what)
		}
	}
	for what, enough := range map[string]string{
		"notes":        "count(notes) between 120 and 199",
		"logins":       "count(last_login_at) between 80 and 190",
		"stages":       "count(distinct stage) = 3",
		"recent rows":  "max(created_at) > '2026-01-01'",
		"countries":    "count(distinct country) > 8",
		"foreign keys": "count(crm_id) = 0",
	} {
		if !testpg.One[bool](t, db, "select "+enough+" from customers") {
			t.Errorf("%s: not %s", what, enough)
		}
	}
	row := factory.Auto("customers").Create(t, db)
	if row.Get("notes") != nil || row.Get("last_login_at") != nil || row.Get("stage") != "new" {
		t.Errorf("Create made up what a row may do without: %v", row.Values)
	}
}
