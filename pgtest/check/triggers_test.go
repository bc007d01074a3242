package check_test

import "testing"

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
