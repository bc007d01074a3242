package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/diagram"
)

// drawDiagram writes the schema of db to a file, in the form that its name says.
func (a *app) drawDiagram(ctx context.Context, db *pgxpool.Pool, file, title string) error {
	draw, ok := map[string]func(seedbed.Model, *catalog.Catalog) string{
		"":     diagram.Mermaid,
		".mmd": diagram.Mermaid,
		".svg": diagram.SVG,
		".html": func(m seedbed.Model, c *catalog.Catalog) string {
			if title == "" {
				title = c.Database
			}
			return diagram.HTML(m, c, title)
		},
	}[filepath.Ext(file)]
	if !ok {
		return usagef("--diagram %s: the name has to end in .html, .svg or .mmd", file)
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return err
	}
	found, err := a.model(ctx, db)
	if err != nil {
		return err
	}
	text := draw(found.Model, cat)
	if file == "-" {
		_, err := io.WriteString(a.out, text)
		return err
	}
	if err := writeAtomically(file, text); err != nil {
		return fmt.Errorf("write the diagram: %w", err)
	}
	tables := slices.DeleteFunc(cat.Tables(), (*catalog.Relation).Bookkeeping)
	fmt.Fprintf(a.err, "%s: %s\n", file, plural(len(tables), "table"))
	return nil
}
