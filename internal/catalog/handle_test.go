package catalog_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/testkit"
)

func TestANilDatabaseIsSaid(t *testing.T) {
	var pool *pgxpool.Pool
	for _, db := range []any{nil, pool} {
		err := catalog.CheckHandle(db)
		if err == nil {
			t.Fatalf("%T is taken for a database", db)
		}
		testkit.Mention(t, err.Error(), "the database is nil", "db := pg.DB(t)")
	}
	if err := catalog.CheckHandle(&pgxpool.Pool{}); err != nil {
		t.Error(err)
	}
}
