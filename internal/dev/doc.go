// Package dev keeps a persistent development database per project and branch.
//
//	p, err := dev.FindProject(".")
//	s, err := dev.Start(ctx, p, dev.Options{Say: say})
//	defer s.Close(ctx)
//	report, err := s.Ensure(ctx, plan)
//
// A project is a directory; it has one Postgres server of its own, durable, below
// the cache, and on it one database per git branch. A database is built under
// another name and gets its own in the transaction that also records it, so that
// whatever interrupts a step leaves the state before it. What an interrupted
// step leaves behind is dropped by the next one.
//
// Roles that migrations make go with the databases of their build; see roles.go.
//
// Names on the server, for the branch database dev_main:
//
//	dev_main~draft    being built
//	dev_main~old      being dropped
//	dev_main@name     a snapshot; "fresh" is the database as it was built
package dev
