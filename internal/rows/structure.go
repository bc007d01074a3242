package rows

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// Structure is what a database's tables are, and what they mean. It never changes
// and is shared by all databases that look the same.
type Structure struct {
	Fingerprint string // equal for databases that look the same
	Catalog     *catalog.Catalog
	Model       seedbed.Model // as seedbed.Discover finds it
	made        sync.Map      // reflect.Type → what Made keeps
}

// structures are those seen. They are bounded: a test suite has few, a program that
// goes on may see many.
var structures struct {
	sync.Mutex
	known map[string]*Structure // by print
}

const mostKnown = 256

// Fingerprint tells whether a structure still holds, without loading it.
func Fingerprint(ctx context.Context, db seedbed.DB) (string, error) {
	print, err := catalog.Print(ctx, db)
	if err != nil {
		return "", fmt.Errorf("look at the schema: %w", err)
	}
	return print, nil
}

// StructureOf returns the structure behind a fingerprint of db: from memory where one that
// looks the same was seen before. Those who ask for the same one at the same time
// all look: to wait for each other, with a connection held, could be for ever.
func StructureOf(ctx context.Context, db seedbed.DB, print string) (*Structure, error) {
	if s := rememberStructure(print, nil); s != nil {
		return s, nil
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, err
	}
	found, err := seedbed.Discover(ctx, loaded{db, cat})
	if err != nil {
		return nil, err
	}
	return rememberStructure(print, &Structure{Fingerprint: print, Catalog: cat, Model: found.Model}), nil
}

// loaded has Discover use the catalog that was read.
type loaded struct {
	seedbed.DB
	cat *catalog.Catalog
}

// LoadedCatalog implements catalog.Loaded.
func (l loaded) LoadedCatalog() *catalog.Catalog { return l.cat }

// rememberStructure returns the structure known by a print, which is s where there was none.
func rememberStructure(print string, s *Structure) *Structure {
	structures.Lock()
	defer structures.Unlock()
	if before := structures.known[print]; before != nil || s == nil {
		return before
	}
	if structures.known == nil || len(structures.known) >= mostKnown {
		structures.known = map[string]*Structure{}
	}
	structures.known[print] = s
	return s
}

// Made returns what a package makes of a structure: made once, kept with it.
func Made[T any](s *Structure, make func(*Structure) *T) *T {
	key := reflect.TypeFor[T]()
	if made, there := s.made.Load(key); there {
		return made.(*T)
	}
	made, _ := s.made.LoadOrStore(key, make(s))
	return made.(*T)
}
