package rows

import (
	"context"
	"maps"
	"sync"

	"github.com/qarion/seedbed"
)

// database is what a call knows of the database that it writes to.
type database struct {
	address  string         // equal for all handles of one database: their rows count together
	isolated string         // what Isolated gave; "" where rows count on
	model    *seedbed.Model // that the call declares; nil: the discovered one
}

// databaseOf reads the settings among the options of a call, too.
func databaseOf(ctx context.Context, db seedbed.DB, options []Option) (database, settings, error) {
	call, err := readOptions(nil, options)
	if err != nil {
		return database{}, settings{}, err
	}
	d := database{isolated: call.settings.isolated, model: call.settings.model}
	if d.isolated != "" {
		d.address = "isolated " + d.isolated // databases that look the same are one
		return d, call.settings, nil
	}
	d.address, err = address(ctx, db)
	return d, call.settings, err
}

// cache keeps prepared schemas by fingerprint, and fingerprints by database.
var cache struct {
	sync.Mutex
	prints  map[string]string  // address → fingerprint
	schemas map[string]*schema // fingerprint → schema, as discovered
}

// schema returns the schema behind a handle: from memory where the database, or a
// clone of the same template, was seen before.
func (d database) schema(ctx context.Context, db seedbed.DB) (*schema, error) {
	_, s := recall(d.address)
	if s == nil {
		print, err := d.fingerprint(ctx, db)
		if err != nil {
			return nil, err
		}
		if s = remember(d.address, print, nil); s == nil {
			found, err := StructureOf(ctx, db, print)
			if err != nil {
				return nil, err
			}
			s = remember(d.address, print, newSchema(found.Catalog, found.Model, print))
		}
	}
	if d.model != nil {
		return s.withModel(*d.model), nil
	}
	return s, nil
}

// fingerprint looks at the database, unless the caller has just done so.
func (d database) fingerprint(ctx context.Context, db seedbed.DB) (string, error) {
	if d.isolated != "" {
		return d.isolated, nil
	}
	return Fingerprint(ctx, db)
}

func recall(addr string) (string, *schema) {
	cache.Lock()
	defer cache.Unlock()
	print := cache.prints[addr]
	return print, cache.schemas[print]
}

// remember notes a database's print, and the schema where there is one; it returns
// what is known by that print: of several who looked at once, the first one's.
func remember(addr, print string, s *schema) *schema {
	cache.Lock()
	defer cache.Unlock()
	if cache.prints == nil {
		cache.prints, cache.schemas = map[string]string{}, map[string]*schema{}
	}
	cache.prints[addr] = print
	if s != nil && cache.schemas[print] == nil {
		cache.schemas[print] = s
	}
	return cache.schemas[print]
}

// rememberSolved notes a schema that knows more than the one remembered. The model stays the
// discovered one, whatever the call used.
func rememberSolved(s *schema) {
	cache.Lock()
	defer cache.Unlock()
	old := cache.schemas[s.fingerprint]
	cache.schemas[s.fingerprint] = old.derive(old.model, merged(old.solved, s.solved), merged(old.wantedReferences, s.wantedReferences))
}

func merged[K comparable, V any](a, b map[K]V) map[K]V {
	out := map[K]V{}
	maps.Copy(out, b)
	maps.Copy(out, a)
	return out
}

// changed looks whether the database is no longer the one remembered.
func (d database) changed(ctx context.Context, db seedbed.DB) bool {
	before, _ := recall(d.address)
	forget(d.address)
	if _, err := d.schema(ctx, db); err != nil {
		return false
	}
	after, _ := recall(d.address)
	return before != after
}

// forget makes the next call look at the database again.
func forget(addr string) {
	cache.Lock()
	defer cache.Unlock()
	delete(cache.prints, addr)
}
