package factory_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// asEachRole runs a test on a new database of the schema, as the ordinary role that tests
// have and as the superuser, for whom triggers can be off.
func asEachRole(t *testing.T, schema string, test func(t *testing.T, db *pgtest.DB)) {
	t.Helper()
	t.Parallel()
	server := testpg.Schema(schema)
	t.Run("ordinary role", func(t *testing.T) { test(t, server.DB(t)) })
	t.Run("superuser", func(t *testing.T) { test(t, testpg.Superuser(t, server.DB(t))) })
}

// One side of a circle of required references is deferred: the rows of the other side are
// written after those that they reference, whichever table is asked for.
func TestCircleWithOneDeferredSide(t *testing.T) {
	const schema = `
create table orgs (id uuid primary key, name text not null);
create table flows (id %[1]s primary key, org_id uuid not null references orgs, live_version_id %[2]s not null, name text not null);
create table versions (id %[1]s primary key, flow_id %[2]s not null references flows, n int not null);
alter table flows add foreign key (live_version_id) references versions deferrable initially deferred;
create table nodes (flow_id %[2]s not null references flows, node_id text not null, primary key (flow_id, node_id))`
	for name, types := range map[string][2]any{"uuid": {"uuid", "uuid"}, "serial": {"serial", "int"}} {
		t.Run(name, func(t *testing.T) {
			asEachRole(t, fmt.Sprintf(schema, types[0], types[1]), func(t *testing.T, db *pgtest.DB) {
				for range 2 {
					for _, table := range []string{"flows", "versions", "nodes"} {
						factory.Auto(table).CreateN(t, db, 3)
						factory.Auto(table).Fill(t, db, 3)
					}
				}
				check.Integrity(t, db)
			})
		})
	}
}

// A unique key of the tenant and an enum allows a tenant one row of each value, less those
// that its rows have already. More rows need more tenants; a tenant that the caller gives has
// room for no more.
func TestKeyOfTenantAndEnum(t *testing.T) {
	const schema = `
create table tenants (id uuid primary key, name text not null);
create type provider as enum ('google', 'github');
create table integrations (id uuid primary key, tenant_id uuid not null references tenants, provider provider not null, unique (tenant_id, provider));
create table modes (tenant_id uuid not null references tenants, is_live bool not null default false, note text not null, primary key (tenant_id, is_live))`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		tenant := factory.Auto("tenants").Create(t, db)
		factory.Auto("integrations").Create(t, db, factory.In(tenant), factory.Set(func(r *factory.Record) { r.Set("provider", "github") }))
		factory.Auto("integrations").Fill(t, db, 1, factory.In(tenant))
		if got := testpg.One[string](t, db, "select string_agg(provider::text, ' ' order by provider) from integrations"); got != "google github" {
			t.Errorf("the tenant has %s", got)
		}
		_, err := factory.Auto("integrations").FillContext(t.Context(), db, 1, factory.In(tenant))
		mention(t, err, "integrations: 1 rows asked for, its parents leave room for 0: ask for more of tenants in the plan")
		for range 2 {
			factory.Fill(t, db, factory.Auto("tenants").N(5), factory.Auto("integrations").N(10), factory.Auto("modes").N(10))
		}
		if n := testpg.One[int](t, db, "select count(*) from (select from integrations group by tenant_id having count(*) = 2) x"); n != 11 {
			t.Errorf("%d tenants have both providers, want 11", n)
		}
		if n := testpg.One[int](t, db, "select count(*) from modes where is_live"); n != 10 {
			t.Errorf("%d modes are live, want 10", n)
		}
	})
}

// A pair and a reference make up a unique key: rows that are about the same row differ by
// the other one.
func TestKeyOfPairAndReference(t *testing.T) {
	const schema = `
create table tenants (id uuid primary key, name text not null);
create table flags (id uuid primary key, key text not null unique);
create table owner_flags (id uuid primary key, owner_type text not null check (owner_type in ('tenants', 'flags')), owner_id uuid not null, flag_id uuid not null references flags, unique (owner_type, owner_id, flag_id));
create table profiles (id uuid primary key, owner_type text not null check (owner_type in ('tenants', 'flags')), owner_id uuid not null, note text not null, unique (owner_type, owner_id))`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		tenant := factory.Auto("tenants").Create(t, db)
		factory.Auto("flags").Create(t, db)
		for range 2 {
			factory.Auto("owner_flags").CreateN(t, db, 4, factory.On(tenant))
			factory.Auto("owner_flags").Fill(t, db, 20)
			factory.Auto("profiles").Fill(t, db, 5)
		}
		check.Integrity(t, db)
	})
}

// The predicate of a partial unique index lists several values: a row that avoids one of
// them is in the index for another.
func TestPartialKeyOfSeveralValues(t *testing.T) {
	const schema = `
create table quotes (id uuid primary key, name text not null);
create table revisions (id uuid primary key, quote_id uuid not null references quotes, status text not null check (status in (%s)));
create unique index on revisions (quote_id) where status in ('draft', 'approved')`
	for name, values := range map[string]string{"all of them": "'draft', 'approved'", "one is left": "'draft', 'approved', 'void'"} {
		t.Run(name, func(t *testing.T) {
			asEachRole(t, fmt.Sprintf(schema, values), func(t *testing.T, db *pgtest.DB) {
				for range 2 {
					factory.Auto("revisions").CreateN(t, db, 4)
					factory.Fill(t, db, factory.Auto("quotes").N(9), factory.Auto("revisions").N(9))
				}
				if n := testpg.One[int](t, db, "select count(*) from revisions"); n != 26 {
					t.Errorf("%d revisions, want 26", n)
				}
			})
		})
	}
}

// Where a tenant has one row of a table, children of a later call reference that one.
func TestOnlyRowOfTenantIsParent(t *testing.T) {
	const schema = `
create table organizations (id uuid primary key, name text not null);
create table billing (id uuid primary key, organization_id uuid not null unique references organizations, plan text not null);
create table invoices (id uuid primary key, billing_id uuid not null references billing, total int not null)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		organization := factory.Auto("organizations").Create(t, db)
		billing := factory.Auto("billing").Create(t, db, factory.In(organization))
		for range 2 {
			for _, invoice := range factory.Auto("invoices").CreateN(t, db, 3, factory.In(organization)) {
				if invoice.Values["billing_id"] != billing.Values["id"] {
					t.Errorf("invoice of billing %v, want %v", invoice.Values["billing_id"], billing.Values["id"])
				}
			}
		}
		other := factory.Auto("organizations").Create(t, db)
		factory.Auto("invoices").Create(t, db, factory.In(other)) // has none yet
		if n := testpg.One[int](t, db, "select count(*) from billing"); n != 2 {
			t.Errorf("%d rows of billing, want one of each organization", n)
		}
	})
}

// A number that a CHECK limits to one value, or few, gets those and no others.
func TestKeyOfFewNumbers(t *testing.T) {
	const schema = `
create table settings (id int primary key check (id = 1), v text not null);
create table slots (no int primary key check (no between 3 and 7), v text not null)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		factory.Auto("settings").Create(t, db)
		_, err := factory.Auto("settings").CreateContext(t.Context(), db)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "23505" {
			t.Errorf("a second row: %v", err)
		}
		factory.Auto("slots").CreateN(t, db, 2)
		factory.Auto("slots").Fill(t, db, 3)
		_, err = factory.Auto("slots").FillContext(t.Context(), db, 1)
		mention(t, err, "slots: 1 rows asked for beside the 5 that are there, and no has 5 values")
	})
}

// A key over references of which one decides another, or over a reference and a few numbers:
// as many rows as there are combinations.
func TestKeyOfCoveredReferences(t *testing.T) {
	const schema = `
create table firms (id uuid primary key, name text not null);
create table groups (id uuid primary key, firm_id uuid not null references firms, name text not null);
create table workers (id uuid primary key, firm_id uuid not null references firms, name text not null, unique (firm_id, id));
create table group_workers (firm_id uuid not null references firms, group_id uuid not null references groups, worker_id uuid not null references workers,
	primary key (firm_id, group_id, worker_id), foreign key (firm_id, worker_id) references workers (firm_id, id));
create table reminders (worker_id uuid not null references workers, step int not null check (step between 1 and 3), primary key (worker_id, step))`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			factory.Fill(t, db, factory.Auto("firms").N(1), factory.Auto("groups").N(4), factory.Auto("workers").N(5), factory.Auto("group_workers").N(20), factory.Auto("reminders").N(15))
		}
		check.Integrity(t, db)
		if n := testpg.One[int](t, db, "select count(*) from group_workers join groups g on g.id = group_id join workers w on w.id = worker_id where g.firm_id <> w.firm_id"); n > 0 {
			t.Errorf("%d rows of two firms", n)
		}
	})
}

// A number of which a CHECK leaves few values makes up a key with a reference: a row has each
// step once, and all of them where the plan asks for so many.
func TestKeyOfReferenceAndFewNumbers(t *testing.T) {
	const schema = `
create table pets (id int primary key, name text not null);
create table chores (pet_id int not null references pets, step int not null check (step between 1 and 3), note text not null, primary key (pet_id, step));
create table harbors (id int primary key, name text not null);
create table badges (owner_type text not null check (owner_type in ('harbors', 'pets')), owner_id int not null, chore_step int not null check (chore_step >= 1 and chore_step <= 2), unique (owner_type, owner_id, chore_step))`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		factory.Fill(t, db, factory.Auto("pets").N(4), factory.Auto("harbors").N(3), factory.Auto("chores").N(12), factory.Auto("badges").N(14))
		factory.Auto("chores").Fill(t, db, 9)
		factory.Auto("chores").CreateN(t, db, 4)
		if n := testpg.One[int](t, db, "select count(*) from chores"); n != 25 {
			t.Errorf("%d chores, want 25", n)
		}
	})
}

// A key of MATCH FULL is NULL in all of its columns, or in none.
func TestMatchFull(t *testing.T) {
	const schema = `
create table slips (harbor int not null, no int not null, name text not null, primary key (harbor, no));
create table boats (id serial primary key, harbor int, slip int, name text not null, foreign key (harbor, slip) references slips match full)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		factory.Auto("boats").CreateN(t, db, 2)
		for range 2 {
			factory.Fill(t, db, factory.Auto("slips").N(10), factory.Auto("boats").N(30))
		}
		if n := testpg.One[int](t, db, "select count(*) from boats where (harbor is null) <> (slip is null)"); n != 0 {
			t.Errorf("%d boats have half a slip", n)
		}
		if n := testpg.One[int](t, db, "select count(harbor) from boats"); n < 30 {
			t.Errorf("%d boats have a slip", n)
		}
	})
}

// A CHECK on a column of a reference is passed on to the parents: those of each table have the
// text that it demands.
func TestCheckOfReferencePassedOn(t *testing.T) {
	const schema = `
create table firms (id uuid primary key, name text not null);
create table tools (firm_id uuid not null references firms, kind text not null, id uuid not null, primary key (firm_id, kind, id));
create table saws (firm_id uuid not null references firms, kind text not null default 'saw' check (kind = 'saw'), id uuid not null, teeth int not null, primary key (firm_id, id), foreign key (firm_id, kind, id) references tools);
create table drills (firm_id uuid not null references firms, kind text not null default 'drill' check (kind = 'drill'), id uuid not null, speed int not null, primary key (firm_id, id), foreign key (firm_id, kind, id) references tools);
create table uses (id uuid primary key, firm_id uuid not null references firms, kind text not null, tool_id uuid not null, foreign key (firm_id, kind, tool_id) references tools)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			factory.Fill(t, db, factory.Auto("firms").N(2), factory.Auto("tools").N(60), factory.Auto("saws").N(6), factory.Auto("drills").N(6), factory.Auto("uses").N(20))
		}
		check.Integrity(t, db)
	})
}
