package seedbed_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
)

func cols(names ...string) []string { return names }

// twoLevels is the Model of testdata/schemas/reference_like.sql, by hand.
func twoLevels() seedbed.Model {
	inSpace := func(table string) seedbed.Scoped {
		return seedbed.Scoped{Table: table, Tenant: "space", Columns: cols("space_id")}
	}
	return seedbed.Model{
		Tenants: []seedbed.Tenant{
			{Name: "space", Table: "spaces", Key: cols("id"), Parent: "organization", ParentColumns: cols("organization_id"), Setting: "seedbed.space_id"},
			{Name: "organization", Table: "organizations", Key: cols("id"), Setting: "seedbed.organization_id"},
		},
		Scoped: []seedbed.Scoped{
			inSpace("datasets"), inSpace("public.comments"), inSpace("quality_checks"), inSpace("source_systems"),
			inSpace("snowflake_connections"), inSpace("bigquery_connections"),
			{Table: "memberships", Tenant: "organization", Columns: cols("organization_id")},
			{Table: "memberships", Tenant: "space", Columns: cols("space_id"), Optional: true},
		},
		Aggregates: []seedbed.Aggregate{{Table: "audit_logs", Tenant: "space", Columns: cols("space_id"), Across: "organization", AcrossColumns: cols("organization_id")}},
		Global:     []string{"users"},
		Polymorphic: []seedbed.Polymorphic{{
			Table: "comments", Type: "resource_type", ID: "resource_id", Tenant: cols("space_id"),
			Targets: []seedbed.Target{
				{Type: "quality_check", Table: "quality_checks", Key: "id", Shadow: "quality_check_id"},
				{Type: "dataset", Table: "datasets", Key: "id", Shadow: "dataset_id"},
			},
		}},
		Inheritance: []seedbed.Inheritance{{
			Table: "source_systems", Key: cols("space_id", "id"), Discriminator: "type",
			Subtypes: []seedbed.Subtype{
				{Value: "slack", Column: "config"}, {Value: "email", Column: "config"},
				{Value: "snowflake", Table: "snowflake_connections", Key: cols("space_id", "source_system_id"), Discriminator: "type"},
				{Value: "bigquery", Table: "bigquery_connections", Key: cols("space_id", "source_system_id"), Discriminator: "type"},
			},
		}},
	}
}

func TestDiscoverEqualsHandWritten(t *testing.T) {
	t.Parallel()
	db := database(t, read(t, "testdata/schemas/reference_like.sql"))
	if diff := twoLevels().Diff(discover(t, db).Model); diff != "" {
		t.Errorf("by hand -, discovered +:\n%s", diff)
	}
	if err := twoLevels().Validate(context.Background(), db); err != nil {
		t.Error(err)
	}
}

func TestEqualIgnoresOrderOnly(t *testing.T) {
	t.Parallel()
	a, b := twoLevels(), twoLevels()
	b.Tenants[0], b.Tenants[1] = b.Tenants[1], b.Tenants[0]
	if !a.Equal(b) || a.Diff(b) != "" {
		t.Errorf("the order of levels makes a difference:\n%s", a.Diff(b))
	}
	b.Scoped[7].Optional = false
	want := "- scoped memberships: space by (space_id), optional\n+ scoped memberships: space by (space_id)\n"
	if diff := cmp.Diff(want, a.Diff(b)); a.Equal(b) || diff != "" {
		t.Error(diff)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	m := twoLevels()
	for table, want := range map[string]string{
		"datasets":        "space (space_id)",
		"public.datasets": "space (space_id)",
		"comments":        "space (space_id)",
		"memberships":     "space (space_id), organization (organization_id)",
		"audit_logs":      "space (space_id), organization (organization_id)",
		"spaces":          "organization (organization_id)",
		"users":           "",
		"organizations":   "",
		"unheard_of":      "",
	} {
		var got []string
		for _, s := range m.Scopes(table) {
			got = append(got, s.Tenant+" ("+strings.Join(s.Columns, ", ")+")")
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: %s", table, diff)
		}
	}
}

func TestValidateNamesEverything(t *testing.T) {
	t.Parallel()
	db := database(t, read(t, "testdata/schemas/reference_like.sql")+"create view spaces_view as select * from spaces;")
	m := twoLevels()
	m.Tenants[0].Key = cols("name")
	m.Tenants[0].Setting = "space_id"
	m.Tenants[1].Table = "organisations"
	m.Tenants = append(m.Tenants, seedbed.Tenant{Name: "team", Parent: "spice"}, seedbed.Tenant{Name: "team"})
	m.Scoped[0].Columns = cols("spaceid")
	m.Scoped[1].Table = "comment"
	m.Scoped[2].Columns = cols("dataset_id")
	m.Scoped[3].Tenant = "spaces"
	m.Scoped = append(m.Scoped,
		seedbed.Scoped{Table: "users", Tenant: "space"},
		seedbed.Scoped{Table: "audit_logs_old", Tenant: "space", Columns: cols("space_id")},
		seedbed.Scoped{Table: "spaces_view", Tenant: "organization", Columns: cols("organization_id")},
		seedbed.Scoped{Table: "quality_checks", Tenant: "space", Via: seedbed.Ref{Columns: cols("dataset_id"), Table: "users", Key: cols("email")}},
		seedbed.Scoped{Table: "source_systems", Tenant: "space", Via: seedbed.Ref{Columns: cols("type", "id")}},
	)
	m.Aggregates[0].Across, m.Aggregates[0].Tenant = "space", "organization"
	m.Global = append(m.Global, "datasets", "")
	m.Polymorphic[0].ID = "resource"
	m.Polymorphic[0].Targets[0].Type = "quality-check"
	m.Polymorphic[0].Targets[1].Shadow = "resource_id"
	m.Polymorphic[0].Targets = append(m.Polymorphic[0].Targets, seedbed.Target{Type: "dataset", Table: "dataset", Key: "id"})
	m.Inheritance[0].Discriminator = "kind"
	m.Inheritance[0].Subtypes[0].Column = "conf"
	m.Inheritance[0].Subtypes[2].Key = cols("source_system_id")
	m.Inheritance[0].Subtypes[3].Value = "slack"

	err := m.Validate(context.Background(), db)
	var invalid *seedbed.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("Validate = %v", err)
	}
	testkit.Golden(t, "testdata/validate.golden", err.Error()+"\n")
}

// TestValidateEach makes one thing wrong at a time.
func TestValidateEach(t *testing.T) {
	t.Parallel()
	db := database(t, read(t, "testdata/schemas/reference_like.sql")+`
create table notes (id uuid primary key, comment_id uuid not null, author_id uuid not null references users, n int not null, text text not null);`)
	note := func(s seedbed.Scoped) func(*seedbed.Model) {
		s.Table, s.Tenant = "notes", "space"
		return func(m *seedbed.Model) { m.Scoped = append(m.Scoped, s) }
	}
	via := func(column, table, key string) func(*seedbed.Model) {
		return note(seedbed.Scoped{Via: seedbed.Ref{Columns: cols(column), Table: table, Key: cols(key)}})
	}
	for name, c := range map[string]struct {
		change func(*seedbed.Model)
		want   string
	}{
		"nothing":                {func(*seedbed.Model) {}, ""},
		"a parent that is right": {via("comment_id", "comments", "id"), ""},
		"a global parent":        {via("author_id", "users", "id"), "notes gets its space from users, which is not scoped by it"},
		"a circle of parents":    {via("comment_id", "notes", "id"), "notes gets its space from notes, which is not scoped by it"},
		"another table's key":    {note(seedbed.Scoped{Columns: cols("author_id")}), "notes(author_id) references users (constraint notes_author_id_fkey), not spaces"},
		"another type":           {note(seedbed.Scoped{Columns: cols("n")}), "notes.n is integer, but spaces.id, which it should equal, is uuid"},
		"too many columns":       {note(seedbed.Scoped{Columns: cols("id", "n")}), "notes carries space by 2 columns, whose key has 1: (id)"},
		"columns and a parent": {note(seedbed.Scoped{Columns: cols("id"), Via: seedbed.Ref{Columns: cols("comment_id"), Table: "comments", Key: cols("id")}}),
			"notes is declared scoped by columns and via a reference: say one"},
		"a membership of no level": {func(m *seedbed.Model) {
			m.Memberships = []seedbed.Membership{{Table: "memberships", Tenant: "team", Columns: cols("space_id"), User: cols("user_id")}}
		}, "tenant level \"team\" is not declared: declare it, as Tenants: []seedbed.Tenant{{Name: \"team\", …}}"},
		"a level that is misspelt": {func(m *seedbed.Model) {
			m.Memberships = []seedbed.Membership{{Table: "memberships", Tenant: "spcae", Columns: cols("space_id"), User: cols("user_id")}}
		}, `tenant level "spcae" is not declared; did you mean space?`},
		"a claim in no setting": {func(m *seedbed.Model) {
			m.Memberships = []seedbed.Membership{{Table: "memberships", Tenant: "space", Columns: cols("space_id"), User: cols("user_id"), Claim: cols("sub")}}
		}, `claim "sub" is named, but not the setting that it is in`},
		"a member that is no column": {func(m *seedbed.Model) {
			m.Memberships = []seedbed.Membership{{Table: "memberships", Tenant: "space", Columns: cols("space_id"), User: cols("member_id")}}
		}, "column memberships.member_id does not exist"},
		"a level above itself": {func(m *seedbed.Model) { m.Tenants[1].Parent = "space" }, `tenant level "space" is above itself`},
		"a pair's id of another type": {func(m *seedbed.Model) {
			m.Polymorphic[0].Targets[0].Table, m.Polymorphic[0].Targets[0].Key = "notes", "n"
		},
			"comments.resource_id is uuid, but notes.n, which it should equal, is integer"},
		"a subtype that many rows may have": {func(m *seedbed.Model) {
			m.Inheritance[0].Subtypes[0] = seedbed.Subtype{Value: "slack", Table: "notes", Key: cols("comment_id", "author_id")}
		}, "notes(comment_id, author_id) is no key: no primary key or unique index is on just these columns"},
	} {
		m := twoLevels()
		c.change(&m)
		err := m.Validate(context.Background(), db)
		if got := fmt.Sprint(err); (c.want == "") != (err == nil) || c.want != "" && !strings.Contains(got, c.want+"\n") && !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

func TestZeroModel(t *testing.T) {
	t.Parallel()
	var m seedbed.Model
	if err := m.Validate(context.Background(), database(t, "create table alone (id int)")); err != nil {
		t.Error(err)
	}
	if m.String() != "" || len(m.Scopes("alone")) != 0 || m.IsGlobal("alone") {
		t.Errorf("the zero Model declares %q", m.String())
	}
}
