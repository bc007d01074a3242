package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// Where the function of a trigger writes NULL, the error names trigger and function: a value
// in the row that the test makes cannot help.
func TestTriggerThatWritesNull(t *testing.T) {
	const schema = `
create table users (id uuid primary key, email text, meta jsonb);
create table profiles (id uuid primary key references users, name text not null);
create function add_profile() returns trigger language plpgsql as $$ begin insert into profiles (id, name) values (new.id, coalesce(new.meta->>'name', new.email)); return new; end $$;
create trigger on_user after insert on users for each row execute function add_profile();
create function current_user_id() returns uuid language sql as $$ select nullif(current_setting('app.user', true), '')::uuid $$;
create function own() returns trigger language plpgsql as $$ begin new.owner := current_user_id(); return new; end $$;
create table docs (id uuid primary key, owner uuid not null, title text not null);
create function a_clock() returns trigger language plpgsql as $$ begin if new.owner is null or new.title = '' then new.title := 'at ' || now(); end if; return new; end $$;
create trigger a_clock before insert on docs for each row execute function a_clock();
create trigger set_owner before insert on docs for each row execute function own();
create table notes (id uuid primary key, body text not null)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		_, err := factory.Auto("users").CreateContext(t.Context(), db)
		mention(t, err, "profiles.name is NOT NULL: trigger on_user of users, which runs add_profile, has written NULL: set what that function reads")
		_, err = factory.Auto("docs").CreateContext(t.Context(), db)
		mention(t, err, "docs.owner is NOT NULL: give it a value with Set or, if trigger set_owner, which runs own, has made it NULL")
		_, err = factory.Auto("notes").CreateContext(t.Context(), db, factory.Set(func(r *factory.Record) { r.Set("body", nil) }))
		mention(t, err, "notes.body is NOT NULL: give it a value with Set")
		factory.Auto("users").Create(t, db, factory.Set(func(r *factory.Record) { r.Set("email", "ann@corp.example") }))
	})
}
