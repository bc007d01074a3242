package check_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
)

// A check works on whatever handle a caller has, and leaves it usable.
func TestAnyHandleWillDo(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t)
	if err := simple(t.Context(), tx.Tx, "SET LOCAL ROLE seedbed_seeder;"+referenceSQL+";SET LOCAL ROLE seedbed_owner"); err != nil {
		t.Fatal(err)
	}
	fake := testkit.NewRecorder(t)
	check.Isolation(fake, tx)
	check.Integrity(fake, tx)
	var role string
	if err := tx.QueryRow(t.Context(), "select current_user || ' ' || count(*) from organizations").Scan(&role); err != nil || role != "seedbed_owner 2" {
		t.Errorf("the transaction afterwards: %q, %v", role, err)
	}
	conn, err := pgx.Connect(t.Context(), reference(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	check.Isolation(fake, conn)
	check.Integrity(fake, conn)
	if complaints(fake) != "" {
		t.Errorf("healthy, but: %s", complaints(fake))
	}
}
