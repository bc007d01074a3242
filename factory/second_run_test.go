package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/rows"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// A process that begins anew finds rows with the keys that it would make: the numbers go on
// from those, also of rows that policies hide, and an error is about what still is in the
// way, not about those keys.
func TestNextProcess(t *testing.T) {
	const schema = `
create table users (id uuid primary key, email text not null unique);
alter table users enable row level security;
alter table users force row level security;
create policy own on users using (id::text = current_setting('app.user', true));
create table people (id uuid primary key, email text not null unique);
create table accounts (id uuid primary key, user_id uuid not null unique references users, person_id uuid not null references people, plan text not null);
create table devices (id uuid primary key, person_id uuid not null unique references people, kind text not null);
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no device is allowed'; end $$;
create trigger refuse before insert on devices for each row execute function refuse()`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 3 {
			factory.Auto("accounts").CreateN(t, db, 3)
			factory.Auto("accounts").Fill(t, db, 3)
			rows.ForgetTest("TestNextProcess") // as a process that ends does
			_, err := factory.Auto("devices").CreateContext(t.Context(), db)
			mention(t, err, "no device is allowed")
			rows.ForgetTest("TestNextProcess")
		}
		if n := testpg.One[int](t, db, "select count(*) from accounts"); n != 18 {
			t.Errorf("%d accounts, want 18", n)
		}
	})
}
