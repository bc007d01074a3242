// Package bookmarks is a small package with a database, to show how a repository
// of your own uses Seedbed. Copy this directory, and drop the replace from go.mod.
package bookmarks

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Migrations are the goose files that production runs, too.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Add saves a URL for its owner; saving it again changes nothing.
func Add(ctx context.Context, db *pgxpool.Pool, owner, url string) error {
	_, err := db.Exec(ctx, "INSERT INTO bookmarks (owner, url) VALUES ($1, $2) ON CONFLICT DO NOTHING", owner, url)
	if err != nil {
		return fmt.Errorf("add a bookmark: %w", err)
	}
	return nil
}

// List returns an owner's URLs, the oldest first.
func List(ctx context.Context, db *pgxpool.Pool, owner string) ([]string, error) {
	rows, err := db.Query(ctx, "SELECT url FROM bookmarks WHERE owner = $1 ORDER BY id", owner)
	if err != nil {
		return nil, fmt.Errorf("list bookmarks: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
