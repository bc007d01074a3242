package billing

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// bun loads a has-many relation with one more statement, not one for each row, and
// its statements are counted like any others: they go through the same pool.
func TestSearchCostsTwoStatements(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	for _, c := range customers.CreateN(t, db, 20, func(c *Customer) { c.Name = "Acme " + c.Name }) {
		invoices.With(factory.In(c)).CreateN(t, db, 2)
		invoices.With(factory.In(c)).Create(t, db, paid)
	}
	customers.Create(t, db, func(c *Customer) { c.Name = "Other" })

	check.Queries(t, db, check.Budget{Max: 2})
	found, err := Search(t.Context(), NewORM(db.SQL()), "Acme")
	if err != nil || len(found) != 20 {
		t.Fatalf("%d customers, %v; want 20", len(found), err)
	}
	for _, c := range found {
		if len(c.Invoices) != 2 {
			t.Errorf("%s has %d unpaid invoices, want 2", c.Name, len(c.Invoices))
		}
	}
}

// What bun writes is held to the same constraints, and read back by database/sql.
func TestWhatTheORMWrites(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	customer := customers.Create(t, db)
	invoice := &Invoice{CustomerID: customer.ID, Cents: 4200, Due: day(1)}
	if _, err := NewORM(db.SQL()).NewInsert().Model(invoice).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := Outstanding(t.Context(), db.SQL(), customer.ID, day(2)); err != nil || got != 4200 {
		t.Errorf("%d cents, %v; want 4200", got, err)
	}
	check.Integrity(t, db)
}
