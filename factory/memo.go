package factory

import (
	"context"
	"maps"
	"sync"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/loading"
)

// memo keeps prepared schemas by print, and prints by database.
var memo struct {
	sync.Mutex
	prints  map[string]string  // address → print
	schemas map[string]*schema // print → schema, as discovered
}

// schemaOf returns the schema behind a handle: from memory where the database, or a
// clone of the same template, was seen before.
func schemaOf(ctx context.Context, db seedbed.DB, addr string, model *seedbed.Model) (*schema, error) {
	_, s := recall(addr)
	if s == nil {
		print, err := printOf(ctx, db)
		if err != nil {
			return nil, err
		}
		if s = remember(addr, print, nil); s == nil {
			found, err := loading.StructureOf(ctx, db, print)
			if err != nil {
				return nil, err
			}
			s = remember(addr, print, newSchema(found.Catalog, found.Model, print))
		}
	}
	if model != nil {
		return s.under(*model), nil
	}
	return s, nil
}

// printOf looks at the database, unless somebody has just done so.
func printOf(ctx context.Context, db seedbed.DB) (string, error) {
	if print, alone := loading.IsAlone(ctx); alone {
		return print, nil
	}
	return loading.Print(ctx, db)
}

func recall(addr string) (string, *schema) {
	memo.Lock()
	defer memo.Unlock()
	print := memo.prints[addr]
	return print, memo.schemas[print]
}

// remember notes a database's print, and the schema where there is one; it returns
// what is known by that print: of several who looked at once, the first one's.
func remember(addr, print string, s *schema) *schema {
	memo.Lock()
	defer memo.Unlock()
	if memo.prints == nil {
		memo.prints, memo.schemas = map[string]string{}, map[string]*schema{}
	}
	memo.prints[addr] = print
	if s != nil && memo.schemas[print] == nil {
		memo.schemas[print] = s
	}
	return memo.schemas[print]
}

// learned notes a schema that knows more than the one remembered. The model stays the
// discovered one, whatever the call used.
func learned(s *schema) {
	memo.Lock()
	defer memo.Unlock()
	old := memo.schemas[s.print]
	memo.schemas[s.print] = old.with(old.model, merged(old.pools, s.pools), merged(old.wanted, s.wanted))
}

func merged[V any](a, b map[string]V) map[string]V {
	out := map[string]V{}
	maps.Copy(out, b)
	maps.Copy(out, a)
	return out
}

// changed looks whether the database is no longer the one remembered.
func changed(ctx context.Context, db seedbed.DB, addr string, options []option) bool {
	before, _ := recall(addr)
	forget(addr)
	plain, err := newCall(nil, options)
	if err != nil {
		return false
	}
	if _, err := schemaOf(ctx, db, addr, plain.settings.model); err != nil {
		return false
	}
	after, _ := recall(addr)
	return before != after
}

// forget makes the next call look at the database again.
func forget(addr string) {
	memo.Lock()
	defer memo.Unlock()
	delete(memo.prints, addr)
}
