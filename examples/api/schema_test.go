package desk

import (
	"testing"

	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest/check"
)

// What must hold of the schema, whatever the code does: tenants are kept apart, for
// the catalog, for the rows, and for the session that tries as desk_app.
func TestSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check.Isolation(t, w)
	check.Integrity(t, w)
}

// No migration closes a table that is in use, or breaks code that is running.
func TestMigrations(t *testing.T) {
	t.Parallel()
	migrations.Reviewed(t, pg.DB(t), Migrations)
}
