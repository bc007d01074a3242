// Package migrations runs, lists, reviews and renders migrations, and holds the
// reference schema.
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
// The files may be those of another tool. Open recognises golang-migrate, dbmate,
// sql-migrate, tern, Prisma, Drizzle, Atlas, plain *.sql in order and a file that
// pg_dump wrote ([Dialect]), and presents them to goose in memory: statements with
// bodies need no annotation there, and goose's table keeps the versions. [Dirs] makes
// one history of several directories.
//
// [Open] reads a set without a database. [Up], [Down] and [Status] run one
// against any handle of package seedbed that can tell how to connect (a pool or a
// connection, not a transaction: goose commits). They open connections of their
// own with that configuration and close them before they return, so nothing that
// a migration sets for its session reaches the caller's.
//
// [Script] renders a set as SQL that a DBA reviews and applies: goose itself drives
// it, so the statements are goose's, behind guards that refuse a database for which
// they were not written. [Review] runs each statement on a scratch database and
// reports the locks, rewrites, scans, lost data and broken compatibility that it
// saw, with the safe form of the statement; [Reviewed] is the same as a test.
// Findings are accepted in the file, with a reason,
//
//	-- seedbed: waive drop-table public.old: empty since release 7
//
// and a query can be held against the index that is there for it:
//
//	-- seedbed: serves orders_by_day: select id from orders where day = '2026-01-01'
//
// Cost: reading and checking is about 0.2 ms a file; a run with nothing to do is
// one connection and a handful of queries.
package migrations
