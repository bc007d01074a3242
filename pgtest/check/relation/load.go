package relation

import "context"

// LoadOne loads a relation of many rows with one call of fetch, which gets each key
// once. Rows whose key is the zero value have none, and are not asked for; where no
// row has a key, fetch is not called.
//
//	err := relation.LoadOne(ctx, datasets,
//		func(d *Dataset) (uuid.UUID, *relation.One[User, DatasetOwner]) { return d.OwnerID, &d.Owner },
//		func(u User) uuid.UUID { return u.ID }, usersByID)
func LoadOne[P, T any, K comparable, R Named](ctx context.Context, parents []P, of func(*P) (K, *One[T, R]), key func(T) K,
	fetch func(ctx context.Context, keys []K) ([]T, error)) error {
	keys := distinct(parents, func(p *P) K { k, _ := of(p); return k })
	found := map[K]*T{}
	if len(keys) > 0 {
		rows, err := fetch(ctx, keys)
		if err != nil {
			return err
		}
		for i := range rows {
			found[key(rows[i])] = &rows[i]
		}
	}
	for i := range parents {
		k, handle := of(&parents[i])
		handle.Set(found[k])
	}
	return nil
}

// LoadMany loads a relation of many rows with one call of fetch, as LoadOne does;
// key is the parent's that a row belongs to. The order of rows is kept.
func LoadMany[P, T any, K comparable, R Named](ctx context.Context, parents []P, of func(*P) (K, *Many[T, R]), key func(T) K,
	fetch func(ctx context.Context, keys []K) ([]T, error)) error {
	keys := distinct(parents, func(p *P) K { k, _ := of(p); return k })
	found := map[K][]T{}
	if len(keys) > 0 {
		rows, err := fetch(ctx, keys)
		if err != nil {
			return err
		}
		for _, row := range rows {
			found[key(row)] = append(found[key(row)], row)
		}
	}
	for i := range parents {
		k, handle := of(&parents[i])
		handle.Set(found[k])
	}
	return nil
}

func distinct[P any, K comparable](parents []P, key func(*P) K) []K {
	var none K
	var out []K
	seen := map[K]bool{none: true}
	for i := range parents {
		if k := key(&parents[i]); !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
