// Package loading is what all that writes rows into somebody's database begins with:
// knowing the database's structure, and being let in by row-level security.
package loading

import (
	"context"
	"fmt"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// Structure is what a database's tables are, and what they mean. It never changes
// and is shared by all databases that look the same.
type Structure struct {
	Catalog *catalog.Catalog
	Model   seedbed.Model // as seedbed.Discover finds it
}

var structures sync.Map // print → *Structure

// Print tells whether a structure still holds, without loading it.
func Print(ctx context.Context, db seedbed.DB) (string, error) {
	print, err := catalog.Print(ctx, db)
	if err != nil {
		return "", fmt.Errorf("look at the schema: %w", err)
	}
	return print, nil
}

// StructureOf returns the structure behind a print of db: from memory where one that
// looks the same was seen before. Those who ask for the same one at the same time
// all look: to wait for each other, with a connection held, could be for ever.
func StructureOf(ctx context.Context, db seedbed.DB, print string) (*Structure, error) {
	if s, ok := structures.Load(print); ok {
		return s.(*Structure), nil
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, err
	}
	found, err := seedbed.Discover(ctx, db)
	if err != nil {
		return nil, err
	}
	s, _ := structures.LoadOrStore(print, &Structure{cat, found.Model})
	return s.(*Structure), nil
}
