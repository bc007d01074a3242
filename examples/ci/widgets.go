// Package widgets is something with a database to test, so that the pipelines beside
// it have work. Copy those, not this.
package widgets

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Migrations are the goose files that production runs, too.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Add adds a widget.
func Add(ctx context.Context, db *pgxpool.Pool, name string) error {
	if _, err := db.Exec(ctx, "INSERT INTO widgets (name) VALUES ($1)", name); err != nil {
		return fmt.Errorf("add a widget: %w", err)
	}
	return nil
}
