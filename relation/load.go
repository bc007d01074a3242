package relation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// Handle is a *One or a *Many of rows of type T.
type Handle[T any] interface {
	load(rows []T) error
	relation() (name, loader string)
	isNil() bool
}

// Load loads a relation of many parents with one call of fetch. of returns a parent's
// key and its handle; fetch gets each key once and returns the related rows in any
// order; keyOf says to which key a row belongs.
//
//	err := relation.Load(ctx, datasets,
//		func(d *Dataset) (uuid.UUID, relation.Handle[User]) { return d.OwnerID, &d.Owner },
//		fetchUsers, func(u User) uuid.UUID { return u.ID })
//
// A parent whose key is the zero value has no related rows: its relation is loaded and
// empty, and its key is not asked for. Where no parent has a key, fetch is not called.
// The order of fetch's rows is kept within a Many. Two rows for a One are an error, and so
// is a row of a key that fetch was not given. On
// an error, handles may have been loaded in part; fetch's error leaves all as they were.
func Load[P, T any, K comparable](ctx context.Context, parents []P, of func(*P) (K, Handle[T]),
	fetch func(ctx context.Context, keys []K) ([]T, error), keyOf func(T) K) error {
	switch {
	case of == nil:
		return errors.New("load relation: of is nil: pass a function that returns a parent's key and its handle")
	case keyOf == nil:
		return errors.New("load relation: keyOf is nil: pass a function that says to which key a row belongs")
	}
	keys := make([]K, len(parents))
	handles := make([]Handle[T], len(parents))
	for i := range parents {
		keys[i], handles[i] = of(&parents[i])
		if handles[i] == nil || handles[i].isNil() {
			return fmt.Errorf("load relation: of returned no handle for the %T at index %d: return the address of its field, as in &p.Owner", parents[i], i)
		}
	}
	if len(parents) > 0 {
		if _, again := of(&parents[0]); again != handles[0] {
			return fmt.Errorf("load relation: of returns another handle for the %T at index 0 each time, that of a copy: return the address of its own field, as in &p.Owner", parents[0])
		}
	}
	related := map[K][]T{}
	if wanted := distinct(keys); len(wanted) > 0 {
		if fetch == nil {
			return errors.New("load relation: fetch is nil: pass a function that returns the related rows of the keys")
		}
		rows, err := fetch(ctx, wanted)
		if err != nil {
			name, _ := handles[0].relation()
			return fmt.Errorf("load relation %s: %w", name, err)
		}
		var none K
		asked := make(map[K]bool, len(wanted))
		for _, key := range wanted {
			asked[key] = true
		}
		for _, row := range rows {
			key := keyOf(row)
			if key != none && !asked[key] {
				name, _ := handles[0].relation()
				return fmt.Errorf("load relation %s: fetch returned a row of key %v, which was not asked for: let of return the key that keyOf gives of the related rows", name, key)
			}
			if key != none {
				related[key] = append(related[key], row)
			}
		}
	}
	for i, handle := range handles {
		if err := handle.load(related[keys[i]]); err != nil {
			name, _ := handle.relation()
			return fmt.Errorf("load relation %s of %v: %w", name, keys[i], err)
		}
	}
	return nil
}

// distinct returns each key once, without the zero value.
func distinct[K comparable](keys []K) []K {
	var none K
	var out []K
	seen := map[K]bool{none: true}
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}

func (o *One[T, R]) load(rows []T) error {
	switch len(rows) {
	case 0:
		o.Set(nil)
	case 1:
		o.Set(&rows[0])
	default:
		return fmt.Errorf("%d rows where there may be one", len(rows))
	}
	return nil
}

func (m *Many[T, R]) load(rows []T) error {
	m.Set(rows)
	return nil
}

func (*One[T, R]) relation() (name, loader string)  { return nameOf[R]() }
func (*Many[T, R]) relation() (name, loader string) { return nameOf[R]() }

func (o *One[T, R]) isNil() bool  { return o == nil }
func (m *Many[T, R]) isNil() bool { return m == nil }

func nameOf[R Named]() (name, loader string) {
	var r R
	if name, loader = r.Relation(); name == "" {
		name = fmt.Sprintf("of %T, whose Relation returns no name,", r)
	}
	return name, cmp.Or(loader, "what loads it")
}
