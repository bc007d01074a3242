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
	derived     sync.Map      // reflect.Type → what Made keeps
}

// structures are those seen. They are bounded: a test suite has few, a program that
// goes on may see many.
var structures struct {
	sync.Mutex
	known map[string]*Structure // by print
}

const mostStructures = 256

// Fingerprint tells whether a structure still holds, without loading it.
func Fingerprint(ctx context.Context, db seedbed.DB) (string, error) {
	fingerprint, err := catalog.Print(ctx, db)
	if err != nil {
		return "", fmt.Errorf("look at the schema: %w", err)
	}
	return fingerprint, nil
}

// StructureOf returns the structure behind a fingerprint of db: from memory where one that
// looks the same was seen before. Those who ask for the same one at the same time
// all look: to wait for each other, with a connection held, could be for ever.
func StructureOf(ctx context.Context, db seedbed.DB, fingerprint string) (*Structure, error) {
	if s := rememberStructure(fingerprint, nil); s != nil {
		return s, nil
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, err
	}
	found, err := seedbed.Discover(ctx, dbWithCatalog{db, cat})
	if err != nil {
		return nil, err
	}
	return rememberStructure(fingerprint, &Structure{Fingerprint: fingerprint, Catalog: cat, Model: found.Model}), nil
}

// dbWithCatalog has Discover use the catalog that was read.
type dbWithCatalog struct {
	seedbed.DB
	cat *catalog.Catalog
}

// LoadedCatalog implements catalog.Loaded.
func (l dbWithCatalog) LoadedCatalog() *catalog.Catalog { return l.cat }

// rememberStructure returns the structure known by a print, which is s where there was none.
func rememberStructure(fingerprint string, s *Structure) *Structure {
	structures.Lock()
	defer structures.Unlock()
	if known := structures.known[fingerprint]; known != nil || s == nil {
		return known
	}
	if structures.known == nil || len(structures.known) >= mostStructures {
		structures.known = map[string]*Structure{}
	}
	structures.known[fingerprint] = s
	return s
}

// Derived returns what a package makes of a structure: made once, kept with it.
func Derived[T any](s *Structure, derive func(*Structure) *T) *T {
	key := reflect.TypeFor[T]()
	if derived, there := s.derived.Load(key); there {
		return derived.(*T)
	}
	derived, _ := s.derived.LoadOrStore(key, derive(s))
	return derived.(*T)
}
