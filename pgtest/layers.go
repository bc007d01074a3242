package pgtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/migrations"
)

// extensionLayer is the lowest layer: the extensions that take a superuser.
func extensionLayer(extensions []string) template.Layer {
	return template.Layer{
		Name:        "extensions",
		Fingerprint: strings.Join(extensions, "\x00"),
		Admin: func(ctx context.Context, conn *pgx.Conn) error {
			for _, name := range extensions {
				if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE"); err != nil {
					return fmt.Errorf("create the extension %q of Server.Extensions: %w", name, err)
				}
			}
			return nil
		},
	}
}

// migrationLayer runs a goose set as the owner.
func migrationLayer(set *migrations.Set) (template.Layer, error) {
	fingerprint, err := set.Fingerprint()
	return template.Layer{
		Name:        "migrations",
		Fingerprint: fingerprint,
		Owner: func(ctx context.Context, conn *pgx.Conn) error {
			return set.Up(ctx, conn)
		},
	}, err
}
