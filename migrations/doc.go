// Package migrations holds the reference schema as goose files, and the tools
// over any goose set: run it, list it, fingerprint it.
//
//	//go:embed migrations/*.sql
//	var files embed.FS
//
//	err := migrations.Up(ctx, pool, files)
//
// The engine is goose itself (github.com/pressly/goose/v3), imported here and
// nowhere else: what Up applies is what `goose up` applies, statement for
// statement, under goose's own lock and in goose's own version table. What is
// added is what goose leaves out: the whole set is read and checked before a
// database is touched, and a migration that fails says in which file, on which
// line, with which statement, and what to do about it.
//
// [Open] reads a set without a database. [Up], [Down] and [Status] run one
// against any handle of package seedbed that can tell how to connect (a pool or a
// connection, not a transaction: goose commits). They open connections of their
// own with that configuration and close them before they return, so nothing that
// a migration sets for its session reaches the caller's.
//
// Cost: reading and checking is about 0.2 ms a file; a run with nothing to do is
// one connection and a handful of queries.
package migrations
