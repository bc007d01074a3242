package check_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
)

// firms is a schema whose policies are for every role: they go by the user of a token, and
// by a helper that looks into the table of members.
var firms = migratedBySuperuser(`
do $$ begin create role reader nologin; create role gateway login noinherit; grant reader to gateway; create role firm_admin nologin bypassrls; exception when duplicate_object or unique_violation then null; end $$;
create schema auth; grant usage on schema auth to reader;
create table auth.users (id uuid primary key default gen_random_uuid(), email text not null unique);
create function auth.uid() returns uuid language sql stable as $$
	select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$
	select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role') $$;
create function auth.jwt() returns jsonb language sql stable as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create table firms (id uuid primary key default gen_random_uuid(), name text not null, founder uuid not null references auth.users);
create table members (firm_id uuid not null references firms, user_id uuid not null references auth.users, since date not null default current_date, primary key (firm_id, user_id));
create table folders (firm_id uuid not null references firms, id uuid not null default gen_random_uuid(), name text not null, lending text not null default 'private', primary key (firm_id, id));
create table letters (firm_id uuid not null references firms, id uuid not null default gen_random_uuid(), folder_id uuid not null, title text not null, sender uuid references auth.users, primary key (firm_id, id),
	foreign key (firm_id, folder_id) references folders);
create index on letters (firm_id, folder_id); create index on members (user_id); create index on letters (sender);
create table notes (id uuid primary key default gen_random_uuid(), firm_id uuid not null references firms, user_id uuid not null references auth.users, title text not null);
create index on notes (firm_id); create index on notes (user_id);
create function belongs_to(firm uuid) returns boolean language sql stable security definer set search_path = ''
	as $$ select exists (select 1 from public.members m where m.firm_id = firm and m.user_id = auth.uid()) $$;
do $$ declare t text; begin
	foreach t in array array['firms', 'members', 'folders', 'letters', 'notes'] loop
		execute format('alter table %I enable row level security', t);
		execute format('alter table %I owner to firm_admin', t);
	end loop;
end $$;
alter function belongs_to owner to firm_admin; grant usage on schema auth to firm_admin;
create policy staff on firms using (belongs_to(id) = true);
create policy own on members for select using (user_id = (select auth.uid()));
create policy staff on folders using (belongs_to(firm_id) = true);
create policy staff on letters using (belongs_to(firm_id) = true);
create policy staff on notes using (belongs_to(firm_id) = true);
grant select on firms, members to reader;
grant select, insert, update, delete on folders, letters, notes to reader;`)

const firmRows = `insert into auth.users (email) values ('a@example.com'), ('b@example.com');
	insert into firms (name, founder) select 'of ' || email, id from auth.users;
	insert into members (firm_id, user_id) select id, founder from firms;
	insert into folders (firm_id, name) select id, 's' from firms;
	insert into letters (firm_id, folder_id, title) select firm_id, id, 't' from folders;
	insert into notes (firm_id, user_id, title) select firm_id, user_id, 'w' from members`

// change is what a migration may do to a schema, and what the check says then.
type change struct {
	name, sql string
	finds     []string // rule and object of findings; none: nothing is wrong
	heads     int      // how many findings there are, where it matters
	says      []string // in the text of the report
	never     []string // … and what is not in it
}

func TestPoliciesThatGoByTheUser(t *testing.T) {
	t.Parallel()
	db := firms.DB(t)
	asSeeder(t, db, firmRows)
	admin := db.As(t, super, nil)
	var said strings.Builder
	for _, c := range testkit.Sample(t, policyChanges, 3) {
		t.Run(c.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			if err := simple(t.Context(), tx, c.sql); err != nil {
				t.Fatal(err)
			}
			checked, err := audit.Check(t.Context(), tx, audit.Options{})
			if err != nil {
				t.Fatal(err)
			}
			c.compare(t, checked, &said)
		})
	}
	goldenParts(t, "policies", said.String())
}

// Each tenant is a database role: policies that compare with it keep to the tenant, and
// sessions of two tenants are said to be untried.
func TestTenantsThatAreDatabaseRoles(t *testing.T) {
	t.Parallel()
	db := firms.DB(t)
	const untried = "policies tell a tenant by the database role of its session"
	admin := db.As(t, super, nil)
	for _, c := range []change{
		{name: "by a row of its own table", says: []string{untried}, never: []string{"probe-"}},
		{name: "by a restrictive policy", sql: "alter policy own on coins using (true); create policy kept on coins as restrictive using (tenant_id = (select id from tenants where db_role = current_user))",
			says: []string{untried}},
		{name: "by the session's login", sql: "alter policy own on tenants using (db_role = session_user); alter policy own on coins using (tenant_id = (select id from tenants where db_role = session_user))",
			says: []string{untried}},
		{name: "by a row of another table", sql: `create table workers (tenant_id int not null references tenants, db_role name, primary key (tenant_id, db_role));
			alter policy own on tenants using (id in (select tenant_id from workers w where w.db_role = current_user)); alter policy own on coins using (tenant_id in (select tenant_id from workers w where w.db_role = current_user))`,
			says: []string{untried}},
		{name: "open", sql: "alter policy own on coins using (true)", finds: []string{"policy-without-tenant coins.own"}},
		{name: "by who wrote it", sql: "alter table coins add writer name default current_user; alter policy own on coins using (writer = current_user)", finds: []string{"policy-without-tenant coins.own"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			if err := simple(t.Context(), tx, `drop schema auth, public cascade; create schema public; grant usage on schema public to reader;
				create table tenants (id int primary key, db_role name unique, title text);
				create table coins (tenant_id int not null references tenants, id int, worth int, primary key (tenant_id, id));
				alter table tenants enable row level security; alter table coins enable row level security;
				alter table tenants owner to firm_admin; alter table coins owner to firm_admin; grant usage on schema public to firm_admin;
				create policy own on tenants using (db_role = current_user);
				create policy own on coins using (tenant_id = (select id from tenants where db_role = current_user));
				grant select on tenants to reader; grant select, insert, update, delete on coins to reader;
				insert into tenants values (1, 'reader', 'one'), (2, 'gateway', 'two'); insert into coins select id, 1, 5 from tenants;`+c.sql); err != nil {
				t.Fatal(err)
			}
			checked, err := audit.Check(t.Context(), tx, audit.Options{})
			if err != nil {
				t.Fatal(err)
			}
			c.compare(t, checked, new(strings.Builder))
		})
	}
}

// A session that may become the application, and sees nothing itself, tries what needs no
// rows to compare with.
func TestProbesOfASessionThatMayBecomeTheApplication(t *testing.T) {
	t.Parallel()
	db := firms.DB(t)
	asSeeder(t, db, firmRows)
	gateway, err := pgx.Connect(t.Context(), db.As(t, "gateway", nil).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Close(context.Background())
	for _, c := range []change{
		{name: "none", sql: "select", says: []string{"session role gateway may become reader, and sees no row past the policies"}, never: []string{"probe-setting"}},
		{name: "every row", sql: "create policy wide on folders for select using (true)", finds: []string{"probe-setting folders"}},
	} {
		if _, err := db.As(t, super, nil).Exec(t.Context(), c.sql); err != nil {
			t.Fatal(err)
		}
		checked, err := audit.Check(t.Context(), gateway, audit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		checked.Findings = slices.DeleteFunc(checked.Findings, func(f report.Finding) bool { return f.Rule == "rows-hidden" })
		c.compare(t, checked, new(strings.Builder))
	}
}

// A table that another session has locked is not waited for: the report says who has it.
func TestLockedTableIsNotChecked(t *testing.T) {
	t.Parallel()
	db := firms.DB(t)
	asSeeder(t, db, firmRows)
	admin := db.As(t, super, nil)
	tx, err := admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if err := simple(t.Context(), tx, "lock table folders in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := tx.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	checked, err := audit.Check(t.Context(), admin, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("folders is locked by pid %d", pid); !strings.Contains(checked.Text(), want) {
		t.Errorf("the report does not say %q:\n%s", want, checked.Text())
	}
	if checked.Complete() {
		t.Error("what was not checked is called complete")
	}
}

// compare holds a report against what a change wants to be said, and writes the findings down.
func (c change) compare(t *testing.T, checked *report.Report, said *strings.Builder) {
	t.Helper()
	text := strings.Join(strings.Fields(checked.Text()), " ")
	var all []string
	for _, f := range each(checked) {
		all = append(all, f.Rule+" "+f.Object)
		if slices.Contains(c.finds, f.Rule+" "+f.Object) {
			scrub(f.Sample)
			scrub(f.Evidence)
			f.Follows = nil
			fmt.Fprintf(said, "# %s\n%s\n", c.name, uuids.ReplaceAllString((&report.Report{Findings: []report.Finding{f}}).Text(), "5eed0000-1111-4111-8111-111111111111"))
		}
	}
	for _, want := range c.finds {
		if !slices.Contains(all, want) {
			t.Errorf("want %s, got %q", want, all)
		}
	}
	if len(c.finds) == 0 && len(checked.Findings) > 0 {
		t.Errorf("nothing is wrong, but\n%s", checked.Text())
	}
	if c.heads > 0 && len(checked.Findings) != c.heads {
		t.Errorf("%d findings, want %d:\n%s", len(checked.Findings), c.heads, checked.Text())
	}
	for _, want := range c.says {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, checked.Text())
		}
	}
	for _, unwanted := range c.never {
		if strings.Contains(text, unwanted) {
			t.Errorf("the report says %q:\n%s", unwanted, checked.Text())
		}
	}
}

const openHelper = "create or replace function belongs_to(firm uuid) returns boolean language sql stable security definer set search_path = '' as 'select true'"

// own opens a person's own notes, in whatever spelling of who that is.
func ownNotes(user string) string {
	return "drop policy staff on notes; create policy own on notes using (user_id = " + user + ") with check (belongs_to(firm_id) and user_id = " + user + ")"
}

var policyChanges = []change{
	{name: "none", sql: "select", never: []string{"EVERY ROW", "not checked"}},
	{name: "a helper that lets everybody in", sql: openHelper,
		finds: []string{"policy-helper public.belongs_to(firm uuid)", "policy-without-tenant letters.staff", "policy-without-tenant folders.staff", "probe-read letters"}, heads: 1,
		says: []string{"EVERY ROW by select, insert, update, delete"}, never: []string{"tenancy: no tenancy"}},
	{name: "a helper that lets everybody in, beside policies by user", sql: openHelper + "; create policy own on notes for select using (user_id = (select auth.uid())); create policy own on letters for select using (sender = (select auth.uid()))",
		finds: []string{"policy-helper public.belongs_to(firm uuid)", "policy-without-tenant letters.staff"}, says: []string{"of one firm (folders"}, never: []string{"tenancy: no tenancy"}},
	{name: "a helper that forgets the firm", sql: "create or replace function belongs_to(firm uuid) returns boolean language sql stable security definer set search_path = '' as 'select exists (select 1 from public.members m where m.user_id = auth.uid())'",
		finds: []string{"policy-helper public.belongs_to(firm uuid)", "policy-without-tenant folders.staff"}, heads: 1},

	{name: "the application bypasses row-level security", sql: "alter role reader bypassrls",
		finds: []string{"role-bypassrls reader"}, says: []string{"reader: EVERY ROW by select", "breach: the application's role reader bypasses", "probes as reader: row-level security does not apply to it"}, never: []string{"no role"}},
	{name: "the application is a member of a role that bypasses row-level security and has policies", sql: "create policy all_of_them on folders to firm_admin using (true); grant firm_admin to reader",
		finds: []string{"role-bypassrls reader", "policy-without-tenant folders.all_of_them"}, heads: 1},
	{name: "a login of the application is a member of an owner", sql: "create role keeper nologin; alter table notes owner to keeper; create role web login; grant reader, keeper to web",
		finds: []string{"role-owner web", "rls-forced notes"}, heads: 2, says: []string{"is a member of keeper, which owns tables"}},
	{name: "an owner that policies are not for", sql: "create role keeper nologin; alter table notes owner to keeper; drop policy staff on notes; create policy staff on notes to reader using (belongs_to(firm_id))"},
	{name: "an owner without policies", sql: "create role keeper nologin; alter table notes owner to keeper; drop policy staff on notes; revoke all on notes from reader"},
	{name: "a login of the application is a member of a superuser", sql: "create role root_of_all nologin superuser; create role web login; grant reader, root_of_all to web", finds: []string{"role-superuser web"}, heads: 1},
	{name: "a login of the application reads all data", sql: "create role web login; grant reader, pg_read_all_data to web", finds: []string{"role-privileged web"}, heads: 1},
	{name: "a login that becomes one role or the other", sql: "grant firm_admin to gateway"},
	{name: "logins of the application", sql: "create role readers nologin; create role web login; grant reader, readers to web; create role keeper login; grant firm_admin to keeper"},
	{name: "a login of the application bypasses row-level security", sql: "create role web login bypassrls; grant reader to web",
		finds: []string{"role-bypassrls web"}, heads: 1},
	{name: "an administrator that is also a reader", sql: "create role support login bypassrls; grant reader to support; grant select, delete on folders to support", never: []string{"EVERY ROW"}},
	{name: "a report that bypasses row-level security", sql: "create role statistics login bypassrls; grant select on folders to statistics"},

	{name: "own rows and those of the firm", sql: "create policy staff on members for select using (belongs_to(firm_id))", finds: []string{"policies-several members.staff"}, never: []string{"EVERY ROW", "some of others"}},
	{name: "rows that are lent", sql: "create policy lent on folders for select using (lending <> 'private')",
		finds: []string{"policy-without-tenant folders.lent"}, says: []string{"its own rows and some of others by select"}, never: []string{"EVERY ROW"}},
	{name: "rows that are lent, some there", sql: "update folders set lending = 'all'; create policy lent on folders for select using (lending <> 'private')",
		finds: []string{"probe-read folders"}, says: []string{"its own rows and some of others by select"}, never: []string{"EVERY ROW"}},
	{name: "every row", sql: "create policy wide on folders for select using (true)", finds: []string{"policy-without-tenant folders.wide"}, says: []string{"EVERY ROW by select"}},

	{name: "a policy for no row", sql: "create policy none on letters for delete using (false); create policy never on folders for insert with check (false)"},
	{name: "the user as auth.uid()", sql: ownNotes("(select auth.uid())"), never: []string{"EVERY ROW"}},
	{name: "the user in the token", sql: ownNotes("((select auth.jwt()) ->> 'sub')::uuid"), never: []string{"EVERY ROW"}},
	{name: "the user in the setting", sql: ownNotes("(current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid"), never: []string{"EVERY ROW"}},
	{name: "another claim of the token", sql: ownNotes("((select auth.jwt()) ->> 'invited_by')::uuid"), finds: []string{"policy-without-tenant notes.own"}},
	{name: "the user and the role", sql: ownNotes("(select auth.uid()) and (select auth.role()) = 'reader'")},

	{name: "rows of users whose rows show", sql: "create policy lent on folders for select using (lending <> 'private'); drop policy staff on letters; create policy of_users on letters using (folder_id in (select id from folders))",
		finds: []string{"policy-without-tenant letters.of_users"}, heads: 1, says: []string{"shown by it: letters.of_users"}},
	{name: "rows found through a table that shows one's own", sql: "drop policy staff on letters; create policy through on letters using (firm_id in (select firm_id from folders))", never: []string{"EVERY ROW", "some of others"}},

	{name: "makes a firm of one's own", sql: `create function start(title text) returns uuid language plpgsql security definer set search_path = '' as $$ declare made uuid; begin
			if auth.uid() is null then raise exception 'log in'; end if;
			insert into public.firms (name, founder) values (title, auth.uid()) returning id into made;
			insert into public.members (firm_id, user_id) values (made, auth.uid()); return made; end $$`},
	{name: "joins any firm", sql: `create function join_firm(firm uuid) returns void language plpgsql security definer set search_path = '' as $$ begin
			if auth.uid() is null then raise exception 'log in'; end if;
			insert into public.members (firm_id, user_id) values (firm, auth.uid()); end $$`, finds: []string{"definer-bypasses-rls public.join_firm(firm uuid)"}},
	{name: "a guard by IS DISTINCT FROM", sql: `create function titles(who uuid) returns setof text language plpgsql security definer set search_path = '' as $$ begin
			if who is distinct from auth.uid() then raise exception 'not you'; end if;
			return query select title from public.notes where user_id = who; end $$`},
	{name: "no guard", sql: `create function titles(who uuid) returns setof text language plpgsql security definer set search_path = '' as $$ begin
			return query select title from public.notes where user_id = who; end $$`, finds: []string{"definer-bypasses-rls public.titles(who uuid)"}},
	{name: "counts all", sql: `create function letters_sent() returns bigint language sql security definer set search_path = '' as 'select count(*) from public.letters'`,
		finds: []string{"definer-bypasses-rls public.letters_sent()"}, says: []string{"it hands out a number, not the rows"}},
	{name: "a trigger for a statement", sql: `create function touch() returns trigger language plpgsql security definer set search_path = '' as $$ begin
			update public.folders f set name = f.name from fresh where f.firm_id = fresh.firm_id and f.id = fresh.folder_id; return null; end $$;
			create trigger touch after insert on letters referencing new table as fresh for each statement execute function touch()`},
	{name: "a trigger that changes all", sql: `create function touch() returns trigger language plpgsql security definer set search_path = '' as $$ begin
			update public.folders f set name = f.name from public.letters l where f.id = l.folder_id; return null; end $$;
			create trigger touch after insert on letters referencing new table as fresh for each statement execute function touch()`, finds: []string{"definer-bypasses-rls public.touch()"}},
	{name: "a statement of the caller's choice", sql: `create function head(t text) returns setof jsonb language plpgsql security definer set search_path = '' as $$ begin
			return query execute format('select to_jsonb(x) from %I x limit 10', t); end $$`, finds: []string{"definer-bypasses-rls public.head(t text)"}, heads: 1},
	{name: "a statement of the caller's choice, not for the application", sql: `create function head(t text) returns setof jsonb language plpgsql security definer set search_path = '' as $$ begin
			return query execute format('select to_jsonb(x) from %I x limit 10', t); end $$; revoke execute on function head from public`},
	{name: "a value of the caller's choice", sql: `create function version_of(t text) returns text language plpgsql security definer set search_path = '' as $$ declare v text; begin
			execute format('select %L || version()', t) into v; return v; end $$`},

	{name: "columns that may be written", sql: "revoke insert, update on folders, notes from reader; grant update (name) on folders to reader; grant insert (firm_id, user_id, title) on notes to reader"},
	{name: "columns that may be written, and the whole table", sql: "grant update (title) on notes to reader; grant update on notes to reader", finds: []string{"privilege-columns notes"}, heads: 1,
		says: []string{"role reader may UPDATE title of notes by grants on these columns, and by one on the table also id, firm_id, user_id"}},
	{name: "columns that another role may write", sql: "create role clerk nologin; revoke update on notes from reader; grant update (title) on notes to reader; grant update on notes to clerk"},
	{name: "a function that hands out nothing", sql: "create function stamp(firm uuid) returns void language sql security definer set search_path = '' as 'update public.notes set title = title where firm_id = firm'",
		finds: []string{"definer-bypasses-rls public.stamp(firm uuid)"}, says: []string{"it hands out no rows, and acts on those of any tenant"}},
	{name: "columns that may be written, and no policy", sql: "revoke update on folders from reader; grant update (name) on folders to reader; drop policy staff on folders; create policy staff on folders for select using (belongs_to(firm_id)); create policy nobody on folders for update using (belongs_to(firm_id) and name is null)",
		finds: []string{"probe-control folders"}},

	{name: "a unique key that the application cannot write", sql: codes},
	{name: "a unique key that the application may write", sql: codes + "; grant update (code) on notes to reader", finds: []string{"unique-without-tenant notes.codes"}, heads: 1},
	{name: "a unique key over rows that the application cannot make", sql: codes + "; grant insert (code) on notes to reader; drop index codes; create unique index codes on notes (code) where checked"},
	{name: "a unique key over rows that the application can mark", sql: codes + "; grant insert (code, checked) on notes to reader; drop index codes; create unique index codes on notes (code) where checked",
		finds: []string{"unique-without-tenant notes.codes"}, heads: 1},

	{name: "shared rows without a user", sql: "create table shares (firm_id uuid not null references firms, folder_id uuid not null, primary key (firm_id, folder_id), foreign key (firm_id, folder_id) references folders); alter table shares enable row level security, owner to firm_admin; create policy everybody on shares for select using (true); grant select on shares to reader; insert into shares select firm_id, id from folders; create policy shared on folders for select using (id in (select folder_id from shares))",
		finds: []string{"policy-shares folders.shared"}, says: []string{"policy-shares: folders.shared", "advice: "}, never: []string{"probe-setting: folders"}},

	{name: "files of everybody in a bucket", sql: files + "; create policy leak on files for select using (bucket = 'letters')",
		finds: []string{"policy-without-tenant files.leak"}, says: []string{"lets reader SELECT rows whoever asks, though policy own holds them against the session"}},
	{name: "files of two buckets", sql: files + "; create policy covers on files for select using (bucket = 'covers')", finds: []string{"policies-several files.own"}, heads: 1},

	{name: "policies that go by a table's rows", sql: byFolder},
	{name: "a table that policies go by, widened", sql: byFolder + "; create policy wide on folders for select using (name <> '')",
		finds: []string{"policy-without-tenant folders.wide"}, heads: 1, says: []string{"probe-read: folders, letters, pages, stamps", "probe-write: letters, pages, stamps"}},
	{name: "a table that policies go by, without row-level security", sql: byFolder + "; alter table folders disable row level security",
		finds: []string{"rls-enabled folders"}, heads: 1, says: []string{"probe-read: folders, letters, pages, stamps"}},
	{name: "a table that policies go by, and one of them wide itself", sql: byFolder + "; create policy wide on folders for select using (name <> ''); create policy loose on stamps for select using (body is null)",
		finds: []string{"policy-without-tenant folders.wide", "policy-without-tenant stamps.loose"}, heads: 2},
	{name: "memberships that all see", sql: "alter policy staff on folders using (firm_id in (select firm_id from members)); alter policy staff on notes using (firm_id in (select m.firm_id from members m)); alter policy own on members using (true)",
		finds: []string{"policy-without-tenant members.own", "policy-without-tenant folders.staff", "policy-without-tenant notes.staff"}, heads: 1},
	{name: "policies that go by each other's tables", sql: "create function through_letters() returns setof uuid language sql stable as 'select folder_id from letters'; create function through_folders() returns setof uuid language sql stable as 'select id from folders'; create policy of_letters on folders for select using (id in (select through_letters())); create policy of_folders on letters for select using (folder_id in (select through_folders()))",
		finds: []string{"policy-without-tenant folders.of_letters", "policy-without-tenant letters.of_folders"}},
	{name: "both clauses of a policy", sql: "alter policy staff on folders using (name is not null) with check (true)",
		finds: []string{"policy-without-tenant folders.staff"}, heads: 1, says: []string{"in USING and WITH CHECK"}},
	{name: "the application owns a table", sql: "alter table folders owner to reader", finds: []string{"role-owner reader", "rls-forced folders"}, heads: 1, says: []string{"probe-oracle: folders"}},
	{name: "a role that passes policies is granted", sql: "grant firm_admin to reader", finds: []string{"role-bypassrls reader", "role-owner reader"}, heads: 1},
	{name: "a role that owns tables is granted", sql: "create role clerk nologin; alter table folders owner to clerk; alter table letters owner to clerk; grant clerk to reader",
		finds: []string{"role-owner reader", "rls-forced letters"}, heads: 1},
	{name: "roles that own a part of the tables each", sql: "revoke all on all tables in schema public from reader; create role clerk nologin; create role porter nologin; alter table folders owner to clerk; alter table notes owner to clerk; alter table letters owner to porter; alter table members owner to porter",
		finds: []string{"role-owner clerk", "role-owner porter"}, never: []string{"is not known"}},
	{name: "all rights, and a table without a policy to read", sql: "grant all on folders, letters, notes to reader; drop policy staff on notes; create policy changed on notes for update using (belongs_to(firm_id))",
		finds: []string{"rls-command-uncovered notes", "privilege-truncate notes"}, heads: 2, says: []string{"risk: role reader may SELECT notes", "its policies for UPDATE reach none either", "risk: role reader may TRUNCATE"}},
	{name: "all rights, and a table that is not written", sql: "grant all on folders, letters, notes to reader; drop policy staff on notes; create policy seen on notes for select using (belongs_to(firm_id))",
		finds: []string{"privilege-truncate notes"}, heads: 1},
	{name: "a command without a policy", sql: "drop policy staff on notes; create policy seen on notes for select using (belongs_to(firm_id)); create policy made on notes for insert with check (belongs_to(firm_id))",
		finds: []string{"rls-command-uncovered notes"}, heads: 1, says: []string{"advice: role reader may UPDATE, DELETE notes"}},
	{name: "members whom nobody asks", sql: "grant insert on members to reader; create policy joins on members for insert with check (user_id = (select auth.uid()))",
		finds: []string{"policy-without-tenant members.joins"}, says: []string{"breach: policy joins of members", "who may write such a row becomes a member of any firm"}},
	{name: "rows of the last day", sql: "alter table notes add at timestamptz not null default '2020-01-01'; alter policy staff on notes using (belongs_to(firm_id) and at > now() - interval '1 day') with check (belongs_to(firm_id)); revoke update, delete on notes from reader",
		says: []string{"rows of a time: policies go by the time"}, never: []string{"probe-control"}},
	{name: "all rights", sql: "grant all on all tables in schema public to reader", finds: []string{"privilege-truncate members"}, heads: 1},
	{name: "a helper that may not read its table", sql: "create role clerk nologin; alter function belongs_to owner to clerk; grant usage on schema auth to clerk", finds: []string{"probe-control folders"}, heads: 1},

	{name: "rows of no firm that all may read", sql: forms + "; create policy seen on forms for select using (firm_id is null or belongs_to(firm_id)); create policy changed on forms for update using (belongs_to(firm_id))", never: []string{"EVERY ROW", "some of others"}},
	{name: "rows of no firm that all may change", sql: forms + "; create policy seen on forms for select using (firm_id is null or belongs_to(firm_id)); create policy changed on forms for update using (firm_id is null or belongs_to(firm_id))",
		finds: []string{"policy-without-tenant forms.changed"}, heads: 1},
	{name: "rows of no firm that nothing is said of", sql: forms + "; create policy staff on forms using (belongs_to(firm_id))",
		finds: []string{"row-without-tenant forms.firm_id"}, heads: 1, says: []string{"risk: 1 row of forms belonging to no firm", "optional: true"}},

	{name: "a setting that must be there", sql: strict("letters") + strict("notes"), finds: []string{"probe-setting notes"}, heads: 1, says: []string{"advice: as reader", "with the setting empty, the query fails"}},
	{name: "a helper that hands out rows", sql: "create function staff_of(firm uuid) returns setof uuid language sql stable security definer set search_path = '' as 'select m.user_id from public.members m where m.firm_id = firm'; create policy colleagues on members for select using ((select auth.uid()) in (select staff_of(firm_id)))",
		finds: []string{"definer-bypasses-rls public.staff_of(firm uuid)"}, says: []string{"do not make it SECURITY INVOKER: policies call"}},

	{name: "a lookup that goes by the row", sql: remarks + "(exists (select 1 from notes n where n.id = remarks.note_id and belongs_to(n.firm_id)))"},
	{name: "a lookup that goes by the author", sql: remarks + "(exists (select 1 from members m where m.user_id = remarks.author and belongs_to(m.firm_id)))",
		finds: []string{"policy-without-tenant remarks.through"}, says: []string{"it goes by author, which leads to auth.users, and not by note_id, which says whose the row is"}},
	{name: "a lookup that goes by the sender", sql: "alter policy staff on letters using (exists (select 1 from members m where m.user_id = letters.sender and belongs_to(m.firm_id)))",
		finds: []string{"policy-without-tenant letters.staff"}, heads: 1, says: []string{"it goes by sender, which leads to auth.users"}},

	{name: "rows that policies ask for", sql: "create table seats (firm_id uuid primary key references firms); " + askForSeats, never: []string{"not checked"}},
	{name: "rows that policies ask for, and none can be made", sql: "create table plans (id uuid primary key, code text not null check (false)); create table seats (firm_id uuid primary key references firms, plan_id uuid not null references plans); " + askForSeats,
		says: []string{"probes of seats: it has no rows of two tenants, and none could be made, so what reaches folders, letters, notes, seats was not tried"}, never: []string{"probe-control"}},
	{name: "members of whom none can be made", sql: "delete from members; alter table members add column proof text not null check (proof = md5(proof))",
		says: []string{"sessions of a firm: none could be made, so what reaches firms, folders, letters, notes was not tried"}},
	{name: "a command that asks for more than membership", sql: "drop policy staff on notes; create policy seen on notes for select using (belongs_to(firm_id)); create policy owners on notes for update using (exists (select 1 from members m where m.firm_id = notes.firm_id and m.user_id = (select auth.uid()) and m.since < '1999-01-01')); revoke insert, delete on notes from reader",
		says: []string{"rights beyond membership: the session has none, so what reaches notes was not tried"}, never: []string{"probe-control"}},
	{name: "a helper that lets nobody in", sql: "create or replace function belongs_to(firm uuid) returns boolean language sql stable security definer set search_path = '' as 'select exists (select 1 from public.members m where m.firm_id = firm and m.user_id = auth.uid() and m.since > now())'",
		finds: []string{"probe-control firms"}, heads: 1, says: []string{"probe-control: folders, letters, notes"}},

	{name: "a rule that changes what it is on", sql: "create rule renames as on insert to letters do also update letters set title = new.title", finds: []string{"rewrite-rule letters.renames"}, heads: 1},
	{name: "a rule that changes another table", sql: "create rule renames as on update to letters do also update folders set name = new.title", finds: []string{"rewrite-rule letters.renames"}, heads: 1},
	{name: "a rule that writes through a view", sql: "create view titles with (security_invoker = true) as select * from notes; create rule renames as on insert to letters do also update titles set title = new.title", finds: []string{"rewrite-rule letters.renames"}, heads: 1},
	{name: "a rule that writes elsewhere", sql: "create table entries (at timestamptz primary key, title text); create rule notes_down as on insert to letters do also insert into entries values (clock_timestamp(), new.title)"},

	{name: "defaults for all kinds", sql: "alter default privileges for role firm_admin in schema public grant select, insert, update, delete, truncate, references, trigger on tables to reader; alter default privileges for role firm_admin in schema public, auth grant execute on functions to reader; alter default privileges for role firm_admin in schema public grant usage, select on sequences to reader",
		finds: []string{"privilege-default firm_admin"}, says: []string{"DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE on tables in public; SELECT, USAGE on sequences in public; EXECUTE on functions in auth, public"}, heads: 1},
	{name: "defaults that give what everybody has", sql: "alter default privileges for role firm_admin in schema public grant select, insert on tables to reader; alter default privileges for role firm_admin in schema public grant execute on functions to reader; alter default privileges for role firm_admin in schema public grant usage on sequences to reader"},
}

// byFolder has tables whose policies go by the folders that show.
const byFolder = `do $$ declare t text; begin
	foreach t in array array['pages', 'stamps'] loop
		execute format('create table %1$I (id uuid primary key default gen_random_uuid(), firm_id uuid not null, folder_id uuid not null, body text, foreign key (firm_id, folder_id) references folders);
			create index on %1$I (firm_id, folder_id); alter table %1$I enable row level security, owner to firm_admin; grant select, insert, update, delete on %1$I to reader;
			create policy through on %1$I using (exists (select 1 from folders f where f.firm_id = %1$I.firm_id and f.id = %1$I.folder_id))', t);
	end loop;
	alter policy staff on letters using (exists (select 1 from folders f where f.firm_id = letters.firm_id and f.id = letters.folder_id));
end $$`

// forms is a table of which some rows are every firm's.
const forms = `create table forms (id uuid primary key default gen_random_uuid(), firm_id uuid references firms, title text not null); create index on forms (firm_id);
	alter table forms enable row level security, owner to firm_admin; grant select, update on forms to reader; insert into forms (title) values ('of all'); insert into forms (firm_id, title) select id, 'own' from firms`

// remarks has no firm of its own: it is its note's. A policy's condition follows.
const remarks = `create table remarks (id uuid primary key default gen_random_uuid(), note_id uuid not null references notes on delete cascade, author uuid references auth.users, body text);
	create index on remarks (note_id); create index on remarks (author); alter table remarks enable row level security, owner to firm_admin; grant select, insert, update, delete on remarks to reader;
	create policy through on remarks using `

// askForSeats lets firms that have a seat in.
const askForSeats = `alter table seats enable row level security, owner to firm_admin; create policy staff on seats using (belongs_to(firm_id)); grant select on seats to reader;
	do $$ declare t text; begin foreach t in array array['folders', 'letters', 'notes'] loop
		execute format('alter policy staff on %1$I using (belongs_to(firm_id) and exists (select 1 from seats s where s.firm_id = %1$I.firm_id))', t);
	end loop; end $$`

// strict is a policy by a setting that fails where there is none.
func strict(table string) string {
	return fmt.Sprintf("alter policy staff on %s using (firm_id = (select current_setting('app.firm')::uuid));", table)
}

// files is a table of no firm, as a storage service has it.
const files = "create table files (id uuid primary key default gen_random_uuid(), bucket text not null, path text not null); alter table files enable row level security, owner to firm_admin; grant select on files to reader; create policy own on files for select using (bucket = 'letters' and (string_to_array(path, '/'))[1] = (select auth.uid())::text)"

// codes gives notes a unique key that is not the application's to write.
const codes = "alter table notes add code text, add checked bool not null default false; create unique index codes on notes (code); revoke insert, update on notes from reader; grant insert (firm_id, user_id, title), update (title) on notes to reader"
