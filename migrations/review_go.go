package migrations

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/internal/review"
)

// recordGoStatements sets the statements of a Go migration. One that reads from the
// database cannot be recorded: the review runs it as a whole and does not trace it.
func recordGoStatements(src source, m *review.Migration) error {
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
	m.Transactional = beginsTransaction(up)
	if m.Up, err = recordedChunks(src, up); err != nil {
		return err
	}
	if down, err := recordGo(src, false); err == nil {
		if m.Down, err = recordedChunks(src, down); err != nil {
			return err
		}
		m.HasDown = len(m.Down) > 0
	}
	return nil
}

// recordedChunks returns the recorded statements with their arguments.
func recordedChunks(src source, events []event) ([]review.Chunk, error) {
	var all []review.Chunk
	for _, e := range events {
		if e.verb != "exec" {
			continue
		}
		text, err := e.withArguments()
		if err != nil {
			return nil, &SourceError{File: src.Name(), Err: err}
		}
		all = append(all, review.Chunk{SQL: text})
	}
	return all, nil
}

// recordGo has goose run a Go migration on a recorder. It fails if the migration reads.
func recordGo(src source, up bool) ([]event, error) {
	rec := &recorder{}
	db := sql.OpenDB(rec)
	defer db.Close()
	_, err := runGo(context.Background(), db, src, up)
	return rec.events, err
}

// runGo has goose run one Go migration on db, without a version table.
func runGo(ctx context.Context, db *sql.DB, src source, up bool) (*goose.MigrationResult, error) {
	options := []goose.ProviderOption{goose.WithLogger(goose.NopLogger()), goose.WithStore(&versionStore{applied: versionsBefore(src, up)})}
	if src.goMigration.Registered && src.goMigration.UpFnContext == nil && src.goMigration.UpFnNoTxContext == nil {
		options = append(options, goose.WithDisableGlobalRegistry(false))
	} else {
		options = append(options, goose.WithGoMigrations(src.goMigration), goose.WithDisableGlobalRegistry(true))
	}
	p, err := goose.NewProvider(goose.DialectCustom, db, nil, options...)
	if err != nil {
		return nil, err
	}
	return p.ApplyVersion(ctx, src.Version, up)
}

// versionsBefore returns the applied versions with which goose runs src in a direction.
func versionsBefore(src source, up bool) []int64 {
	if up {
		return nil
	}
	return []int64{src.Version}
}
