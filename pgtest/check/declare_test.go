package check_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/pgtest/check"
)

// What a finding says to write into seedbed.yaml silences it, and what follows from it
// of the same rule, when it is pasted as it is.
func TestDeclaredFindingsAreGone(t *testing.T) {
	t.Parallel()
	db := reference(t)
	admin := db.As(t, super, nil)
	for _, c := range []struct{ name, sql, rule, object string }{
		{"shared on purpose", "alter table datasets disable row level security; drop policy datasets_space on datasets", "rls-enabled", "datasets"},
		{"a row of no tenant", `create table public."Old Notes" (id bigint primary key, space_id uuid references spaces, body text)`, "tenant-not-null", "Old Notes.space_id"},
		{"rows of no tenant at two levels", "create table notes (id bigint primary key, space_id uuid references spaces, organization_id uuid references organizations)", "tenant-not-null", "notes.organization_id"},
		{"read across", `create table logs (space_id uuid not null references spaces, organization_id uuid not null references organizations, id bigint, primary key (space_id, id))`, "aggregate-undeclared", "logs"},
		{"unique in the world", "create unique index slug on datasets (name, row_count)", "unique-without-tenant", "datasets.slug"},
		{"no reference", "alter table alerts drop constraint alerts_space_id_check_run_id_fkey", "reference-undeclared", "alerts.check_run_id"},
		{"marked as shared", "alter table datasets add column shared boolean not null default false; create policy opened on datasets for select using (shared)", "policy-shares", "datasets.opened"},
		{"a function for everybody", `create function "all"() returns bigint language sql security definer set search_path = '' as 'select count(*) from public.datasets'; alter function "all"() owner to postgres`, "definer-bypasses-rls", "public.all()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			if err := simple(t.Context(), tx, c.sql); err != nil {
				t.Fatal(err)
			}
			pasted := ""
			for _, f := range isolation(t, tx, "").Findings {
				if f.Rule == c.rule && f.Object == c.object {
					pasted = f.Declare
				}
			}
			if pasted == "" {
				t.Fatalf("nothing to paste for %s of %s:\n%s", c.rule, c.object, isolation(t, tx, ""))
			}
			after := isolation(t, tx, pasted)
			if gone := func(f check.Finding) bool { return f.Rule == c.rule && f.Object == c.object }; slices.ContainsFunc(after.Findings, gone) {
				t.Errorf("with\n%s\nin seedbed.yaml %s is still found:\n%s", pasted, c.object, after)
			}
			if said := after.String(); strings.Contains(said, "model-misfit") {
				t.Errorf("with\n%s\nin seedbed.yaml:\n%s", pasted, said)
			}
		})
	}
}

// isolation checks as a project does that has the lines in its seedbed.yaml.
func isolation(t *testing.T, tx seedbed.DB, lines string) *check.Report {
	t.Helper()
	files := fstest.MapFS{"seedbed.yaml": {Data: []byte(lines)}}
	corrections, err := fixtures.ReadModel(files, "seedbed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Except []check.Exception
	}
	if err := yaml.Unmarshal([]byte(lines), &file); err != nil {
		t.Fatal(err)
	}
	options := check.Options{Except: file.Except, NoProbes: true}
	if !corrections.IsZero() {
		found, err := corrections.Discover(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		options.Model = &found.Model
	}
	report, err := check.IsolationContext(t.Context(), tx, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
