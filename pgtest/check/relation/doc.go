// Package relation holds related rows that were loaded on purpose. Touching one
// that was not loaded is an error that names the relation and its loader; nothing
// here ever queries behind the caller's back.
//
//	type DatasetOwner struct{}
//
//	func (DatasetOwner) Relation() (name, loader string) { return "Dataset.Owner", "LoadOwners" }
//
//	type Dataset struct {
//		ID      uuid.UUID
//		OwnerID uuid.UUID
//		Owner   relation.One[User, DatasetOwner]
//	}
//
//	owner, err := ds.Owner.Get() // relation Dataset.Owner is not loaded: call LoadOwners first
//
// Loaded and empty differs from not loaded, in Go and in JSON: an empty One is
// null, an empty Many [], and one that was not loaded does not marshal at all. The
// package imports nothing of testing; models in production may use it.
package relation
