package check_test

import (
	"context"
	"testing"

	"github.com/qarion/seedbed/internal/audit"
)

// A fix that is SQL runs as it is copied, and the finding is gone.
func TestFixesOfMissingRowSecurityRun(t *testing.T) {
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
			fault{as: c.as, sql: c.sql}.inject(t, tx)
			checked, err := iso(t.Context(), tx, audit.Options{NoProbes: true})
			if err != nil {
				t.Fatal(err)
			}
			fix := ""
			for _, f := range each(checked) {
				if f.Rule == c.rule && f.Object == c.object {
					fix = f.Fix
				}
			}
			if fix == "" {
				t.Fatalf("no finding with a fix:\n%s", checked.Text())
			}
			if err := simple(t.Context(), tx, "SET LOCAL ROLE "+c.as+"; "+fix); err != nil {
				t.Fatalf("the fix %s: %v", fix, err)
			}
			checked, err = iso(t.Context(), tx, audit.Options{NoProbes: c.left != ""})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range each(checked) {
				if f.Rule != c.left {
					t.Errorf("after the fix %s:\n%s: %s: %s", fix, f.Rule, f.Object, f.Message)
				}
			}
		})
	}
}
