package check_test

import (
	"strings"
	"testing"
)

// Triggers and rules that write what the row that fires them does not say.
func TestTriggersKeepTheTenant(t *testing.T) {
	t.Parallel()
	const cards = boardsSQL + `create table cards (id int primary key, workspace_id int not null references workspaces, board_id int, title text); create index on cards (workspace_id);
		create table tallies (workspace_id int not null references workspaces, title text, primary key (workspace_id, title));
		create table ranks (id int primary key);`
	trigger := func(on, when, declare, body string) string {
		return cards + `create function f() returns trigger language plpgsql as $$ declare w int; ` + declare + ` begin ` + body + ` return new; end $$;
			create trigger tr ` + when + ` insert on ` + on + ` for each row execute function f()`
	}
	testShapes(t, "triggers", []smallShape{
		{name: "the first tenant there is", want: "trigger-crosses cards.tr", text: "sets workspace_id", sql: trigger("cards", "before", "", "new.workspace_id := (select id from workspaces order by id limit 1);")},
		{name: "a tenant by its number, in a branch", want: "trigger-crosses cards.tr", sql: trigger("cards", "before", "", "if new.title is null then new.workspace_id = 1; end if;")},
		{name: "the first tenant, by a variable", want: "trigger-crosses cards.tr", sql: trigger("cards", "before", "", "select id into w from workspaces limit 1; new.workspace_id := w;")},
		{name: "a copy for one tenant", want: "trigger-crosses cards.tr", text: "inserts into tallies", sql: trigger("cards", "after", "", "if new.workspace_id <> 1 then insert into tallies (title, workspace_id) values (new.title, 1); end if;")},
		{name: "a copy for every tenant", want: "trigger-crosses cards.tr", sql: trigger("cards", "after", "", "insert into public.tallies (title, workspace_id) select new.title, id from workspaces on conflict do nothing;")},
		{name: "the first tenant, right into the row", want: "trigger-crosses cards.tr", text: "sets workspace_id", sql: trigger("cards", "before", "", "select id into new.workspace_id from workspaces limit 1;")},
		{name: "a copy for all other tenants", want: "trigger-crosses cards.tr", text: "inserts into tallies", sql: trigger("cards", "after", "", "insert into tallies (title, workspace_id) select new.title, x.id from workspaces x where x.id <> new.workspace_id;")},
		{name: "a copy for the tenant that a document names", want: "trigger-crosses cards.tr", text: "inserts into tallies", sql: strings.Replace(trigger("cards", "after", "", "insert into tallies (title, workspace_id) values (new.title, (new.meta ->> 'workspace')::int);"), "board_id int,", "board_id int, meta jsonb,", 1)},
		{name: "a copy for the tenant of another row", silent: "trigger-crosses", sql: trigger("cards", "after", "", "insert into tallies (title, workspace_id) select new.title, b.workspace_id from boards b where b.id = new.board_id and b.title <> new.title;")},
		{name: "the parent's tenant, right into the row", silent: "trigger-crosses", sql: trigger("cards", "before", "", "select b.workspace_id into new.workspace_id from boards b where b.id = new.board_id;")},
		{name: "the parent's tenant", silent: "trigger-crosses", sql: trigger("cards", "before", "", "new.workspace_id := (select workspace_id from boards where id = new.board_id);")},
		{name: "the parent's tenant, by a variable", silent: "trigger-crosses", sql: trigger("cards", "before", "", "select workspace_id into w from boards b where b.id = new.board_id; new.workspace_id := w; insert into tallies (title, workspace_id) values (new.title, w);")},
		{name: "the session's tenant", silent: "trigger-crosses", sql: trigger("cards", "before", "", "new.workspace_id := current_setting('app.workspace')::int;")},
		{name: "a copy in the row's tenant", silent: "trigger-crosses", sql: trigger("cards", "after", "", "insert into tallies (title, workspace_id) values (new.title, new.workspace_id) on conflict do nothing;")},
		{name: "a copy for the tenant of a parent", silent: "trigger-crosses", sql: trigger("cards", "after", "", "insert into tallies (title, workspace_id) select new.title, b.workspace_id from boards b where b.id = new.board_id;")},
		{name: "what is new everywhere goes to every tenant", silent: "trigger-crosses", sql: trigger("ranks", "after", "", "insert into tallies (title, workspace_id) select new.id::text, id from workspaces;")},
		{name: "another column", silent: "trigger-crosses", sql: trigger("cards", "before", "", "new.title := (select title from boards limit 1);")},

		{name: "a rule that throws deletions away", want: "rewrite-rule boards.keep", text: "the rows stay when their workspace goes", sql: boardsSQL + `create rule keep as on delete to boards do instead nothing`},
		{name: "a rule that throws rows away", want: "rewrite-rule boards.drop", text: "throws every INSERT away", sql: boardsSQL + `create rule drop as on insert to boards do instead nothing`},
		{name: "a rule for some rows", silent: "rewrite-rule", sql: boardsSQL + `create rule once as on insert to boards where exists (select from boards b where b.id = new.id) do instead nothing`},
		{name: "a rule on a table of no tenant", silent: "rewrite-rule", sql: boardsSQL + `create table ranks (id int primary key); create rule keep as on delete to ranks do instead nothing`},
	})
}

// Triggers with their owner's rights write past row-level security: only rows of the tenant, or
// those that the row which fires them names.
func TestDefinerTriggersKeepTheTenant(t *testing.T) {
	t.Parallel()
	const finding = "definer-bypasses-rls public.f()"
	trigger := func(body string) string {
		return boardsSQL + `create table cards (id int primary key, workspace_id int not null references workspaces, board_id int not null, title text, meta jsonb, foreign key (board_id, workspace_id) references boards (id, workspace_id)); create index on cards (workspace_id);
			create role player login; grant select, insert, update, delete on boards, cards to player; alter table boards enable row level security; alter table cards enable row level security; alter table boards add shared boolean not null default false;
			create policy own on boards to player using (workspace_id = current_setting('app.workspace')::int) with check (workspace_id = current_setting('app.workspace')::int);
			create policy own on cards to player using (workspace_id = current_setting('app.workspace')::int) with check (workspace_id = current_setting('app.workspace')::int);
			create function f() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$ begin ` + body + ` return new; end $$;
			create trigger tr after insert on cards for each row execute function f()`
	}
	testShapes(t, "definer_triggers", []smallShape{
		{name: "into what is shared", want: finding, sql: trigger("insert into public.cards (id, workspace_id, board_id, title) select new.id + 1, b.workspace_id, b.id, new.title from public.boards b where b.shared limit 1;")},
		{name: "into all other tenants", want: finding, sql: trigger("insert into public.boards (id, workspace_id) select new.id, w.id from public.workspaces w where w.id <> new.workspace_id;")},
		{name: "into the tenant that a document names", want: finding, sql: trigger("insert into public.boards (id, workspace_id) values (new.id, (new.meta ->> 'workspace')::int);")},
		{name: "what has the same title, changed", want: finding, sql: trigger("update public.cards set meta = new.meta where title = new.title;")},
		{name: "what has the same title, deleted", want: finding, sql: trigger("delete from public.cards where title = new.title and id <> new.id;")},
		{name: "into the tenant of its board", silent: "definer-bypasses-rls", sql: trigger("insert into public.boards (id, workspace_id, title) select new.id, b.workspace_id, new.title from public.boards b where b.id = new.board_id;")},
		{name: "into its tenant", silent: "definer-bypasses-rls", sql: trigger("insert into public.boards (id, workspace_id, title) values (new.id, new.workspace_id, new.meta ->> 'title');")},
		{name: "what it is part of", silent: "definer-bypasses-rls", sql: trigger("update public.boards set title = new.title where id = new.board_id; delete from public.cards where board_id = new.board_id and title = new.title and id <> new.id;")},
		{name: "what has the same title in its tenant", silent: "definer-bypasses-rls", sql: trigger("delete from public.cards c where c.title = new.title and c.workspace_id = new.workspace_id and c.id <> new.id;")},
		{name: "what a row of its own leads to", silent: "definer-bypasses-rls", sql: trigger("update public.boards set title = 'x' where id in (select c.board_id from public.cards c where c.id = new.id);")},
	})
}
