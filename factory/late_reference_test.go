package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// Nullable references run in circles: to one of the rows that lead back, to rows that are
// optional on both sides, over three tables, and from a tenant to its own rows.
const circlesSchema = `
create table yards (id bigint generated always as identity primary key, name text not null, office_id bigint);
create table offices (id bigint generated always as identity primary key, yard_id bigint not null references yards, label text not null);
alter table yards add foreign key (office_id) references offices;
create table manuals (id uuid primary key, yard_id bigint not null references yards, title text not null, current_edition_id uuid, unique (yard_id, id));
create table editions (id uuid primary key, yard_id bigint not null references yards, manual_id uuid not null, n int not null, unique (yard_id, id), foreign key (yard_id, manual_id) references manuals (yard_id, id));
alter table manuals add foreign key (yard_id, current_edition_id) references editions (yard_id, id);
create table bills (id serial primary key, n int not null, latest_receipt_id int);
create table receipts (id serial primary key, n int not null, bill_id int references bills);
alter table bills add foreign key (latest_receipt_id) references receipts;
create table ones (id serial primary key, two_id int); create table twos (id serial primary key, three_id int); create table threes (id serial primary key, one_id int references ones);
alter table ones add foreign key (two_id) references twos; alter table twos add foreign key (three_id) references threes;
create table guarded (id serial primary key, seal_id int); create table seals (id serial primary key, guarded_id int not null references guarded);
alter table guarded add foreign key (seal_id) references seals;
create function stay() returns trigger language plpgsql as $$ begin raise 'rows of guarded stay as they are'; end $$;
create trigger stay before update on guarded for each row execute function stay()`

// A plan writes NULL first and updates the rows when those that they lead to are there.
func TestCirclesOfNullableReferences(t *testing.T) {
	asEachRole(t, circlesSchema, func(t *testing.T, db *pgtest.DB) {
		var plan []factory.Volume
		for _, table := range []string{"bills", "receipts", "yards", "offices", "manuals", "editions", "ones", "twos", "threes", "guarded", "seals"} {
			plan = append(plan, factory.Auto(table).N(20))
		}
		for range 2 {
			factory.Fill(t, db, plan...)
		}
		check.Integrity(t, db)
		for sql, want := range map[string]int{
			`select count(*) from yards y join offices o on o.id = office_id where o.yard_id <> y.id`:                                                      0,
			`select count(*) from yards y where office_id is null and exists (select from offices where yard_id = y.id)`:                                   0,
			`select count(*) from manuals m join editions e on e.id = current_edition_id where e.manual_id <> m.id`:                                        0,
			`select count(*) from manuals m where current_edition_id is null and exists (select from editions where manual_id = m.id)`:                     0,
			`select count(*) from bills b where (latest_receipt_id is null) <> (not exists (select from receipts where bill_id = b.id))`:                   0,
			`select count(*) from bills b join receipts r on r.id = latest_receipt_id where r.bill_id <> b.id`:                                             0,
			`select (count(bill_id) > 20)::int from receipts`:                                                                                              1,
			`select (count(two_id) > 20)::int + (select (count(three_id) > 20)::int from twos) + (select (count(one_id) > 20)::int from threes) from ones`: 3,
			`select count(*) from seals`: 40,
		} {
			if n := testpg.One[int](t, db, sql); n != want {
				t.Errorf("%s: %d, want %d", sql, n, want)
			}
		}
	})
}

// A generated column is part of the key that other rows reference.
func TestGeneratedKey(t *testing.T) {
	const schema = `
create table apps (id uuid primary key, name text not null);
create table verbs (app_id uuid not null references apps, verb text not null, primary key (app_id, verb));
create table nouns (app_id uuid not null references apps, noun text not null, primary key (app_id, noun));
create table kinds (app_id uuid not null, noun text not null, verb text not null, kind text generated always as (noun || '.' || verb) stored, primary key (app_id, kind),
	foreign key (app_id, noun) references nouns, foreign key (app_id, verb) references verbs);
create table signals (id uuid primary key, app_id uuid not null, kind text not null, foreign key (app_id, kind) references kinds);
create table tags (app_id uuid not null references apps, a text not null, n text generated always as (a) stored, primary key (app_id, n));
create table uses (id uuid primary key, app_id uuid not null, n text not null, foreign key (app_id, n) references tags)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		factory.Fill(t, db, factory.Auto("apps").N(2), factory.Auto("verbs").N(8), factory.Auto("nouns").N(8), factory.Auto("kinds").N(20), factory.Auto("signals").N(30),
			factory.Auto("tags").N(20), factory.Auto("uses").N(20))
		factory.Auto("signals").Fill(t, db, 5)
		check.Integrity(t, db)
		if n := testpg.One[int](t, db, "select count(distinct kind) from signals"); n < 8 {
			t.Errorf("%d kinds are used", n)
		}
	})
}
