package billing

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Customer is a person who is billed.
type Customer struct {
	ID       int64      `bun:",pk,autoincrement"`
	Name     string     `bun:",notnull"`
	Invoices []*Invoice `bun:"rel:has-many,join:id=customer_id" db:"-"`
}

// Invoice is what a Customer is billed.
type Invoice struct {
	ID         int64 `bun:",pk,autoincrement"`
	CustomerID int64
	Cents      int64
	Due        time.Time `bun:"type:date"`
	PaidAt     *time.Time
}

// NewORM puts bun on a database/sql handle, whichever driver that has.
func NewORM(db *sql.DB) *bun.DB { return bun.NewDB(db, pgdialect.New()) }

// Search finds customers by the start of their name, each with what is unpaid.
func Search(ctx context.Context, db bun.IDB, prefix string) ([]Customer, error) {
	var found []Customer
	err := db.NewSelect().Model(&found).
		Where("starts_with(name, ?)", prefix).
		Relation("Invoices", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("paid_at IS NULL").Order("due", "id")
		}).
		Order("name", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("search customers: %w", err)
	}
	return found, nil
}
