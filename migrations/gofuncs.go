package migrations

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// goMigrations are all Go migrations of a set. Goose keeps the global registry to
// itself, but a provider without files lists what it would run.
func goMigrations(o Options) ([]*GoMigration, error) {
	db := sql.OpenDB(&recorder{})
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectCustom, db, nil,
		goose.WithStore(&history{}), goose.WithLogger(goose.NopLogger()),
		goose.WithGoMigrations(o.Go...), goose.WithDisableGlobalRegistry(o.OnlyOwnGo))
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	own := map[int64]*GoMigration{}
	for _, m := range o.Go {
		own[m.Version] = m
	}
	var all []*GoMigration
	for _, s := range p.ListSources() {
		if m, ok := own[s.Version]; ok {
			all = append(all, m)
			continue
		}
		// Goose runs its own registered value; this one only stands for it.
		all = append(all, &GoMigration{Type: goose.TypeGo, Version: s.Version, Source: s.Path, Registered: true})
	}
	return all, nil
}
