package check_test

import (
	"context"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

// lookalike resembles a fault, and is none. Those that are about no policy stand beside one
// another without getting in each other's way.
type lookalike struct{ name, as, sql string }

var lookalikes = []lookalike{
	{"restrictive policy over an open one", owner, `drop policy datasets_space on datasets; create policy anything on datasets using (true);
		create policy kept on datasets as restrictive using (space_id = ` + setting + `)`},
	{"restrictive policies for each command", owner, `create policy anything on datasets for select using (true);
		create policy kept on datasets as restrictive for select to seedbed_app using (space_id = ` + setting + `); create policy keeps on datasets as restrictive for select to seedbed_org_admin using (false and space_id = ` + setting + `)`},
	{"policy by a function that compares", owner, `create function mine(uuid) returns bool language sql stable as 'select $1 = seedbed_space_id()';
		alter policy datasets_space on datasets using (mine(space_id)) with check (mine(space_id))`},
	{"policy by a function with a name for its argument", owner, `create function mine(sid uuid) returns bool language sql stable return sid = seedbed_space_id();
		alter policy datasets_space on datasets using ((select mine(space_id))) with check (mine(space_id))`},
	{"policy by a procedure that compares", owner, `create function mine(sid uuid) returns bool language plpgsql stable as $$ begin
			-- it's what the session says, or nothing
			return sid = seedbed_space_id(); end $$;
		alter policy datasets_space on datasets using (mine(space_id)) with check (mine(space_id))`},
	{"policy by a procedure with more to it", owner, `create function mine(sid uuid) returns bool language plpgsql stable as $$ declare here uuid := seedbed_space_id(); begin
			if here is null then return false; end if;
			return sid = here; end $$;
		alter policy datasets_space on datasets using (mine(space_id)) with check (mine(space_id))`},
	{"policy that says false where it knows nothing", owner, `alter policy datasets_space on datasets using (coalesce(space_id = ` + setting + `, false)) with check ((space_id = ` + setting + `) is true)`},
	{"policy with more conditions", owner, `alter policy datasets_space on datasets using (space_id = ` + setting + ` and (row_count is null or row_count >= 0))`},
	{"policy with the sides exchanged", owner, `alter policy datasets_space on datasets using (` + setting + ` = space_id) with check (` + setting + ` = space_id)`},
	{"policy by IN", owner, `alter policy datasets_space on datasets using (space_id in (select s.id from spaces s where s.id = ` + setting + `)) with check (space_id = any (array[` + setting + `]))`},
	{"policy by EXISTS", owner, `alter policy datasets_space on datasets using (exists (select from spaces s where s.id = datasets.space_id and s.id = ` + setting + `))`},
	{"update policy without WITH CHECK", owner, `drop policy datasets_space on datasets;
		create policy s on datasets for select using (space_id = ` + setting + `); create policy i on datasets for insert with check (space_id = ` + setting + `);
		create policy u on datasets for update using (space_id = ` + setting + `); create policy d on datasets for delete using (space_id = ` + setting + `)`},
	{"definer with a safe path", owner, `create function f() returns bigint language sql security definer set search_path = public, pg_temp as 'select count(*) from comments'`},
	{"definer with an empty path", owner, `create function f_empty() returns bigint language sql security definer set search_path = '' as 'select count(*) from public.comments'`},
	{"definer bound when it was created", owner, `create function f_bound() returns bigint language sql security definer set search_path = public return (select count(*) from comments)`},
	{"definer that nobody may call", super, `create function f_closed() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as 'select count(*) from public.datasets'; revoke execute on function f_closed() from public`},
	{"definer that compares with the session", super, `create function mine() returns setof public.datasets language sql security definer set search_path = '' as 'select * from public.datasets where space_id = public.seedbed_space_id()'`},
	{"definer of a trigger that only looks", super, `create function stamp() returns trigger language plpgsql security definer set search_path = '' as
		$$ begin new.description = coalesce(new.description, (select max(name) from public.datasets d where d.space_id = new.space_id)); return new; end $$;
		create trigger stamp before insert on datasets for each row execute function stamp()`},
	{"view with the reader's eyes", owner, `create view names with (security_invoker = true, security_barrier = true) as select * from datasets where space_id = seedbed_space_id(); grant select on names to seedbed_app`},
	{"materialized view for nobody", owner, `create materialized view totals as select space_id, count(*) from datasets group by 1`},
	{"foreign table for nobody", super, `create foreign data wrapper nothing; create server elsewhere foreign data wrapper nothing; create foreign table old_datasets (space_id uuid not null, id uuid not null) server elsewhere`},
	{"sequence in use", owner, `alter table datasets add column n bigint generated by default as identity; grant usage on sequence datasets_n_seq to seedbed_app`},
	{"default privileges for the application", owner, `alter default privileges in schema public grant select, insert, update, delete on tables to seedbed_app; alter default privileges grant usage on sequences to seedbed_app`},
	{"deletion that unsets the reference", owner, `alter table datasets drop constraint datasets_source_system_fkey, add constraint datasets_source_system_fkey
		foreign key (space_id, source_system_id) references source_systems (space_id, id) on delete set null (source_system_id)`},
	{"cascading deletion", owner, `alter table alerts drop constraint alerts_space_id_check_run_id_fkey, add constraint alerts_space_id_check_run_id_fkey
		foreign key (space_id, check_run_id) references check_runs (space_id, id) on delete cascade deferrable initially deferred`},
	{"plain foreign key beside the composite one", owner, `create unique index runs_id on check_runs (id); alter table alerts add constraint cascades foreign key (check_run_id) references check_runs (id) on delete cascade`},
	{"unique within the tenant", owner, `create unique index named on datasets (lower(name), space_id) include (owner_id); alter table alerts add constraint apart exclude using btree (space_id with =, id with =)`},
	{"unique key that rows do without", owner, `alter table datasets add column share_key uuid unique`},
	{"hash index on the tenant", owner, `create index hashed on datasets using hash (space_id)`},
	{"rule on a table of nobody", owner, `create table inbox (name text); create rule silent as on delete to inbox do instead nothing`},
	{"member of a role without rights", super, `create role readers nologin; grant readers to seedbed_app`},
	{"trigger that everybody fires", owner, `create function touch() returns trigger language plpgsql as 'begin new.updated_at = now(); return new; end'; create trigger touch before update on datasets for each row execute function touch(); alter table datasets enable always trigger touch`},
	{"settings that repeat their type", owner, `alter table source_systems drop constraint source_systems_slack; set local role seedbed_seeder;
		update source_systems set config = config || '{"type": "slack"}' where id = ` + slackA + `; set local role seedbed_owner;
		alter table source_systems add constraint source_systems_slack check (type <> 'slack' or (config ? 'channel') is true)`},
	{"sequence that counts down", owner, `create sequence down increment -1 minvalue -1000 maxvalue -1 start -1; create table steps (n int primary key default nextval('down')); insert into steps default values`},
	{"unique number that Postgres counts", owner, `alter table check_results add column n bigint generated always as identity; create unique index counted on check_results (n)`},
	{"unique key within a row of one tenant", owner, `create unique index once on check_results (check_run_id, metric); alter table check_results add foreign key (space_id, check_run_id) references check_runs (space_id, id)`},
	{"policy by a function, and = true", owner, `create function mine(sid uuid) returns bool language sql stable as 'select sid = seedbed_space_id()';
		alter policy datasets_space on datasets using (mine(space_id) = true) with check (true = mine(space_id))`},
	{"policies of two commands, and of two roles", owner, `drop policy datasets_space on datasets; create policy s on datasets for select to seedbed_app using (space_id = ` + setting + `); create policy i on datasets for insert to seedbed_app with check (space_id = ` + setting + `);
		create policy u on datasets for update to seedbed_app using (space_id = ` + setting + `); create policy d on datasets for delete to seedbed_app using (space_id = ` + setting + `); create policy s2 on datasets for select to seedbed_org_admin using (space_id = ` + setting + `)`},
	{"policy with a function that Postgres folds", owner, `create function least_count() returns int language sql immutable as 'select 0'; alter policy datasets_space on datasets using (space_id = ` + setting + ` and coalesce(row_count, 0) >= least_count())`},
	{"policy with a function of the row", owner, `create function counted(n bigint) returns bool language sql stable as 'select coalesce(n, 0) >= 0'; alter policy datasets_space on datasets using (space_id = ` + setting + ` and counted(row_count))`},
	{"policy with a function in ANY", owner, `create function mine() returns setof uuid language sql stable as 'select seedbed_space_id()'; alter policy datasets_space on datasets using (space_id in (select mine()) and space_id = ` + setting + `)`},
	{"unlogged table and generated column", owner, `create unlogged table words (word text, small text generated always as (lower(word)) stored); insert into words values ('A')`},
}

func TestLookalikesAreLeftAlone(t *testing.T) {
	t.Parallel()
	db := reference(t)
	admin := db.As(t, super, nil)
	var beside []lookalike
	for _, l := range testkit.Sample(t, lookalikes, 1) {
		switch {
		case strings.Contains(l.name, "polic") || testkit.Long():
			t.Run(l.name, func(t *testing.T) { leftAlone(t, admin, l) })
		default:
			beside = append(beside, l)
		}
	}
	t.Run("beside one another", func(t *testing.T) { leftAlone(t, admin, beside...) })
}

// leftAlone wants nothing to be found among look-alikes that stand beside one another.
func leftAlone(t *testing.T, db *pgtest.DB, all ...lookalike) {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	policies := false
	for _, l := range all {
		fault{as: l.as, sql: l.sql}.inject(t, tx)
		policies = policies || strings.Contains(l.name, "polic")
	}
	checked, err := audit.Check(t.Context(), tx, audit.Options{NoProbes: !policies})
	if err != nil {
		t.Fatal(err)
	}
	wantHealthy(t, checked)
}
