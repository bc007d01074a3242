// Package gallery lives on a schema that Seedbed did not design: "tenantId" in camel
// case, bigint keys, commentable_type as Rails writes it, and no row-level security.
// Tenants are kept apart by its queries alone.
package gallery

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Migrations are the goose files that production runs, too.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// DB is a pool, a connection or a transaction.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Post is something that a tenant wrote.
type Post struct {
	ID       int64
	TenantID int64 `db:"tenantId"`
	AuthorID int64 `db:"authorId"`
	Title    string
}

// Comment is a remark on a post or a photo.
type Comment struct {
	ID              int64
	TenantID        int64 `db:"tenantId"`
	CommentableType string
	CommentableID   int64
	AuthorID        int64 `db:"authorId"`
	Body            string
}

// Posts are a tenant's, the oldest first.
func Posts(ctx context.Context, db DB, tenant int64) ([]Post, error) {
	rows, _ := db.Query(ctx, // CollectRows returns its error
		`SELECT id, "tenantId", "authorId", title FROM posts WHERE "tenantId" = $1 ORDER BY "createdAt", id`, tenant)
	posts, err := pgx.CollectRows(rows, pgx.RowToStructByName[Post])
	if err != nil {
		return nil, fmt.Errorf("list posts: %w", err)
	}
	return posts, nil
}

// Thread is what a tenant says about a post or a photo.
func Thread(ctx context.Context, db DB, tenant int64, typ string, id int64) ([]Comment, error) {
	rows, _ := db.Query(ctx, `SELECT id, "tenantId", commentable_type, commentable_id, "authorId", body FROM comments
		WHERE "tenantId" = $1 AND commentable_type = $2 AND commentable_id = $3 ORDER BY id`, tenant, typ, id)
	comments, err := pgx.CollectRows(rows, pgx.RowToStructByName[Comment])
	if err != nil {
		return nil, fmt.Errorf("read a thread: %w", err)
	}
	return comments, nil
}

// DeletePost deletes a post with what was said about it: no foreign key does.
func DeletePost(ctx context.Context, db DB, tenant, id int64) error {
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM comments
			WHERE "tenantId" = $1 AND commentable_type = 'Post' AND commentable_id = $2`, tenant, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM posts WHERE "tenantId" = $1 AND id = $2`, tenant, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete post %d: %w", id, err)
	}
	return nil
}
