package check_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
)

// A fix that begins so is SQL, and runs as it is copied.
var isSQL = regexp.MustCompile(`^(ALTER|CREATE|DROP|REINDEX|REVOKE|GRANT|SELECT) `)

// inTransaction leaves out the word that keeps SQL out of a transaction, in which these
// tests run.
func inTransaction(fix string) string { return strings.ReplaceAll(fix, "CONCURRENTLY ", "") }

// proseRules are the rules whose fixes need a decision of their reader, or values that only
// the reader knows: what to do with rows that are wrong, which condition a policy is to have.
var proseRules = []string{
	"rows-hidden", "rows-unreadable", "model-misfit", "table-undeclared", "aggregate-undeclared", "row-without-tenant", "row-of-unknown-tenant",
	"reference-crosses", "pair-crosses", "aggregate-disagrees", "probe-read", "probe-write", "probe-oracle", "probe-setting", "probe-across", "probe-control",
	"pair-orphan", "pair-wrong-tenant", "pair-unknown-type", "pair-half-null", "pair-shadow-disagrees", "subtype-missing", "subtype-orphan", "subtype-mismatch",
	"subtype-unknown", "config-missing", "config-not-object", "config-not-expected", "config-disagrees", "foreign-key-orphan", "constraint-broken", "deferred-pending",
	"partition-wrong", "partition-broken", "policy-user-editable", "policies-several", "policy-shares", "rewrite-rule", "trigger-crosses", "server-version",
}

// fixed runs the fix of a fault that was found, as it is copied, after which the finding is to
// be gone. It reports whether there was SQL to run: the fix may be prose.
func (f fault) fixed(t *testing.T, tx pgx.Tx, model *seedbed.Model, fix string) bool {
	t.Helper()
	if !isSQL.MatchString(fix) {
		return false
	}
	if err := simple(t.Context(), tx, "SET LOCAL ROLE "+super+"; "+inTransaction(fix)+"; SET LOCAL ROLE "+owner); err != nil {
		t.Fatalf("the fix %s: %v", fix, err)
	}
	if left := f.find(t, tx, model); left.Rule != "" {
		t.Errorf("after the fix %s:\n%s", fix, (&report.Report{Findings: []report.Finding{left}}).Text())
	}
	return true
}

// find is the finding of the fault; without a Rule where there is none. A nil Model is read
// from the schema.
func (f fault) find(t *testing.T, tx pgx.Tx, model *seedbed.Model) report.Finding {
	t.Helper()
	checked, err := f.check(t.Context(), tx, audit.Options{Model: model, NoProbes: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range each(checked) {
		if x.Rule == f.rule && x.Object == f.object {
			return x
		}
	}
	return report.Finding{}
}

// What the fix of missing row-level security says is all that there is to do.
func TestFixesOfMissingRowSecurity(t *testing.T) {
	t.Parallel()
	db := reference(t)
	admin := db.As(t, super, nil)
	for _, c := range []struct {
		name, as, sql, rule, object string
		// left is what the fix says to do besides: a rule that is then broken.
		left string
	}{
		{"switched off", owner, "alter table datasets disable row level security", "rls-enabled", "datasets", ""},
		{"switched off, without policies", owner, "alter table datasets disable row level security; drop policy datasets_space on datasets", "rls-enabled", "datasets", ""},
		{"tenants, without policies", owner, "alter table spaces disable row level security; do $$ declare p text; begin for p in select polname from pg_policy where polrelid = 'spaces'::regclass loop execute format('drop policy %I on spaces', p); end loop; end $$",
			"rls-enabled", "spaces", "rls-command-uncovered"},
		{"partition", owner, "alter table audit_logs_2026 disable row level security", "partition-open", "audit_logs_2026", ""},
		{"secrets", owner, "create table integrations (name text primary key, api_key text); grant select on integrations to seedbed_app", "sensitive-exposed", "integrations", ""},
		{"users behind a view", super, "create schema auth; create table auth.users (id uuid primary key, email text); create view people as select * from auth.users; grant select on people to seedbed_app, public", "auth-users-exposed", "people", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			f := fault{check: iso, as: c.as, sql: c.sql, rule: c.rule, object: c.object}
			f.inject(t, tx)
			fix := f.find(t, tx, nil).Fix
			if fix == "" {
				t.Fatal("no finding with a fix")
			}
			if err := simple(t.Context(), tx, "SET LOCAL ROLE "+c.as+"; "+fix); err != nil {
				t.Fatalf("the fix %s: %v", fix, err)
			}
			checked, err := iso(t.Context(), tx, audit.Options{NoProbes: c.left != ""})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range each(checked) {
				if x.Rule != c.left {
					t.Errorf("after the fix %s:\n%s: %s: %s", fix, x.Rule, x.Object, x.Message)
				}
			}
		})
	}
}

// Fixes of other shapes run, too: bigint keys, memberships, tenants of several columns' types.
func TestFixesRunInOtherShapes(t *testing.T) {
	if !testkit.Long() {
		t.Skip("checks each fault twice; -long does")
	}
	t.Parallel()
	for _, s := range []shape{memberships, railway, workspaces} {
		db := s.server.DB(t)
		asSeeder(t, db, s.rows)
		admin := db.As(t, super, nil)
		for _, x := range s.faults {
			if slices.Contains(proseRules, x.rule) {
				continue
			}
			t.Run(s.name+"/"+x.name, func(t *testing.T) {
				tx, err := admin.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback(context.Background())
				f := fault{check: audit.Check, rule: x.rule, object: x.object}
				if err := simple(t.Context(), tx, "set local session_replication_role = replica; "+x.sql+"; set local session_replication_role = origin"); err != nil {
					t.Fatal(err)
				}
				fix := f.find(t, tx, nil).Fix
				if !isSQL.MatchString(fix) {
					t.Skip("prose: " + fix)
				}
				if err := simple(t.Context(), tx, inTransaction(fix)); err != nil {
					t.Fatalf("the fix %s: %v", fix, err)
				}
				if left := f.find(t, tx, nil); left.Rule != "" {
					t.Errorf("after the fix %s:\n%s", fix, (&report.Report{Findings: []report.Finding{left}}).Text())
				}
			})
		}
	}
}

// No name of a schema ends the comment of a fix and goes on as SQL.
func TestFixesKeepNamesInTheirComments(t *testing.T) {
	t.Parallel()
	tx, err := reference(t).As(t, super, nil).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	const name = `"*/ drop table datasets; /*"`
	f := fault{as: owner, check: iso, rule: "policy-without-tenant", object: "held.open", sql: "create table held (id bigint primary key, " + name + " uuid not null references spaces); create index on held (" + name +
		"); alter table held enable row level security, force row level security; create policy open on held using (true); grant select on held to seedbed_app"}
	f.inject(t, tx)
	found, err := seedbed.Discover(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	fix := f.find(t, tx, &found.Model).Fix
	if !isSQL.MatchString(fix) {
		t.Fatalf("the fix is %q", fix)
	}
	if err := simple(t.Context(), tx, "SET LOCAL ROLE "+super+"; "+fix+"; SELECT FROM datasets"); err != nil {
		t.Errorf("the fix %s: %v", fix, err)
	}
}

// Where a function that policies call looks memberships up as their table's owner, the fix
// leaves the owner unbound: with FORCE the function would find no member.
func TestFixLeavesTheOwnerOfMembershipsUnbound(t *testing.T) {
	t.Parallel()
	db := memberships.server.DB(t)
	asSeeder(t, db, memberships.rows)
	tx, err := db.As(t, super, nil).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if err := simple(t.Context(), tx, `create role keeper nologin; alter table organization_members owner to keeper; grant usage on schema auth to keeper;
		alter function is_member(uuid, text) owner to keeper; alter function my_organizations() owner to keeper; alter table organization_members disable row level security`); err != nil {
		t.Fatal(err)
	}
	fix := fault{check: iso, rule: "rls-enabled", object: "organization_members"}.find(t, tx, nil).Fix
	if fix != `ALTER TABLE "public"."organization_members" ENABLE ROW LEVEL SECURITY` {
		t.Errorf("the fix is %q", fix)
	}
	if err := simple(t.Context(), tx, fix); err != nil {
		t.Fatal(err)
	}
	checked, err := iso(t.Context(), tx, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !checked.Clean() {
		t.Errorf("after the fix:\n%s", checked.Text())
	}
}
