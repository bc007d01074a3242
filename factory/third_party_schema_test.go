package factory_test

import (
	"errors"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
)

// Tables as third parties design them, each filled twice: partitions of partitions and of
// short ranges, keys of character(n), CHECKs that only Postgres can read.
func TestThirdPartySchemaTwice(t *testing.T) {
	t.Parallel()
	const schema = `
create table runs (id char(26) primary key, status text not null check (status in ('queued', 'done')));
create table jobs (id bigint, at timestamptz not null, state text not null, primary key (id, at, state)) partition by range (at);
create table jobs_day partition of jobs for values from ('2025-03-01') to ('2025-03-01 01:00') partition by list (state);
create table jobs_day_ok partition of jobs_day for values in ('ok', 'fine');
create table jobs_day_bad partition of jobs_day for values in ('bad');
create table shards (no int not null, v text not null) partition by range (no);
create table shards_a partition of shards for values from (10) to (40);
create table shards_b partition of shards for values from (100) to (110);
create function even(n int) returns bool language plpgsql immutable as $$ begin if n < 0 then raise exception 'negative'; end if; return n % 2 = 0; end $$;
create table rules (id int generated always as identity primary key, kind text not null, lo int not null, hi int not null, note text, doc jsonb not null, tags text[] not null, code text not null,
	check (case kind when 'wide' then hi - lo > 10 when 'narrow' then hi - lo between 1 and 3 else false end), check (even(lo)),
	check (doc ? 'version'), check (cardinality(tags) between 1 and 3), check (code ~ '^(?!x)[a-z]{3}-\d\d$'), check (kind <> 'wide' or note is not null), check (kind = any ('{wide,narrow}'::text[])))`
	db := testpg.Schema(schema).DB(t)
	for round := range 2 {
		factory.Fill(t, db, factory.Auto("runs").N(30), factory.Auto("jobs").N(30), factory.Auto("shards").N(30), factory.Auto("rules").N(30))
		factory.Auto("rules").CreateN(t, db, 2)
		factory.Auto("jobs").CreateN(t, db, 2)
		for _, table := range []string{"runs", "jobs", "shards", "rules"} {
			if n := testpg.One[int](t, db, "select count(*) from "+table); n < 30*(round+1) {
				t.Errorf("%s has %d rows", table, n)
			}
		}
	}
	if n := testpg.One[int](t, db, "select count(distinct kind) from rules"); n != 2 {
		t.Errorf("rules are of %d kinds", n)
	}
}

// A plan that cannot be carried out says why, before it writes a row.
func TestTablesThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`
create table settings (id int primary key check (id = 1), v text not null);
create table spread (id int) partition by hash (id);
create table posts (id int primary key)`).DB(t)
	_, err := factory.FillContext(t.Context(), db, factory.Auto("posts").N(3), factory.Auto("spread").N(3))
	mention(t, err, "spread is partitioned BY HASH (id) and has no partition")
	_, err = factory.Auto("spread").CreateContext(t.Context(), db)
	mention(t, err, "has no partition")
	factory.Fill(t, db, factory.Auto("settings").N(1))
	_, err = factory.FillContext(t.Context(), db, factory.Auto("posts").N(3), factory.Auto("settings").N(1))
	var space *factory.KeySpaceError
	if !errors.As(err, &space) || space.There != 1 || space.Most != 1 || space.Column != "id" {
		t.Errorf("got %#v, %v", space, err)
	}
	mention(t, err, "settings: 1 rows asked for beside the 1 that are there", "CHECK ((id = 1))")
	if n := testpg.One[int](t, db, "select count(*) from posts"); n != 0 {
		t.Errorf("%d posts are left of plans that failed", n)
	}
}
