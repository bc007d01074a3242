package rows

import (
	"context"
	"sync"

	"github.com/qarion/seedbed"
)

// database identifies the database that a call writes to, and the Model that the call
// declares.
type database struct {
	address  string         // equal for all handles of one database
	isolated string         // the fingerprint that Isolated got; "": not isolated
	model    *seedbed.Model // nil: the discovered one
}

// databaseOf returns the database of a call, and the settings among its options.
func databaseOf(ctx context.Context, db seedbed.DB, options []Option) (d database, s settings, err error) {
	call, err := readOptions(nil, options)
	if err != nil {
		return d, s, err
	}
	d = database{isolated: call.settings.isolated, model: call.settings.model}
	if d.isolated != "" {
		d.address = "isolated " + d.isolated // databases that look the same are one
		return d, call.settings, nil
	}
	d.address, err = address(ctx, db)
	return d, call.settings, err
}

// cache holds the prepared schemas by fingerprint, and fingerprints by database.
var cache struct {
	sync.Mutex
	fingerprints map[string]string  // address → fingerprint
	schemas      map[string]*schema // fingerprint → schema, as discovered
}

// schema returns the schema of the database, from memory where this process has seen the
// database or another one with the same fingerprint.
func (d database) schema(ctx context.Context, db seedbed.DB) (*schema, error) {
	_, s := recall(d.address)
	if s == nil {
		fingerprint, err := d.fingerprint(ctx, db)
		if err != nil {
			return nil, err
		}
		if s = remember(d.address, fingerprint, nil); s == nil {
			found, err := StructureOf(ctx, db, fingerprint)
			if err != nil {
				return nil, err
			}
			s = remember(d.address, fingerprint, newSchema(found.Catalog, found.Model, fingerprint))
		}
	}
	if d.model != nil {
		return s.withModel(ctx, db, *d.model)
	}
	return s, nil
}

// fingerprint queries the database's fingerprint, unless the caller has given it.
func (d database) fingerprint(ctx context.Context, db seedbed.DB) (string, error) {
	if d.isolated != "" {
		return d.isolated, nil
	}
	return Fingerprint(ctx, db)
}

// recall returns the fingerprint and the schema that are known of a database, if any.
func recall(address string) (fingerprint string, s *schema) {
	cache.Lock()
	defer cache.Unlock()
	fingerprint = cache.fingerprints[address]
	return fingerprint, cache.schemas[fingerprint]
}

// remember notes the fingerprint of a database and, unless it is nil, the schema. It
// returns the schema that is known by the fingerprint: of several goroutines that load one
// at once, the first one's.
func remember(address, fingerprint string, s *schema) *schema {
	cache.Lock()
	defer cache.Unlock()
	if cache.fingerprints == nil {
		cache.fingerprints, cache.schemas = map[string]string{}, map[string]*schema{}
	}
	cache.fingerprints[address] = fingerprint
	if s != nil && cache.schemas[fingerprint] == nil {
		cache.schemas[fingerprint] = s
	}
	return cache.schemas[fingerprint]
}

// rememberSolved adds what searches have found to the schema that is known. Its Model stays
// the discovered one, whatever Model the call declares.
func rememberSolved(s *schema) {
	cache.Lock()
	defer cache.Unlock()
	old := cache.schemas[s.fingerprint]
	cache.schemas[s.fingerprint] = old.derive(old.model, old.solved.with(s.solved))
}

// changedSince reports whether the database's schema has another fingerprint than before. It
// reads the fingerprint again: another goroutine may have done that meanwhile, and not have
// told this one.
func (d database) changedSince(ctx context.Context, db seedbed.DB, before string) bool {
	forget(d.address)
	if _, err := d.schema(ctx, db); err != nil {
		return false
	}
	after, _ := recall(d.address)
	return before != after
}

// forget makes the next call read the database's fingerprint again.
func forget(address string) {
	cache.Lock()
	defer cache.Unlock()
	delete(cache.fingerprints, address)
}
