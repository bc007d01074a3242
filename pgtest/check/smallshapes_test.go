package check_test

import (
	"context"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// smallShape is a schema of a few tables with its rows: what check must find in it, and
// which rules must find nothing.
type smallShape struct {
	name, sql string
	want      string // rule and object; "": nothing of silent is all that is asked
	text      string // of the message, or of the fix
	silent    string // rules, or rules with an object, that find nothing
	probes    bool   // are tried, too
}

// testShapes checks each shape, and keeps what is said of the faults in a golden file.
func testShapes(t *testing.T, file string, shapes []smallShape) {
	t.Helper()
	db := testpg.Superuser(t, testpg.Empty.DB(t))
	var said strings.Builder
	for _, s := range testkit.Sample(t, shapes, 1) {
		t.Run(s.name, func(t *testing.T) {
			if text := s.run(t, db); text != "" {
				said.WriteString("# " + s.name + "\n" + text + "\n")
			}
		})
	}
	goldenParts(t, file, said.String())
}

// run runs Integrity and Isolation on a small shape, in a transaction that is rolled back,
// and returns what they say of the fault.
func (s smallShape) run(t *testing.T, db *pgtest.DB) (said string) {
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is to be kept
	testpg.Exec(t, tx, s.sql)
	checked, err := audit.Check(t.Context(), tx, audit.Options{NoProbes: !s.probes})
	if err != nil {
		t.Fatal(err)
	}
	hit := s.want == ""
	for _, f := range each(checked) {
		if f.Rule+" "+f.Object == s.want {
			hit = true
			var b strings.Builder
			f.WriteText(&b)
			said = b.String()
			if !strings.Contains(f.Message+"\n"+f.Fix, s.text) {
				t.Errorf("says %q with the fix %q, and not %q", f.Message, f.Fix, s.text)
			}
		}
		for _, rule := range strings.Split(s.silent, ", ") {
			if rule == f.Rule || rule == f.Rule+" "+f.Object {
				t.Errorf("%s %s: %s %q", f.Rule, f.Object, f.Message, f.Sample)
			}
		}
	}
	if !hit {
		t.Errorf("want %s, got:\n%s", s.want, checked.Text())
	}
	return said
}

// personsSQL, after boardsSQL, has a reference without a key to a table of no tenant.
const personsSQL = `create table persons (id uuid primary key, name text); insert into persons select ('1eed0000-0000-4000-8000-00000000000' || n)::uuid, 'p' from generate_series(1, 8) n;
	create table seats (id int primary key, workspace_id int not null references workspaces, person_id uuid not null); create index on seats (workspace_id);
	insert into seats select n, 1 + n % 2, ('1eed0000-0000-4000-8000-00000000000' || n)::uuid from generate_series(1, 8) n;`

const boardsSQL = `create table workspaces (id int primary key, name text); insert into workspaces values (1, 'a'), (2, 'b');
	create table boards (id int primary key, workspace_id int not null references workspaces, title text, unique (id, workspace_id));
	create index on boards (workspace_id); insert into boards values (1, 1, 'x'), (2, 2, 'y');`

// Keys to the tenants, and rows of tenants that are gone.
func TestKeysToTenants(t *testing.T) {
	t.Parallel()
	testShapes(t, "keys_to_tenants", []smallShape{
		{name: "the composite key leads there", silent: "tenant-foreign-key", sql: boardsSQL + `
			create table cards (id int primary key, board_id int not null, workspace_id int not null, foreign key (board_id, workspace_id) references boards (id, workspace_id), unique (id, workspace_id));
			create table stickers (id int primary key, card_id int not null, workspace_id int not null, foreign key (card_id, workspace_id) references cards (id, workspace_id))`},
		{name: "the composite key may be without a value", want: "tenant-foreign-key cards.workspace_id", sql: boardsSQL + `
			create table cards (id int primary key, board_id int, workspace_id int not null, foreign key (board_id, workspace_id) references boards (id, workspace_id))`},
		{name: "the composite key was made plain", want: "tenant-foreign-key drafts.workspace_id", text: "no foreign key of drafts leads from (workspace_id) to workspaces", sql: boardsSQL + `
			create table users (id int primary key); create table seats (user_id int references users, workspace_id int references workspaces, primary key (user_id, workspace_id));
			create table drafts (user_id int references users, workspace_id int, body text, primary key (user_id, workspace_id))`},
		{name: "what the composite key leads to is held by nothing", want: "tenant-foreign-key boards.workspace_id", sql: boardsSQL + `
			create table cards (id int primary key, board_id int not null, workspace_id int not null, foreign key (board_id, workspace_id) references boards (id, workspace_id));
			create table labels (id int primary key, workspace_id int not null references workspaces);
			alter table boards drop constraint boards_workspace_id_fkey`},
		{name: "a trigger writes it when the tenant is deleted", silent: "row-of-unknown-tenant, tenant-foreign-key, tenant-archive", sql: boardsSQL + `
			create table workspaces_closed (workspace_id int primary key, at timestamptz not null default now());
			create function note_closed() returns trigger language plpgsql as $$ begin insert into public.workspaces_closed (workspace_id) values (old.id); return old; end $$;
			create trigger note_closed after delete on workspaces for each row execute function note_closed();
			delete from boards where workspace_id = 2; delete from workspaces where id = 2`},
		{name: "a trigger writes another table", want: "row-of-unknown-tenant pins.workspace_id", sql: boardsSQL + `
			create table pins (workspace_id int primary key, at timestamptz not null default now()); create table closed (id int);
			create function note_closed() returns trigger language plpgsql as $$ begin insert into closed values (old.id); return old; end $$;
			create trigger note_closed after delete on workspaces for each row execute function note_closed();
			insert into pins values (1), (7)`},
		{name: "every row is of a tenant that is gone", want: "tenant-archive receipts.workspace_id", text: "every row of receipts belongs to a workspace that does not exist", silent: "row-of-unknown-tenant, tenant-foreign-key", sql: boardsSQL + `
			create table receipts (id int primary key, workspace_id int not null); insert into receipts values (1, 8), (2, 9)`},
		{name: "a row is of a tenant that is gone", want: "row-of-unknown-tenant receipts.workspace_id", sql: boardsSQL + `
			create table receipts (id int primary key, workspace_id int not null); insert into receipts values (1, 1), (2, 9), (3, 8)`},
		{name: "an index over the rows that are not deleted", silent: "tenant-index", sql: boardsSQL + `
			create table notes (id int primary key, workspace_id int not null references workspaces, deleted_at timestamptz, hidden bool); create index on notes (workspace_id, deleted_at) where deleted_at is null;
			create table tips (id int primary key, workspace_id int not null references workspaces, is_archived bool not null default false); create index on tips (workspace_id) where not is_archived and workspace_id is not null`},
		{name: "integers of two sizes", silent: "tenant-type", sql: boardsSQL + `create table notes (id int primary key, workspace_id bigint not null references workspaces)`},
		{name: "an integer that is too small", want: "tenant-type notes.workspace_id", sql: boardsSQL + `create table notes (id int primary key, workspace_id smallint not null references workspaces)`},
		{name: "an integer and a number with a fraction", want: "tenant-type notes.workspace_id", sql: boardsSQL + `create table notes (id int primary key, workspace_id numeric not null)`},
		{name: "an index over some kinds of rows", silent: "tenant-index", sql: boardsSQL + `
			create table notes (id int primary key, workspace_id int not null references workspaces, kind text); create index on notes (workspace_id) where kind = 'draft'`},
		{name: "an index by the name, then the tenant", silent: "tenant-index", sql: boardsSQL + `
			create table packs (name text, workspace_id int not null references workspaces, primary key (name, workspace_id));
			create table pages (id int primary key, workspace_id int not null references workspaces, board_id int not null references boards); create index on pages (board_id, workspace_id)`},
		{name: "an index by the row's own number, then the tenant", want: "tenant-index packs.workspace_id", sql: boardsSQL + `
			create table packs (id int, workspace_id int not null references workspaces, primary key (id, workspace_id))`},
		{name: "a row of one of two tenants, by a check", silent: "tenant-not-null, row-without-tenant", sql: boardsSQL + `
			create table keys (id int primary key, workspace_id int references workspaces, board_id int references boards, check (num_nonnulls(workspace_id, board_id) = 1)); insert into keys values (1, 1, null), (2, null, 1), (3, 2, null);
			create table marks (id int primary key, workspace_id int references workspaces, board_id int references boards, check (workspace_id is not null or board_id is not null)); insert into marks values (1, 1, null), (2, null, 1), (3, 2, null)`},
		{name: "a row of one of two tenants, by nothing", want: "tenant-not-null keys.company_id", text: `ADD CHECK (num_nonnulls("company_id", "workspace_id") > 0)`, silent: "tenant-not-null keys.workspace_id", sql: `
			create table companies (id int primary key); create table workspaces (id int primary key, company_id int not null references companies); create table desks (id int primary key, workspace_id int not null references workspaces); create table bills (id int primary key, company_id int not null references companies);
			create table chairs (id int primary key, workspace_id int not null references workspaces); create table fees (id int primary key, company_id int not null references companies);
			create table keys (id int primary key, company_id int references companies, workspace_id int references workspaces)`},
		{name: "a log without a key to the tenants", want: "tenant-foreign-key access_logs.workspace_id", text: "none where the log is to outlive its workspace", sql: boardsSQL + `
			create table access_logs (id int primary key, workspace_id int not null); create index on access_logs (workspace_id)`},
		{name: "the table that partitions are made from", silent: "table-without-key, tenant-index, tenant-foreign-key", sql: boardsSQL + `
			create table events (id int, workspace_id int not null references workspaces, at date not null, primary key (workspace_id, id, at)) partition by range (at); create table events_1 partition of events default;
			create schema partman; create table partman.template_public_events (id int, workspace_id int not null, at date not null)`},
		{name: "a row of a tenant that is gone, to which others lead", want: "row-of-unknown-tenant boards.workspace_id", silent: "reference-crosses", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int not null references workspaces, board_id int not null references boards); insert into cards values (1, 1, 1), (2, 2, 2);
			alter table boards drop constraint boards_workspace_id_fkey; update boards set workspace_id = 77 where id = 2`},
		{name: "an index over other rows", want: "tenant-index notes.workspace_id", sql: boardsSQL + `
			create table notes (id int primary key, workspace_id int not null references workspaces, deleted_at timestamptz); create index on notes (workspace_id) where deleted_at is not null`},
		{name: "a key without a primary one", silent: "table-without-key", sql: boardsSQL + `
			create table stars (workspace_id int not null references workspaces, board_id int not null references boards, unique (workspace_id, board_id)); alter table stars replica identity using index stars_workspace_id_board_id_key`},
		{name: "a key over columns that may be NULL", want: "table-without-key stars", sql: boardsSQL + `
			create table stars (workspace_id int not null references workspaces, board_id int references boards, unique (workspace_id, board_id))`},
		{name: "rows without a tenant are a catalogue, by an index", silent: "row-without-tenant, tenant-not-null", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, code text); create unique index on engines (code) where workspace_id is null; create unique index on engines (workspace_id, code);
			insert into engines values (1, null, 'fast'), (2, 1, 'own')`},
		{name: "rows without a tenant are a catalogue, by a check", silent: "row-without-tenant, tenant-not-null", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, builtin bool not null, check (builtin or workspace_id is not null), check (not builtin or workspace_id is null));
			insert into engines values (1, null, true), (2, 1, false)`},
		{name: "rows without the parent that has their tenant", want: "row-without-tenant lists.board_id", text: "1 row of lists belonging to no workspace", sql: boardsSQL + `
			create table lists (id int primary key, board_id int references boards on delete cascade, title text); insert into lists values (1, 1, 'x'), (2, 2, 'y'), (3, 1, 'z'), (4, null, 'w')`},
		{name: "rows that may be without the parent that has their tenant", want: "tenant-not-null lists.board_id", text: "lists.board_id says by its row of boards which workspace a row belongs to", silent: "row-without-tenant", sql: boardsSQL + `
			create table lists (id int primary key, board_id int references boards on delete cascade, title text); insert into lists values (1, 1, 'x'), (2, 2, 'y')`},
		{name: "rows that have the parent with their tenant", silent: "tenant-not-null, row-without-tenant", sql: boardsSQL + `
			create table lists (id int primary key, board_id int not null references boards on delete cascade, title text, after int references lists)`},
		{name: "rows without a tenant are all rows", silent: "row-without-tenant, tenant-not-null", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, code text); insert into engines values (1, null, 'fast'), (2, null, 'slow')`},
		{name: "rows without a tenant are most rows, and parts of such rows", silent: "row-without-tenant, tenant-not-null", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, code text); insert into engines values (1, null, 'fast'), (2, null, 'slow'), (3, null, 'odd'), (4, 1, 'own');
			create table gears (id int primary key, workspace_id int references workspaces, engine_id int not null references engines); insert into gears values (1, null, 1), (2, 1, 4), (3, 1, 4)`},
		{name: "parts without a tenant of what has one", want: "row-without-tenant gears.workspace_id", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, code text); insert into engines values (1, null, 'fast'), (2, null, 'slow'), (3, null, 'odd'), (4, 1, 'own');
			create table gears (id int primary key, workspace_id int references workspaces, engine_id int not null references engines); insert into gears values (1, null, 1), (2, null, 4), (3, 1, 4), (4, 1, 4)`},
		{name: "a row without a tenant among others", want: "row-without-tenant engines.workspace_id", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, code text); insert into engines values (1, null, 'fast'), (2, 1, 'slow')`},
		{name: "a check that forbids what is not there", want: "row-without-tenant engines.workspace_id", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces, code text, check (workspace_id is not null or code <> 'slow')); insert into engines values (1, null, 'fast'), (2, 1, 'slow')`},
	})
}

// References that may lead from one tenant to another.
func TestReferencesBetweenTenants(t *testing.T) {
	t.Parallel()
	const through = boardsSQL + `create table lists (id int primary key, board_id int not null references boards, title text, unique (board_id, id)); insert into lists values (1, 1, 'x'), (2, 2, 'y');`
	const nested = `create table companies (id int primary key); create table workspaces (id int primary key, company_id int not null references companies, unique (id, company_id));
		create table boards (id int primary key, workspace_id int not null references workspaces, unique (id, workspace_id)); create table plans (id int primary key, company_id int not null references companies);
		create table pages (id int primary key, workspace_id int not null references workspaces); create table bills (id int primary key, company_id int not null references companies);`
	testShapes(t, "references_between_tenants", []smallShape{
		{name: "two parents of the same kind", want: "reference-without-tenant items.items_list_id_fkey", text: `FOREIGN KEY ("board_id", "list_id") REFERENCES "public"."lists" ("board_id", "id")`, sql: through + `
			create table items (id int primary key, board_id int not null references boards on delete cascade, list_id int references lists)`},
		{name: "two parents of the same kind, bound", silent: "reference-without-tenant", sql: through + `
			create table items (id int primary key, board_id int not null references boards on delete cascade, list_id int, foreign key (board_id, list_id) references lists (board_id, id))`},
		{name: "a row of one's own points back", want: "reference-without-tenant boards.boards_first_list_fkey", text: "nothing keeps both to one workspace", sql: through + `
			alter table boards add first_list int; alter table boards add constraint boards_first_list_fkey foreign key (first_list) references lists`},
		{name: "a row of one's own points back, bound", silent: "reference-without-tenant", sql: through + `
			alter table boards add first_list int; alter table boards add constraint boards_first_list_fkey foreign key (id, first_list) references lists (board_id, id)`},
		{name: "beside a key of the same column that is bound", silent: "reference-without-tenant", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int not null references workspaces, board_id int references boards on delete cascade, foreign key (board_id, workspace_id) references boards (id, workspace_id))`},
		{name: "beside a key that is bound where the row has a tenant", want: "reference-without-tenant cards.plain", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int references workspaces, board_id int, constraint plain foreign key (board_id) references boards on delete cascade, foreign key (board_id, workspace_id) references boards (id, workspace_id))`},
		{name: "a row has a tenant or a reference", silent: "reference-without-tenant", sql: boardsSQL + `
			create table hints (id int primary key, workspace_id int references workspaces, board_id int references boards, check (workspace_id is null and board_id is not null or workspace_id is not null and board_id is null));
			create table tips (id int primary key, workspace_id int references workspaces, board_id int references boards, check (num_nonnulls(workspace_id, board_id) = 1));
			create table clues (id int primary key, workspace_id int references workspaces, board_id int references boards, check ((workspace_id is null) <> (board_id is null)))`},
		{name: "a row has a tenant or a reference, or both", want: "reference-without-tenant hints.hints_board_id_fkey", sql: boardsSQL + `
			create table hints (id int primary key, workspace_id int references workspaces, board_id int references boards, check (workspace_id is null and board_id is not null or workspace_id is not null))`},
		{name: "a join of two tables with tenants", want: "reference-without-tenant board_labels.board_labels_label_id_fkey", text: "board_labels joins boards, whose workspace it has, with labels of any workspace", sql: through + `
			create table labels (id int primary key, workspace_id int not null references workspaces); create table board_labels (board_id int references boards, label_id int references labels, primary key (board_id, label_id))`},
		{name: "a join whose second side has its tenant from another table", want: "reference-without-tenant list_labels.list_labels_list_id_fkey", sql: through + `
			create table labels (id int primary key, workspace_id int not null references workspaces); create table list_labels (label_id int references labels, list_id int references lists, primary key (label_id, list_id))`},
		{name: "a row of two levels", want: "reference-without-tenant invitations.invitations_workspace_id_fkey", text: "which the row names as well", sql: nested + `
			create table invitations (id int primary key, company_id int not null references companies, workspace_id int references workspaces)`},
		{name: "a row of two levels that lead apart", want: "reference-crosses invitations.invitations_workspace_id_fkey", text: "1 row of invitations referencing a workspace that belongs to another company", sql: nested + `
			create table invitations (id int primary key, company_id int not null references companies, workspace_id int references workspaces);
			insert into companies values (1), (2); insert into workspaces values (11, 1), (12, 2); insert into invitations values (1, 1, 11), (2, 1, 12), (3, 2, null)`},
		{name: "a row of two levels, bound", silent: "reference-without-tenant, reference-crosses", sql: nested + `
			create table invitations (id int primary key, company_id int not null references companies, workspace_id int, foreign key (workspace_id, company_id) references workspaces (id, company_id))`},
		{name: "a key that names the parent of what it leads to", want: "reference-without-tenant wires.wires_target_fkey", text: "give wires and lists a column for the workspace", sql: through + `
			create table wires (id int primary key, board_id int not null references boards, to_board int not null, to_list int not null, constraint wires_target_fkey foreign key (to_board, to_list) references lists (board_id, id))`},
		{name: "what it leads to may be for all", want: "reference-without-tenant jobs.jobs_engine_id_fkey", text: "if rows of engines without a workspace are for all", sql: boardsSQL + `
			create table engines (id int primary key, workspace_id int references workspaces); create table jobs (id int primary key, workspace_id int not null references workspaces, engine_id int references engines)`},
		{name: "a join across levels", want: "reference-without-tenant plan_workspaces.plan_workspaces_plan_id_fkey", sql: nested + `
			create table plan_workspaces (plan_id int references plans, workspace_id int references workspaces, primary key (plan_id, workspace_id))`},
		{name: "a trigger gives the row its parent's tenant", silent: "reference-without-tenant", sql: boardsSQL + `
			create table cards (id int primary key, board_id int not null references boards, workspace_id int not null references workspaces);
			create function own_board() returns trigger language plpgsql as $$ begin new.workspace_id = (select b.workspace_id from public.boards b where b.id = new.board_id); return new; end $$;
			create trigger own_board before insert or update on cards for each row execute function own_board()`},
		{name: "a trigger gives it by a variable", silent: "reference-without-tenant", sql: boardsSQL + `
			create table cards (id int primary key, board_id int not null references boards, workspace_id int not null references workspaces);
			create function own_board() returns trigger language plpgsql as $$ declare w int; begin select b.workspace_id into strict w from boards b where b.id = new.board_id; new.workspace_id := w; return new; end $$;
			create trigger own_board before insert or update on cards for each row execute function own_board()`},
		{name: "a trigger gives it where the row says nothing", want: "reference-without-tenant cards.cards_board_id_fkey", sql: boardsSQL + `
			create table cards (id int primary key, board_id int not null references boards, workspace_id int not null references workspaces);
			create function own_board() returns trigger language plpgsql as $$ begin if new.workspace_id is null then new.workspace_id = (select b.workspace_id from boards b where b.id = new.board_id); end if; return new; end $$;
			create trigger own_board before insert or update on cards for each row execute function own_board()`},
		{name: "a trigger gives it when the row is new", want: "reference-without-tenant cards.cards_board_id_fkey", sql: boardsSQL + `
			create table cards (id int primary key, board_id int not null references boards, workspace_id int not null references workspaces);
			create function own_board() returns trigger language plpgsql as $$ begin new.workspace_id = (select b.workspace_id from boards b where b.id = new.board_id); return new; end $$;
			create trigger own_board before insert on cards for each row execute function own_board()`},
	})
}

// cardsSQL has cards that are counted on their board.
const cardsSQL = `create table cards (workspace_id int not null references workspaces, board_id int not null, card_no int not null, primary key (workspace_id, board_id, card_no));
	insert into cards values (1, 1, 1); create table stickers (id int primary key, workspace_id int not null references workspaces, board_id int not null, card_no int not null);`

// References that no foreign key holds.
func TestUndeclaredReferences(t *testing.T) {
	t.Parallel()
	const flows = `create table workspaces (id uuid primary key); insert into workspaces select ('5eed0000-0000-4000-8000-00000000000' || n)::uuid from generate_series(1, 2) n;
		create table flow_versions (id uuid primary key, workspace_id uuid not null references workspaces); create index on flow_versions (workspace_id);
		insert into flow_versions select ('1eed0000-0000-4000-8000-00000000000' || n)::uuid, ('5eed0000-0000-4000-8000-00000000000' || 1 + n % 2)::uuid from generate_series(1, 8) n;
		create table flow_runs (id int primary key, workspace_id uuid not null references workspaces, version_id uuid); create index on flow_runs (workspace_id);
		insert into flow_runs select n, ('5eed0000-0000-4000-8000-00000000000' || 1 + n % 2)::uuid, ('1eed0000-0000-4000-8000-00000000000' || n)::uuid from generate_series(1, 8) n;`
	testShapes(t, "undeclared_references", []smallShape{
		{name: "a row that leads nowhere", want: "reference-orphan cards.board_id", text: "1 row of cards referencing a row of boards that does not exist, by board_id", silent: "reference-undeclared", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int not null references workspaces, board_id int); insert into cards values (1, 1, 1), (2, 1, 7), (3, 2, null)`},
		{name: "a row that leads to another tenant", want: "reference-crosses cards.board_id", text: "belongs to another workspace", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int not null references workspaces, board_id int); insert into cards values (1, 1, 2)`},
		{name: "rows that all lead somewhere", want: "reference-undeclared cards.board_id", silent: "reference-orphan, reference-crosses", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int not null references workspaces, board_id int); insert into cards values (1, 1, 1), (2, 2, 2)`},
		{name: "rows that lead nowhere at all", want: "reference-undeclared cards.board_id", silent: "reference-orphan", sql: boardsSQL + `
			create table cards (id int primary key, workspace_id int not null references workspaces, board_id int); insert into cards values (1, 1, 91), (2, 2, 92)`},
		{name: "named without the table's prefix", want: "reference-undeclared flow_runs.version_id", sql: flows},
		{name: "named without the table's prefix, and one leads nowhere", want: "reference-orphan flow_runs.version_id", sql: flows + `update flow_runs set version_id = '9eed0000-0000-4000-8000-000000000009' where id = 3`},
		{name: "named like the end of a table", silent: "reference-undeclared, reference-orphan", sql: flows + `update flow_runs set version_id = '9eed0000-0000-4000-8000-000000000009'`},
		{name: "a table of references alone", want: "reference-undeclared version_stars.flow_version_id", sql: flows + `
			create table version_stars (flow_version_id uuid, flow_run_id int, primary key (flow_version_id, flow_run_id))`},
		{name: "a key of several columns", want: "reference-undeclared stickers.card_no", text: `FOREIGN KEY ("workspace_id", "board_id", "card_no")`, silent: "reference-crosses, reference-orphan", sql: boardsSQL + cardsSQL + `insert into stickers values (1, 1, 1, 1)`},
		{name: "a key of several columns that leads nowhere for one row", want: "reference-orphan stickers.card_no", text: "by board_id, card_no", sql: boardsSQL + cardsSQL + `insert into stickers values (1, 1, 1, 1), (2, 1, 1, 7)`},
		{name: "a key of several columns that is held", silent: "reference-undeclared stickers.card_no, reference-orphan", sql: boardsSQL + cardsSQL + `alter table stickers add foreign key (workspace_id, board_id, card_no) references cards`},
		{name: "a key of several columns of two kinds of things", silent: "reference-undeclared remarks.no, reference-undeclared events.no, reference-orphan", sql: boardsSQL + cardsSQL + `
			create table events (workspace_id int not null references workspaces, board_id int not null, no int not null, primary key (workspace_id, board_id, no));
			create table remarks (id int primary key, workspace_id int not null references workspaces, board_id int not null, no int not null)`},
		{name: "a column that the other table references", silent: "reference-undeclared", sql: boardsSQL + `
			create table rooms (id int primary key, workspace_id int not null references workspaces, camera_id int not null unique); create table cameras (id int primary key, workspace_id int not null references workspaces, foreign key (id) references rooms (camera_id))`},
		{name: "a column that the other table knows nothing of", want: "reference-undeclared rooms.camera_id", sql: boardsSQL + `
			create table rooms (id int primary key, workspace_id int not null references workspaces, camera_id int not null unique); create table cameras (id int primary key, workspace_id int not null references workspaces, room_id int references rooms)`},
		{name: "rows of tables that inherit", silent: "reference-undeclared, reference-orphan", sql: boardsSQL + `
			create table rooms (id int primary key, workspace_id int not null references workspaces, camera_id int not null); create table cameras (id int primary key, workspace_id int not null references workspaces);
			create table domes (primary key (id)) inherits (cameras); insert into domes values (1, 1); insert into rooms values (1, 1, 1)`},
		{name: "a person who is gone, in a table of no tenant", want: "reference-orphan seats.person_id", text: "1 row of seats referencing a row of persons that does not exist", sql: boardsSQL + personsSQL + `update seats set person_id = '9eed0000-0000-4000-8000-000000000009' where id = 3`},
		{name: "persons in a table of no tenant", want: "reference-undeclared seats.person_id", silent: "reference-orphan", sql: boardsSQL + personsSQL},
		{name: "persons of another system", silent: "reference-undeclared, reference-orphan", sql: boardsSQL + personsSQL + `update seats set person_id = ('9eed0000-0000-4000-8000-00000000000' || id)::uuid`},
		{name: "the table's own key", silent: "reference-undeclared", sql: boardsSQL + `create table cards (card_id int primary key, workspace_id int not null references workspaces)`},
	})
}

// Unique keys that hold across tenants.
func TestUniqueKeysAcrossTenants(t *testing.T) {
	t.Parallel()
	const people = `create table workspaces (id int primary key, name text); insert into workspaces values (1, 'a'), (2, 'b');
		create table users (id uuid primary key); create table staff (id int primary key, workspace_id int not null references workspaces, unique (id, workspace_id));`
	testShapes(t, "unique_keys", []smallShape{
		{name: "over the rows without a tenant", silent: "unique-without-tenant", sql: people + `
			create table engines (id int primary key, workspace_id int references workspaces, code text, live bool); create unique index on engines (code) where workspace_id is null and live`},
		{name: "over the rows with a tenant", want: "unique-without-tenant engines.codes", sql: people + `
			create table engines (id int primary key, workspace_id int references workspaces, code text); create unique index codes on engines (code) where workspace_id is not null`},
		{name: "with a reference that carries the tenant", silent: "unique-without-tenant", sql: people + `
			create table prefs (staff_id int not null, workspace_id int not null references workspaces, name text not null, unique (staff_id, name), foreign key (staff_id, workspace_id) references staff (id, workspace_id))`},
		{name: "with a number that each tenant counts", want: "unique-without-tenant prefs.once", sql: people + `
			create table desks (workspace_id int not null references workspaces, no int not null, primary key (workspace_id, no));
			create table prefs (id int primary key, desk int not null, workspace_id int not null references workspaces, name text not null, constraint once unique (desk, name), foreign key (workspace_id, desk) references desks (workspace_id, no))`},
		{name: "one row guarded, of no tenant", silent: "unique-without-tenant", sql: people + `
			create table ranks (id int primary key, workspace_id int references workspaces, is_chief bool not null); create unique index one_chief on ranks (is_chief) where is_chief; insert into ranks values (1, null, true), (2, 1, false)`},
		{name: "one row guarded, of a tenant", want: "unique-without-tenant ranks.one_chief", sql: people + `
			create table ranks (id int primary key, workspace_id int not null references workspaces, is_chief bool not null); create unique index one_chief on ranks (is_chief) where is_chief`},
		{name: "with what the writer of a row chooses", want: "unique-without-tenant facts.facts_key", sql: people + `
			create table facts (id int primary key, workspace_id int not null references workspaces, subject_type text not null, subject_id text not null, fact text not null, until xid8 not null default '9223372036854775807', constraint facts_key unique (subject_type, subject_id, fact, until))`},
		{name: "with an id that nobody chooses", silent: "unique-without-tenant", sql: people + `
			create table facts (id int primary key, workspace_id int not null references workspaces, subject_id text not null, fact text not null, constraint facts_key unique (subject_id, fact))`},
		{name: "by which a request is told from its repetition", want: "unique-without-tenant calls.calls_idempotency_key_key", text: "nothing, where the application makes it of chance", sql: people + `
			create table calls (id uuid primary key, workspace_id int not null references workspaces, idempotency_key text not null unique)`},
		{name: "the digest of a request", silent: "unique-without-tenant", sql: people + `
			create table calls (id uuid primary key, workspace_id int not null references workspaces, idempotency_key bytea not null unique)`},
		{name: "a part of an address", want: "unique-without-tenant forms.forms_slug_key", text: "nothing, where it is looked up without a tenant", sql: people + `
			create table forms (id uuid primary key, workspace_id int not null references workspaces, slug text not null unique)`},
		{name: "no part of an address", want: "unique-without-tenant forms.forms_title_key", text: "ALTER TABLE", sql: people + `
			create table forms (id uuid primary key, workspace_id int not null references workspaces, title text not null unique)`},
		{name: "one row a tenant", silent: "unique-without-tenant", sql: people + `
			create table covers (id int primary key, workspace_id int not null unique references workspaces, motto text not null unique)`},
		{name: "several rows a tenant", want: "unique-without-tenant covers.covers_motto_key", sql: people + `
			create table covers (id int primary key, workspace_id int not null references workspaces, motto text not null unique); create unique index on covers (workspace_id) where motto <> ''`},
		{name: "a name beside a kind that all share", want: "unique-without-tenant plugs.once", sql: people + `
			create table plug_kinds (id uuid primary key, name text unique); create table plugs (id uuid primary key, workspace_id int not null references workspaces, plug_kind_id uuid not null references plug_kinds, label text not null, constraint once unique (plug_kind_id, label))`},
		{name: "a name beside a person", silent: "unique-without-tenant", sql: people + `
			create table plugs (id uuid primary key, workspace_id int not null references workspaces, user_id uuid not null references users, label text not null, unique (user_id, label))`},
		{name: "one membership a person", want: "unique-without-tenant memberships.once", sql: people + `
			create table memberships (id uuid primary key, workspace_id int not null references workspaces, user_id uuid not null references users, constraint once unique (user_id))`},
		{name: "one membership a person and tenant", silent: "unique-without-tenant", sql: people + `
			create table memberships (id uuid primary key, workspace_id int not null references workspaces, user_id uuid not null references users, main bool, unique (workspace_id, user_id)); create unique index on memberships (user_id) where main`},
	})
}

// One statement that switches checks off is one finding.
func TestTriggersOffAreOneFinding(t *testing.T) {
	t.Parallel()
	tx, err := testpg.Superuser(t, testpg.Empty.DB(t)).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is to be kept
	testpg.Exec(t, tx, boardsSQL+`create table ads (id int primary key, workspace_id int not null references workspaces); create index on ads (workspace_id);
		create function touch() returns trigger language plpgsql as 'begin return new; end'; create trigger touch before update on workspaces for each row execute function touch();
		alter table workspaces disable trigger all`)
	checked, err := audit.Integrity(t.Context(), tx, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(checked.Findings) != 1 || checked.Findings[0].Object != "workspaces" {
		t.Fatalf("want one finding at workspaces, got:\n%s", checked.Text())
	}
	var objects []string
	for _, f := range checked.Findings[0].Follows {
		objects = append(objects, f.Object)
	}
	if got := strings.Join(objects, " "); !strings.Contains(got, "ads.ads_workspace_id_fkey") || !strings.Contains(got, "boards.boards_workspace_id_fkey") || !strings.Contains(got, "workspaces.touch") {
		t.Errorf("folded under it: %s", got)
	}
	if fix := checked.Findings[0].Fix; !strings.Contains(fix, `ALTER TABLE "public"."workspaces" ENABLE TRIGGER ALL`) {
		t.Errorf("the fix is %s", fix)
	}
}

// One row that is gone is one finding, in however many tables rows lead to it.
func TestAMissingRowIsOneFinding(t *testing.T) {
	t.Parallel()
	tx, err := testpg.Superuser(t, testpg.Empty.DB(t)).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is to be kept
	testpg.Exec(t, tx, boardsSQL+`create table ads (id int primary key, board_id int not null references boards); create table pins (id int primary key, board_id int not null references boards);
		insert into ads values (1, 1), (2, 2); insert into pins values (1, 2), (2, 2); set session_replication_role = replica; delete from boards where id = 2; set session_replication_role = origin`)
	checked, err := audit.Integrity(t.Context(), tx, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(checked.Findings) != 1 || checked.Findings[0].Object != "ads.ads_board_id_fkey" || len(checked.Findings[0].Follows) != 1 {
		t.Errorf("want one finding at ads with that at pins under it, got:\n%s", checked.Text())
	}
}

// What discovery makes of columns and types decides what is found.
func TestDiscoveredShapes(t *testing.T) {
	t.Parallel()
	const factories = `create table organizations (id uuid primary key, name text); create table factories (id uuid primary key, organization_id uuid not null, unique (organization_id, id));
		create table machines (id uuid primary key, organization_id uuid not null); create index on machines (organization_id);
		create table jobs (id uuid primary key, organization_id uuid not null, factory_id uuid not null, foreign key (organization_id, factory_id) references factories (organization_id, id)); create index on jobs (organization_id);
		create function me() returns uuid language sql stable return nullif(current_setting('app.organization', true), '')::uuid;`
	const notes = `create table workspaces (id int primary key); insert into workspaces values (1); create table bills (id uuid primary key, workspace_id int not null references workspaces); create index on bills (workspace_id);
		create table notes (id int primary key, workspace_id int not null references workspaces, subject_type text not null, subject_id uuid not null); create index on notes (workspace_id);
		insert into bills select ('1eed0000-0000-4000-8000-0000000000' || n)::uuid, 1 from generate_series(10, 19) n;
		insert into notes select n, 1, 'Bill', ('1eed0000-0000-4000-8000-0000000000' || n)::uuid from generate_series(10, 19) n;`
	testShapes(t, "discovered", []smallShape{
		{name: "a policy by the row's own tenant, beside a composite key", silent: "policy-without-tenant", sql: factories + `
			alter table jobs enable row level security; create policy own on jobs using (organization_id = me())`},
		{name: "a policy by another column, beside a composite key", want: "policy-without-tenant jobs.own", sql: factories + `
			alter table machines enable row level security; create policy own on machines using (organization_id = me());
			alter table jobs enable row level security; create policy own on jobs using (factory_id is not null)`},
		{name: "a type that is misspelt", want: "pair-unknown-type notes.subject_type", sql: notes + `update notes set subject_type = 'Bil' || 'll' where id = 12`},
		{name: "a type in other letters", want: "pair-unknown-type notes.subject_type", sql: notes + `update notes set subject_type = 'bill' where id = 12`},
		{name: "a misspelt type whose id is found elsewhere", want: "pair-unknown-type notes.subject_type", sql: notes + `create table plans (id uuid primary key); insert into plans values ('00000000-0000-4000-8000-0000000000aa'); update notes set subject_type = 'Blil', subject_id = '00000000-0000-4000-8000-0000000000aa' where id = 12; update notes set subject_type = 'Bills' where subject_type = 'Bill'; update notes set subject_type = 'Bilsl' where id = 12`},
		{name: "a type that nearly names its table", want: "pair-unknown-type notes.subject_type", sql: notes + `create table organisations (id uuid primary key); insert into organisations values ('00000000-0000-4000-8000-0000000000aa'); update notes set subject_type = 'organizaton', subject_id = '00000000-0000-4000-8000-0000000000aa' where id = 12`},
		{name: "a type in another country's spelling", silent: "pair-unknown-type", sql: notes + `create table organisations (id uuid primary key); insert into organisations values ('00000000-0000-4000-8000-0000000000aa'); update notes set subject_type = 'organization', subject_id = '00000000-0000-4000-8000-0000000000aa' where id = 12`},
		{name: "types that are spelt in one way", silent: "pair-unknown-type", sql: notes},
	})
}
