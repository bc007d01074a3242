package check_test

import "testing"

// playersSQL has players of two workspaces, and halls that the workspaces book.
const playersSQL = `create table workspaces (id bigint primary key, name text); insert into workspaces values (1, 'a'), (2, 'b');
	create table players (id bigint primary key, workspace_id bigint not null references workspaces, unique (workspace_id, id)); insert into players values (1, 1), (2, 2), (3, 1), (4, 2);
	create table city_halls (hall_id uuid primary key, workspace_id bigint not null references workspaces); create index on city_halls (workspace_id);
	insert into city_halls select ('1eed0000-0000-4000-8000-00000000000' || n)::uuid, 1 + n % 2 from generate_series(1, 4) n;
`

// hall is the key of one of the halls: of workspace 2 where n is odd.
func hall(n string) string { return "('1eed0000-0000-4000-8000-00000000000' || " + n + ")::uuid" }

// References without keys, by what columns are named for.
func TestUndeclaredNames(t *testing.T) {
	t.Parallel()
	testShapes(t, "undeclared_names", []smallShape{
		// Types
		{name: "an integer for a bigint", want: "reference-crosses fees.player_id", text: "belongs to another workspace", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, player_id integer); insert into fees values (1, 1, 1), (2, 2, 2), (3, 2, 1)`},
		{name: "an integer for a bigint, which leads nowhere", want: "reference-orphan fees.player_id", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, player_id integer); insert into fees values (1, 1, 1), (2, 2, 2), (3, 2, 99)`},
		{name: "a text for a UUID", want: "reference-orphan fees.hall_id", text: `ALTER COLUMN "hall_id" TYPE uuid USING "hall_id"::uuid; ALTER TABLE`, sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, hall_id text); insert into fees select n, 1 + n % 2, case when n = 3 then 'none' else ` + hall("n") + `::text end from generate_series(1, 4) n`},
		{name: "a text that is no UUID", silent: "reference-undeclared, reference-orphan", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, hall_id text); insert into fees values (1, 1, 'hal_8fG2'), (2, 2, 'hal_9aB1')`},

		// Defaults that say none
		{name: "a default for none", silent: "reference-undeclared, reference-orphan", sql: playersSQL + `
			create table games (id text primary key, workspace_id bigint not null references workspaces); insert into games values ('x', 1);
			create table scores (id int primary key, workspace_id bigint not null references workspaces, game_id text not null default '', player_id bigint not null default 0); insert into scores (id, workspace_id) values (1, 1), (2, 2)`},
		{name: "a default for none, and rows with a value", want: "reference-undeclared scores.game_id", text: `DROP DEFAULT, ALTER COLUMN "game_id" DROP NOT NULL; UPDATE "public"."scores" SET "game_id" = NULL WHERE "game_id" = ''::text; `, silent: "reference-orphan", sql: playersSQL + `
			create table games (id text primary key, workspace_id bigint not null references workspaces); insert into games values ('x', 1);
			create table scores (id int primary key, workspace_id bigint not null references workspaces, game_id text not null default ''); insert into scores values (1, 1, ''), (2, 1, 'x'), (3, 1, '')`},
		{name: "a default for none, and a value that is gone", want: "reference-orphan scores.game_id", text: "1 row of scores", sql: playersSQL + `
			create table games (id text primary key, workspace_id bigint not null references workspaces); insert into games values ('x', 1);
			create table scores (id int primary key, workspace_id bigint not null references workspaces, game_id text not null default ''); insert into scores values (1, 1, ''), (2, 1, 'x'), (3, 1, 'y')`},

		// Names
		{name: "named for the key", want: "reference-undeclared fees.hall_id", sql: playersSQL + `create table fees (id int primary key, hall_id uuid not null)`},
		{name: "named for the key, which may be a reference itself", silent: "reference-undeclared", sql: playersSQL + `
			create table open_tickets (show_id uuid primary key, workspace_id bigint not null references workspaces); create table fees (id int primary key, show_id uuid not null)`},
		{name: "named for the key of one of two tables", silent: "reference-undeclared fees.hall_id", sql: playersSQL + `
			create table old_halls (id uuid primary key, workspace_id bigint not null references workspaces); create table fees (id int primary key, hall_id uuid not null)`},
		{name: "named for a part of a key", silent: "reference-undeclared", sql: playersSQL + `
			create table seats (workspace_id bigint not null references workspaces, player_id bigint not null references players, seat_id text not null, primary key (player_id, seat_id));
			create table tickets (id int primary key, player_id bigint not null, place_id text not null, foreign key (player_id, place_id) references seats); create table claims (id int primary key, player_id bigint not null, place_id text not null, foreign key (player_id, place_id) references seats);
			create table fees (id int primary key, workspace_id bigint not null references workspaces, place_id text)`},
		{name: "a table of its own with that key", silent: "reference-undeclared", sql: playersSQL + `create table hall_maps (hall_id uuid primary key, map text)`},
		{name: "named for the key at its end", want: "reference-orphan fees.last_hall_id", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, last_hall_id uuid); insert into fees select n, 1 + n % 2, ` + hall("n") + ` from generate_series(3, 5) n`},
		{name: "named for a key that each tenant has", want: "reference-undeclared steps.action_id", text: `FOREIGN KEY ("workspace_id", "action_id") REFERENCES "public"."actions" ("workspace_id", "action_id") NOT VALID`, sql: playersSQL + `
			create table actions (id uuid primary key, workspace_id bigint not null references workspaces, action_id text not null, unique (workspace_id, action_id)); create table steps (id int primary key, workspace_id bigint not null references workspaces, action_id text not null)`},
		{name: "named for a key that each tenant has, and held", silent: "reference-undeclared", sql: playersSQL + `
			create table actions (id uuid primary key, workspace_id bigint not null references workspaces, action_id text not null, unique (workspace_id, action_id)); create table steps (id int primary key, workspace_id bigint not null references workspaces, action_id text not null, foreign key (workspace_id, action_id) references actions (workspace_id, action_id))`},
		{name: "a row of the same table", want: "reference-crosses notes.reply_note_id", sql: playersSQL + `
			create table notes (note_id bigint primary key, player_id bigint not null references players, reply_note_id bigint); insert into notes values (1, 1, null), (2, 1, 1), (3, 2, 2)`},
		{name: "named for the table at its end", want: "reference-orphan fees.late_paying_player_id", text: "referencing a row of players that does not exist", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, late_paying_player_id int not null); insert into fees values (1, 1, 1), (2, 2, 2), (3, 2, 4711)`},
		{name: "named for the table at its end, of another system", silent: "reference-undeclared, reference-orphan, reference-crosses", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, league_player_id int not null, external_player_id int not null); insert into fees values (1, 1, 801, 1), (2, 2, 802, 2), (3, 2, 4, 3)`},
		{name: "named as foreign keys of other tables are", want: "reference-undeclared fees.payer_id", text: "looks like a reference to players, and no foreign key holds it", sql: playersSQL + `
			create table gifts (id int primary key, workspace_id bigint not null references workspaces, payer_id bigint references players); create table debts (id int primary key, workspace_id bigint not null references workspaces, payer_id bigint references players);
			create table fees (id int primary key, workspace_id bigint not null references workspaces, payer_id bigint)`},
		{name: "named as foreign keys to two tables are", silent: "reference-undeclared", sql: playersSQL + `
			create table gifts (id int primary key, workspace_id bigint not null references workspaces, payer_id bigint references players); create table debts (id int primary key, workspace_id bigint not null references workspaces, payer_id bigint references workspaces);
			create table fees (id int primary key, workspace_id bigint not null references workspaces, payer_id bigint)`},

		// Logs
		{name: "a log's", want: "reference-undeclared audit_logs.player_id", text: `ON DELETE SET NULL ("player_id") NOT VALID`, sql: playersSQL + `
			create table audit_logs (id int primary key, workspace_id bigint not null references workspaces, player_id bigint)`},
		{name: "a log's that may not be NULL", want: "reference-undeclared audit_logs.player_id", text: `/* none where rows of audit_logs are to outlive what they name */`, sql: playersSQL + `
			create table audit_logs (id int primary key, workspace_id bigint not null references workspaces, player_id bigint not null)`},
		{name: "figures", want: "reference-undeclared monthly_metrics.player_id", text: "none where rows of monthly_metrics are to outlive", sql: playersSQL + `
			create table monthly_metrics (workspace_id bigint not null references workspaces, player_id bigint not null, month date not null, n bigint not null, primary key (workspace_id, player_id, month))`},
		{name: "a row that may be of another's instead", want: "reference-undeclared calls.key_id", text: `FOREIGN KEY ("key_id") REFERENCES "public"."keys" ("id") NOT VALID`, sql: playersSQL + `
			create table orgs (id bigint primary key); insert into orgs values (1); alter table workspaces add org_id bigint not null default 1 references orgs; create index on workspaces (org_id);
			create table keys (id bigint primary key, org_id bigint references orgs, workspace_id bigint references workspaces); create table calls (id int primary key, workspace_id bigint not null references workspaces, key_id bigint)`},
		{name: "rows that all lead nowhere", want: "reference-undeclared fees.player_id", text: "; 2 of its 2 values lead to no row there", sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, player_id bigint); insert into fees values (1, 1, 71), (2, 2, 72), (3, 2, null)`},
		{name: "no log's", want: "reference-undeclared fees.player_id", text: `FOREIGN KEY ("workspace_id", "player_id") REFERENCES "public"."players" ("workspace_id", "id") NOT VALID`, sql: playersSQL + `
			create table fees (id int primary key, workspace_id bigint not null references workspaces, player_id bigint)`},
	})
}

// Rows that join those of two tenants.
func TestJoinedTenants(t *testing.T) {
	t.Parallel()
	const bookings = playersSQL + `create table bookings (player_id bigint not null, hall_id uuid not null, primary key (player_id, hall_id));
		insert into bookings values (1, '1eed0000-0000-4000-8000-000000000002'), (2, '1eed0000-0000-4000-8000-000000000001'), (3, '1eed0000-0000-4000-8000-000000000004'); `
	const loans = playersSQL + `create table loans (id int primary key, lender_id bigint references players, player_id bigint references players, hall_id uuid references city_halls); `
	const taggings = playersSQL + `create table labels (id bigint primary key, workspace_id bigint not null references workspaces); insert into labels values (1, 1), (2, 2);
		create table labelings (id int primary key, label_id bigint not null references labels, subject_type text not null check (subject_type in ('Player', 'Workspace')), subject_id bigint not null); create index on labelings (subject_type, subject_id); `
	const entries = playersSQL + `create table tickets (id bigint primary key, workspace_id bigint not null references workspaces); insert into tickets values (1, 1), (2, 2);
		create table orders (id bigint primary key, workspace_id bigint not null references workspaces); insert into orders values (1, 2);
		create table entries (id int primary key, player_id int, subject_type text, subject_id int); create index on entries (subject_type, subject_id); `
	testShapes(t, "joined_tenants", []smallShape{
		{name: "by no keys", want: "reference-crosses bookings.hall_id", text: "1 row of bookings joining a row of players with a row of city_halls that belongs to another workspace", sql: bookings + `insert into bookings values (1, '1eed0000-0000-4000-8000-000000000001')`},
		{name: "by no keys, of one tenant each", silent: "reference-crosses", sql: bookings},
		{name: "by keys that may be NULL", want: "reference-crosses loans.loans_player_id_fkey", sql: loans + `insert into loans values (1, null, 1, ` + hall("2") + `), (2, null, 1, ` + hall("1") + `)`},
		{name: "by keys of which one is NULL", silent: "reference-crosses", sql: loans + `insert into loans values (1, null, 1, null), (2, 2, null, null)`},
		{name: "most join two tenants", want: "reference-crosses loans.loans_player_id_fkey", text: "nothing, where rows of two tenants are joined on purpose", sql: loans + `insert into loans values (1, null, 1, ` + hall("1") + `), (2, null, 1, ` + hall("3") + `)`},
		{name: "most join two rows of a table", silent: "reference-crosses", sql: loans + `insert into loans values (1, 1, 2, null), (2, 3, 4, null), (3, 1, 3, null)`},
		{name: "by a key and a pair", want: "pair-wrong-tenant labelings.subject_id", sql: taggings + `insert into labelings values (1, 1, 'Player', 1), (2, 2, 'Player', 2), (3, 2, 'Player', 1)`},
		{name: "by a key and a pair, of one tenant each", silent: "pair-wrong-tenant, pair-crosses, pair-orphan", sql: taggings + `insert into labelings values (1, 1, 'Player', 1), (2, 2, 'Player', 2), (3, 2, 'Workspace', 2)`},
		{name: "by a pair and no key", want: "reference-crosses entries.subject_id", text: "1 row of entries joining a row of players with a row of tickets that belongs to another workspace", sql: entries + `insert into entries values (1, 1, 'Ticket', 1), (2, 2, 'Ticket', 2), (3, 2, 'Ticket', 1)`},
		{name: "by a pair and no key, of one tenant each", silent: "reference-crosses", sql: entries + `insert into entries values (1, 1, 'Ticket', 1), (2, 2, 'Ticket', 2), (3, 2, 'Order', 1)`},
		{name: "by a pair whose tenant is that of the row", silent: "pair-wrong-tenant, pair-crosses, pair-orphan", sql: taggings + `alter table labelings alter label_id drop not null; insert into labelings values (1, null, 'Player', 1), (2, 2, 'Player', 2)`},
	})
}

// What the history of deleted rows points at.
func TestHistoryPairs(t *testing.T) {
	t.Parallel()
	shape := func(table, column string) string {
		return playersSQL + `create table ` + table + ` (id int primary key, item_type text not null check (item_type in ('Player', 'Workspace')), item_id bigint not null, ` + column + ` text not null);
			create index on ` + table + ` (item_type, item_id); insert into ` + table + ` values (1, 'Player', 1, 'create'), (2, 'Player', 77, 'destroy')`
	}
	testShapes(t, "history_pairs", []smallShape{
		{name: "versions", want: "pair-orphan versions.item_id", text: "nothing, where versions keeps the history of rows that are deleted", sql: shape("versions", "event")},
		{name: "an audit log", want: "pair-orphan audit_logs.item_id", text: "keeps the history", sql: shape("audit_logs", "done")},
		{name: "versions of what there is", want: "pair-orphan versions.item_id", text: "delete them, or restore what they point at", sql: shape("versions", "body")},
		{name: "comments", want: "pair-orphan comments.item_id", text: "delete them, or restore what they point at", sql: shape("comments", "event")},
	})
}

// Foreign keys that others hold, and rows of one of two tenants.
func TestHeldReferences(t *testing.T) {
	t.Parallel()
	const levels = `create table orgs (id int primary key); create table teams (id int primary key, org_id int not null references orgs); create index on teams (org_id); insert into orgs values (1), (2); insert into teams values (1, 1), (2, 2);
		create table rooms (id int primary key, team_id int not null references teams); create index on rooms (team_id);
		create table desks (id int primary key, team_id int not null references teams); create index on desks (team_id); `
	const feeds = levels + `create table feeds (id int primary key, org_id int not null references orgs); create index on feeds (org_id);
		create table feed_teams (team_id int not null references teams, feed_id int not null references feeds, primary key (team_id, feed_id)); `
	const persons = boardsSQL + `create role reader nologin; create table users (id uuid primary key, email text); create table prefs (user_id uuid primary key references users, v text); create table drafts (id int primary key, user_id uuid not null references users);
		alter table prefs enable row level security; create policy own on prefs to reader using (user_id = (select nullif(current_setting('app.user', true), '')::uuid)); grant select on prefs, drafts, boards to reader;
		alter table drafts enable row level security; create policy own on drafts to reader using (user_id = (select nullif(current_setting('app.user', true), '')::uuid));
		alter table boards enable row level security; create policy own on boards to reader using (workspace_id = (select nullif(current_setting('app.workspace', true), '')::int)); `
	testShapes(t, "held_references", []smallShape{
		{name: "by a key to the row that joins them", silent: "reference-without-tenant sources.sources_feed_id_fkey", sql: feeds + `
			create table sources (id int primary key, team_id int not null references teams, feed_id int not null references feeds, foreign key (team_id, feed_id) references feed_teams)`},
		{name: "by a key to the row that joins them, where it may be NULL", want: "reference-without-tenant sources.sources_feed_id_fkey", sql: feeds + `
			create table sources (id int primary key, team_id int references teams, feed_id int not null references feeds, foreign key (team_id, feed_id) references feed_teams)`},
		{name: "beside no such key", want: "reference-without-tenant sources.sources_feed_id_fkey", sql: feeds + `
			create table sources (id int primary key, team_id int not null references teams, feed_id int not null references feeds)`},
		{name: "a row of a team or of an organization", silent: "reference-without-tenant", sql: levels + `
			create table api_keys (id int primary key, org_id int references orgs, team_id int references teams); insert into api_keys values (1, 1, null), (2, null, 2)`},
		{name: "a row of a team and of an organization", want: "reference-without-tenant api_keys.api_keys_team_id_fkey", sql: levels + `
			create table api_keys (id int primary key, org_id int references orgs, team_id int references teams); insert into api_keys values (1, 1, 1), (2, null, 2)`},
		{name: "a row of a team of another organization", want: "reference-crosses api_keys.api_keys_team_id_fkey", sql: levels + `
			create table api_keys (id int primary key, org_id int references orgs, team_id int references teams); insert into api_keys values (1, 1, 2), (2, null, 2)`},
		{name: "the place that a person saw last", silent: "reference-unsets-tenant", sql: persons + `
			create table last_seen (user_id uuid primary key references users, workspace_id int references workspaces on delete set null, board_id int references boards);
			alter table last_seen enable row level security; create policy own on last_seen to reader using (user_id = (select nullif(current_setting('app.user', true), '')::uuid)); grant select on last_seen to reader`},
		{name: "the place of a row", want: "reference-unsets-tenant remarks.remarks_workspace_id_fkey", text: "ON DELETE CASCADE", sql: persons + `
			create table remarks (id int primary key, workspace_id int references workspaces on delete set null, body text)`},
		{name: "of the tenants themselves", want: "reference-without-tenant teams.teams_room_id_fkey", text: `FOREIGN KEY ("id", "room_id") REFERENCES "public"."rooms" ("team_id", "id") ON DELETE SET NULL ("room_id")`, sql: levels + `
			alter table teams add room_id int references rooms on delete set null`},
	})
}

// Tables whose rows an id does not tell apart.
func TestKeylessIDs(t *testing.T) {
	t.Parallel()
	testShapes(t, "keyless_ids", []smallShape{
		{name: "another unique key is left", want: "table-without-key tools", sql: playersSQL + `create table tools (id text not null, workspace_id bigint not null references workspaces, name text not null, unique (workspace_id, name))`},
		{name: "a unique key has the id", silent: "table-without-key", sql: playersSQL + `create table tools (id text not null, workspace_id bigint not null references workspaces, name text not null, unique (workspace_id, id), unique (workspace_id, name))`},
		{name: "a counted number that is behind", want: "sequence-behind tools.id", sql: playersSQL + `create table tools (id serial primary key, workspace_id bigint not null references workspaces, rank serial); insert into tools (id, workspace_id) values (7, 1)`},
		{name: "a counted number that may be there twice", want: "sequence-behind tools.rank", text: "which no unique key refuses", silent: "sequence-behind tools.id", sql: playersSQL + `create table tools (id serial primary key, workspace_id bigint not null references workspaces, rank serial); insert into tools (rank, workspace_id) values (7, 1)`},
		{name: "no partition", want: "partition-broken tools", text: "CREATE TABLE", sql: playersSQL + `create table tools (workspace_id bigint not null references workspaces, day date not null) partition by range (day)`},
		{name: "no partition yet", want: "partition-broken tools", text: "nothing, where make_day makes them before rows come", sql: playersSQL + `create table tools (workspace_id bigint not null references workspaces, day date not null) partition by range (day);
			create function make_day(d date) returns void language plpgsql as $$ begin execute format('create table %I partition of tools for values from (%L) to (%L)', 'tools_' || d, d, d + 1); end $$`},
		{name: "the tenants", want: "table-without-key tenants", text: `ADD PRIMARY KEY ("id")`, sql: `create table tenants (id text not null, name text);
			create table tools (id int primary key, tenant_id text not null, name text); create table games (id int primary key, tenant_id text not null, name text)`},
		{name: "what nothing leads to", silent: "table-without-key", sql: playersSQL + `create table settings (id text not null, name text)`},
		{name: "no id", silent: "table-without-key", sql: playersSQL + `create table tools (workspace_id bigint not null references workspaces, name text not null, unique (workspace_id, name))`},
	})
}
