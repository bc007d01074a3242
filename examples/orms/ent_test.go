package orms

import (
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// entDriver is what the client that ent generated for you is opened with:
// ent.NewClient(ent.Driver(entDriver(db))).
func entDriver(db *pgtest.DB) *entsql.Driver { return entsql.OpenDB(dialect.Postgres, db.SQL()) }

func TestEnt(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	factory.Auto("authors").CreateN(t, db, 2)

	// What the generated client sends.
	query, args := entsql.Dialect(dialect.Postgres).Select(entsql.Count("*")).From(entsql.Table("authors")).Query()
	var rows entsql.Rows
	if err := entDriver(db).Query(t.Context(), query, args, &rows); err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if n, err := entsql.ScanInt(rows); err != nil || n != 2 {
		t.Errorf("%d authors, %v; want 2", n, err)
	}
}
