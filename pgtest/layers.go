package pgtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/buildid"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/migrations"
)

// extensionLayer is the lowest layer: the extensions that take a superuser.
func extensionLayer(extensions []string) template.Layer {
	return template.Layer{
		Name:        "extensions",
		Fingerprint: strings.Join(extensions, "\x00"),
		Admin: func(ctx context.Context, conn *pgx.Conn) error {
			// Where one is created whose script names no schema.
			if _, err := conn.Exec(ctx, `SET search_path TO "$user", public`); err != nil {
				return err
			}
			for _, name := range extensions {
				if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE"); err != nil {
					return fmt.Errorf("create the extension %q of Server.Extensions: %w", name, err)
				}
			}
			return nil
		},
	}
}

// A Source fills databases with rows, once: what it loads becomes part of the
// template. A fixture set is one.
type Source interface {
	// Fingerprint identifies everything that shapes what Load writes.
	Fingerprint() (string, error)
	// Load writes to a database that has been migrated.
	Load(ctx context.Context, db seedbed.DB) error
}

func sourceLayer(name string, source Source) (template.Layer, error) {
	fingerprint, err := source.Fingerprint()
	return template.Layer{
		Name:        name,
		Fingerprint: fingerprint,
		Owner: func(ctx context.Context, conn *pgx.Conn) error {
			if err := source.Load(ctx, conn); err != nil {
				return fmt.Errorf("load the %s: %w", name, err)
			}
			return nil
		},
	}, err
}

// seedFunc is a Source whose code cannot be told from other code: any other
// build of the test binary seeds anew.
type seedFunc func(context.Context, seedbed.DB) error

func (seedFunc) Fingerprint() (string, error) { return buildid.Running() }

func (f seedFunc) Load(ctx context.Context, db seedbed.DB) error { return f(ctx, db) }

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
