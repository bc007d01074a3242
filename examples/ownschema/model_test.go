package gallery

import (
	"testing"

	"github.com/qarion/seedbed"
)

func scoped(table string) seedbed.Scoped {
	return seedbed.Scoped{Table: table, Tenant: "tenant", Columns: []string{"tenantId"}}
}

// Model says what these tables mean. seedbed.Discover reads most of it from the
// catalog; what a class name stands for is in no catalog, so it is said here, once.
var Model = seedbed.Model{
	Tenants: []seedbed.Tenant{{Name: "tenant", Table: "tenants", Key: []string{"id"}}},
	Scoped:  []seedbed.Scoped{scoped("users"), scoped("posts"), scoped("photos"), scoped("comments")},
	Polymorphic: []seedbed.Polymorphic{{
		Table: "comments", Type: "commentable_type", ID: "commentable_id", Tenant: []string{"tenantId"},
		Targets: []seedbed.Target{
			{Type: "Post", Table: "posts", Key: "id"},
			{Type: "Photo", Table: "photos", Key: "id"},
		},
	}},
}

// A table that is renamed or a column that goes shows here first, and so does one that
// the catalog tells of and the Model does not.
func TestModelFitsTheSchema(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	if err := Model.Validate(t.Context(), db); err != nil {
		t.Error(err)
	}
	found, err := seedbed.Discover(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	const known = "- pair comments(commentable_type, commentable_id): no known target\n" +
		"+ pair comments(commentable_type, commentable_id) within (tenantId): Photo -> photos(id); Post -> posts(id)\n"
	if got := found.Diff(Model); got != known {
		t.Errorf("the catalog and the Model differ in other points than the classes:\n%s\n%s", got, found)
	}
}
