package check_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// A person who is a member of two spaces exists in one's own: that a reference to
// them is accepted tells nothing of the other space.
func TestPersonOfTwoTenantsIsNoOracle(t *testing.T) {
	db := pg.DB(t)
	organization := factory.Organizations.Create(t, db)
	user := factory.Users.Create(t, db)
	for range 2 {
		space := factory.Spaces.Create(t, db, factory.Recycle(organization))
		factory.SpaceMemberships.Create(t, db, factory.In(space), factory.By(user))
		factory.Datasets.CreateN(t, db, 2, factory.In(space), factory.By(user))
	}
	check.Isolation(t, db)
}
