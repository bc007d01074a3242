// Package billing talks database/sql, and bun on top of it where a query is
// composed. Neither knows that pgx is below.
package billing

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"
)

// Migrations are the goose files that production runs, too.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// ErrPaid says that an invoice has been paid before.
var ErrPaid = errors.New("the invoice is paid already")

// Pay books a payment, once, however many try at the same moment.
func Pay(ctx context.Context, db *sql.DB, invoice int64, reference string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("pay invoice %d: %w", invoice, err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	var paid sql.NullTime
	if err := tx.QueryRowContext(ctx, "SELECT paid_at FROM invoices WHERE id = $1 FOR UPDATE", invoice).Scan(&paid); err != nil {
		return fmt.Errorf("pay invoice %d: %w", invoice, err)
	}
	if paid.Valid {
		return fmt.Errorf("pay invoice %d: %w", invoice, ErrPaid)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE invoices SET paid_at = now() WHERE id = $1", invoice); err != nil {
		return fmt.Errorf("pay invoice %d: %w", invoice, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO payments (invoice_id, reference) VALUES ($1, $2)", invoice, reference); err != nil {
		return fmt.Errorf("pay invoice %d: %w", invoice, err)
	}
	return tx.Commit()
}

// Outstanding is what a customer owes on a day, in cents.
func Outstanding(ctx context.Context, db *sql.DB, customer int64, day time.Time) (cents int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(sum(cents), 0) FROM invoices
		WHERE customer_id = $1 AND paid_at IS NULL AND due < $2`, customer, day).Scan(&cents)
	if err != nil {
		return 0, fmt.Errorf("sum what customer %d owes: %w", customer, err)
	}
	return cents, nil
}
