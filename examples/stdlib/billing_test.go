package billing

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// Two pay at the same moment: both stand before the row, which the test holds, and
// when it lets go one of them has paid. The code under test commits, over connections
// of its own, so it gets a database and not a transaction.
func TestAnInvoiceIsPaidOnce(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	invoice := invoices.Create(t, db)
	check.Hygiene(t, db)
	row, err := db.SQL().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := row.ExecContext(t.Context(), "SELECT FROM invoices WHERE id = $1 FOR UPDATE", invoice.ID); err != nil {
		t.Fatal(err)
	}
	outcomes := make(chan error)
	for _, reference := range []string{"transfer 1", "transfer 2"} {
		go func() { outcomes <- Pay(t.Context(), db.SQL(), invoice.ID, reference) }()
	}
	untilWaiting(t, db.SQL(), 2)
	if err := row.Rollback(); err != nil {
		t.Fatal(err)
	}
	first, second := <-outcomes, <-outcomes
	if first != nil {
		first, second = second, first
	}
	if first != nil || !errors.Is(second, ErrPaid) {
		t.Errorf("got %v and %v, want one payment and ErrPaid", first, second)
	}
	check.Integrity(t, db)
}

// untilWaiting returns when so many sessions of this database wait for a lock.
func untilWaiting(t *testing.T, db *sql.DB, sessions int) {
	t.Helper()
	for n := 0; n != sessions; {
		err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What fails half-way leaves nothing: here the reference has been used.
func TestAFailedPaymentIsNone(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	first, second := invoices.Create(t, db), invoices.Create(t, db)
	if err := Pay(t.Context(), db.SQL(), first.ID, "transfer 1"); err != nil {
		t.Fatal(err)
	}
	if err := Pay(t.Context(), db.SQL(), second.ID, "transfer 1"); err == nil {
		t.Error("one transfer paid two invoices")
	}
	if err := Pay(t.Context(), db.SQL(), second.ID, "transfer 2"); err != nil {
		t.Errorf("the failed payment left something: %v", err)
	}
	if err := Pay(t.Context(), db.SQL(), 404, "transfer 3"); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("got %v, want sql.ErrNoRows", err)
	}
}

func TestOutstanding(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	customer := customers.Create(t, db)
	of := invoices.With(factory.In(customer))
	due := of.Create(t, db)
	of.Create(t, db, paid)
	of.Create(t, db, func(i *Invoice) { i.Due = day(20) })
	invoices.With(factory.In(customers.Create(t, db))).Create(t, db)
	if got, err := Outstanding(t.Context(), db.SQL(), customer.ID, day(10)); err != nil || got != due.Cents {
		t.Errorf("%d cents, %v; want %d", got, err, due.Cents)
	}
}
