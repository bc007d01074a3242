package seedbed_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed"
)

// TestWith corrects one declaration of each kind: the rest stays as it was.
func TestWith(t *testing.T) {
	t.Parallel()
	m := twoLevels()
	before := m.String()
	got := m.With(seedbed.Model{
		Tenants:     []seedbed.Tenant{{Name: "organization", Table: "organizations", Key: cols("id"), Setting: "app.org"}},
		Scoped:      []seedbed.Scoped{{Table: "audit_logs", Tenant: "space", Columns: cols("space_id")}},
		Global:      []string{"public.datasets"},
		Polymorphic: []seedbed.Polymorphic{{Table: "comments", Type: "resource_type", ID: "resource_id"}},
		Memberships: []seedbed.Membership{{Table: "memberships", Tenant: "organization", Columns: cols("organization_id"), User: cols("user_id"),
			Setting: "request.jwt.claims", Claim: cols("sub")}},
	})
	want := `- tenant organization: organizations(id), setting seedbed.organization_id
- scoped datasets: space by (space_id)
- aggregate audit_logs: space by (space_id) across organization by (organization_id)
- pair comments(resource_type, resource_id) within (space_id): dataset -> datasets(id) shadowed by dataset_id; quality_check -> quality_checks(id) shadowed by quality_check_id
+ tenant organization: organizations(id), setting app.org
+ scoped audit_logs: space by (space_id)
+ global datasets
+ pair comments(resource_type, resource_id): no known target
+ membership memberships: organization by (organization_id), user by (user_id), setting request.jwt.claims claim sub
`
	if d := cmp.Diff(want, m.Diff(got)); d != "" {
		t.Errorf("With (-want +got):\n%s", d)
	}
	if m.String() != before {
		t.Error("With changed the Model that it was called on")
	}
	if s, ok := got.Membership("organization"); !ok || s.Table != "memberships" {
		t.Errorf("Membership = %v, %v", s, ok)
	}
}

// TestWithout drops a level with what depends on it, and declarations by name.
func TestWithout(t *testing.T) {
	t.Parallel()
	m := twoLevels()
	got := m.Without("tenant organization", "pair comments(resource_type, resource_id)", "scoped unheard_of")
	if len(got.Tenants) != 1 || got.Tenants[0].Parent != "" || len(got.Aggregates) != 0 || len(got.Polymorphic) != 0 {
		t.Errorf("Without left:\n%s", got)
	}
	for _, s := range got.Scoped {
		if s.Tenant == "organization" {
			t.Errorf("%s is scoped by a level that was dropped", s.Table)
		}
	}
	if again := m.Without(); !again.Equal(m) {
		t.Errorf("Without nothing:\n%s", m.Diff(again))
	}
	if m.Tenants[0].Parent == "" && m.Tenants[1].Parent == "" {
		t.Error("Without changed the Model that it was called on")
	}
}
