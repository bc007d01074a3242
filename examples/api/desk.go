// Package desk is a small HTTP service for many tenants, to show how one is tested
// with Seedbed: spaces, providers with datasets, and comments on either. Copy the
// directory, and drop the replace from go.mod.
package desk

import (
	"context"
	"embed"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Migrations are the goose files that production runs, too.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Service answers for all spaces, each request for the one in its path. Whether
// the caller may enter that space is for the authentication in front of it.
type Service struct {
	// Pool is logged in as desk_app, to which row-level security applies.
	Pool *pgxpool.Pool
}

// Handler routes requests.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /spaces/{space}/providers", s.answer(listProviders))
	mux.HandleFunc("GET /spaces/{space}/{type}/{id}/comments", s.answer(listComments))
	mux.HandleFunc("POST /spaces/{space}/{type}/{id}/comments", s.answer(addComment))
	return mux
}

// inSpace runs f in a transaction that sees one space.
func (s *Service) inSpace(ctx context.Context, space uuid.UUID, f func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('desk.space', $1, true)", space.String()); err != nil {
			return fmt.Errorf("enter space %s: %w", space, err)
		}
		return f(tx)
	})
}
