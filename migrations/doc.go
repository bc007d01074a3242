// Package migrations runs, lists, reviews and renders migrations, and has the reference
// schema.
//
//	//go:embed migrations/*.sql
//	var files embed.FS
//
//	err := migrations.Up(ctx, pool, files)
//
// Goose (github.com/pressly/goose/v3) runs the migrations: Up applies the statements
// that `goose up` applies, under goose's lock, and records them in goose's version
// table. Beyond goose, Up reads and checks the whole set before it touches a database,
// and the error of a migration names the file, the line, the statement and the remedy.
//
// The files may be written for another tool. [Open] recognises golang-migrate, dbmate,
// sql-migrate, tern, Prisma, Drizzle, Atlas, plain *.sql files and a file that pg_dump
// wrote ([Dialect]). It converts them to goose's format in memory, where statements with
// bodies need no annotation. [Dirs] makes one history of several directories.
//
// Open reads a set without a database. [Up] and [Down] take a pool or a connection, and
// not a transaction, because goose commits. They open their own connections with its
// configuration and close them before they return, so a migration's session settings do
// not reach the caller. [Status] takes any handle.
//
// [Script] renders a set as SQL that a DBA reviews and applies. The statements are those
// that goose would send, behind guards that refuse any other database than they were
// written for. [Review] runs each statement on a scratch database and reports the locks,
// rewrites, scans, lost data and broken compatibility that it observed, with the safe form
// of the statement; [Reviewed] does that in a test. A comment with a reason accepts a
// finding:
//
//	-- seedbed: waive drop-table public.old: empty since release 7
//
// Another one has the review check that a query uses an index:
//
//	-- seedbed: serves orders_by_day: select id from orders where day = '2026-01-01'
//
// Reading and checking costs about 0.2 ms a file. A run without pending migrations costs
// one connection and some five queries.
package migrations
