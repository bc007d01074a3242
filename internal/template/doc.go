// Package template gives tests databases that are identical to a template: one that
// migrations, fixtures and a seed have built once per server.
//
//	store, err := template.Open(ctx, server)
//	t, err := store.Ensure(ctx, layers)   // builds what is missing
//	t.Fill(openPool, true)                // keeps databases ready from now on
//	db, err := t.Acquire(ctx, "TestX")    // a hand-over
//	…
//	db.Release()
//
// A ready pool holds databases that are cloned, connected and warmed ahead of demand.
// After a test, reset.go puts back what the test has changed if that can be shown to
// be enough (observations.go says what is compared, and why); any other database is
// dropped, and a new one cloned. Every test has a session of its own.
//
// The registry in the control database says which templates there are and which
// process holds which database. Each process holds an advisory lock for as long as it
// lives; a database whose process is gone is adopted or dropped by the next one.
package template
