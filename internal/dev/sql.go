package dev

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// exec runs statements one after the other, each by itself: CREATE DATABASE
// refuses to be in a transaction.
func (s *Server) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
