package migrations

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/internal/review"
)

// goStatements fills in what a Go migration sends. One that only executes is as
// good as a file; one that reads is run as it is, and what it does is not traced.
func goStatements(src source, m *review.Migration) error {
	up, err := recordGo(src, true)
	if err != nil {
		m.Apply = func(ctx context.Context, config *pgx.ConnConfig) error {
			db := stdlib.OpenDB(*config)
			defer db.Close()
			_, err := runGo(ctx, db, src, true)
			return err
		}
		return nil
	}
	m.Transactional = begins(up)
	if m.Up, err = written(src, up); err != nil {
		return err
	}
	if down, err := recordGo(src, false); err == nil {
		if m.Down, err = written(src, down); err != nil {
			return err
		}
		m.HasDown = len(m.Down) > 0
	}
	return nil
}

// written are the statements that were recorded, with their arguments.
func written(src source, events []event) ([]review.Chunk, error) {
	var all []review.Chunk
	for _, e := range events {
		if e.verb != "exec" {
			continue
		}
		text, err := e.text()
		if err != nil {
			return nil, &SourceError{File: src.Name(), Err: err}
		}
		all = append(all, review.Chunk{SQL: text})
	}
	return all, nil
}

// recordGo lets goose run a Go migration on a recorder. It fails where the migration
// reads.
func recordGo(src source, up bool) ([]event, error) {
	rec := &recorder{}
	db := sql.OpenDB(rec)
	defer db.Close()
	_, err := runGo(context.Background(), db, src, up)
	return rec.events, err
}

// runGo lets goose run one Go migration on whatever db is, without a version table.
func runGo(ctx context.Context, db *sql.DB, src source, up bool) (*goose.MigrationResult, error) {
	options := []goose.ProviderOption{goose.WithLogger(goose.NopLogger()), goose.WithStore(&history{applied: applied(src, up)})}
	if src.run.Registered && src.run.UpFnContext == nil && src.run.UpFnNoTxContext == nil {
		options = append(options, goose.WithDisableGlobalRegistry(false))
	} else {
		options = append(options, goose.WithGoMigrations(src.run), goose.WithDisableGlobalRegistry(true))
	}
	p, err := goose.NewProvider(goose.DialectCustom, db, nil, options...)
	if err != nil {
		return nil, err
	}
	return p.ApplyVersion(ctx, src.Version, up)
}

func applied(src source, up bool) []int64 {
	if up {
		return nil
	}
	return []int64{src.Version}
}
