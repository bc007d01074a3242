package rows

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// Structure is the catalog and the discovered Model of a database. It is immutable and
// shared by all databases with the same fingerprint.
type Structure struct {
	Fingerprint string // equal for databases that look the same
	Catalog     *catalog.Catalog
	Model       seedbed.Model // as seedbed.Discover finds it
	derived     sync.Map      // reflect.Type → what Derived has made
}

// structures are those that this process has seen, at most mostStructures.
var structures struct {
	sync.Mutex
	byFingerprint map[string]*Structure
}

const mostStructures = 256

// Fingerprint returns the fingerprint of a database's schema, without loading it.
func Fingerprint(ctx context.Context, db seedbed.DB) (string, error) {
	fingerprint, err := catalog.Fingerprint(ctx, db)
	if err != nil {
		return "", fmt.Errorf("read the schema: %w", err)
	}
	return fingerprint, nil
}

// StructureOf returns the structure with a fingerprint, from memory or by loading it from
// db. Callers that ask for the same one at once all load it: waiting for each other, each
// with a connection in hand, could deadlock.
func StructureOf(ctx context.Context, db seedbed.DB, fingerprint string) (*Structure, error) {
	if s := rememberStructure(fingerprint, nil); s != nil {
		return s, nil
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, err
	}
	found, err := seedbed.Discover(ctx, WithCatalog(db, cat))
	if err != nil {
		return nil, err
	}
	return rememberStructure(fingerprint, &Structure{Fingerprint: fingerprint, Catalog: cat, Model: found.Model}), nil
}

// WithCatalog returns db for functions that read its catalog: they take the one that
// was read already.
func WithCatalog(db seedbed.DB, cat *catalog.Catalog) seedbed.DB { return dbWithCatalog{db, cat} }

type dbWithCatalog struct {
	seedbed.DB
	cat *catalog.Catalog
}

// LoadedCatalog implements catalog.Loaded.
func (l dbWithCatalog) LoadedCatalog() *catalog.Catalog { return l.cat }

// rememberStructure returns the structure that is known by a fingerprint; s becomes it
// where none is.
func rememberStructure(fingerprint string, s *Structure) *Structure {
	structures.Lock()
	defer structures.Unlock()
	if known := structures.byFingerprint[fingerprint]; known != nil || s == nil {
		return known
	}
	if structures.byFingerprint == nil || len(structures.byFingerprint) >= mostStructures {
		structures.byFingerprint = map[string]*Structure{}
	}
	structures.byFingerprint[fingerprint] = s
	return s
}

// Derived returns what derive makes of a structure. It is made once and kept with the
// structure.
func Derived[T any](s *Structure, derive func(*Structure) *T) *T {
	key := reflect.TypeFor[T]()
	if derived, there := s.derived.Load(key); there {
		return derived.(*T)
	}
	derived, _ := s.derived.LoadOrStore(key, derive(s))
	return derived.(*T)
}
