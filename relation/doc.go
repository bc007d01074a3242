// Package relation holds related rows that were loaded on purpose (Standard #330-SL).
// Touching a relation that was not loaded is an error that names it and its loader;
// nothing here ever queries behind the caller's back.
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
// [Load] loads a relation of any number of rows with one query.
//
// Loaded and empty differs from not loaded, in Go and in JSON: an empty One is null, an
// empty Many [], and one that was not loaded does not marshal at all. The package has no
// dependency outside of the standard library and works with any driver or ORM.
package relation
