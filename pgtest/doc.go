// Package pgtest gives each test a real, migrated, private Postgres database.
//
//	//go:embed migrations/*.sql
//	var files embed.FS
//
//	var pg = &pgtest.Server{Migrations: files}
//
//	func TestThread(t *testing.T) {
//		t.Parallel()
//		db := pg.DB(t) // a *pgxpool.Pool, and more
//		…
//	}
//
// There is no TestMain, no container and no daemon to install. The first test
// that asks finds a Postgres on the machine, or fetches one, boots it within the
// user's cache directory and migrates a template; every test gets a clone of
// that. All test processes share the server, and it stops by itself when no process
// has used it for a while. A test that passes leaves nothing; the database of
// one that fails is kept, and its log says how to open it. With go test -artifacts
// (Go 1.26) its artifacts have the server's log, the rows that it wrote, as a fixture
// file, and a report.
//
// A database in which a test changed only rows is reset in the background and given
// to another test: the server's own counters prove that nothing else has changed.
// Anything else (the schema, settings, large objects, prepared transactions, a table
// that grew so that plans would differ, …) has it dropped, and a clone made in its place.
// A schema in which a reset would run code or leave a trace is always cloned.
// [Server.NoReset] gives each test a new clone. Every test has sessions of its own.
//
// Roles are the server's: tests that run at the same time see each other's. A role that
// a test made goes with its database. What a test changed on the server and cannot be
// put back (a role of the migrations, ALTER SYSTEM, another database) costs the server:
// the next test gets a new one, and the log says why.
//
// Tests connect as a role that row-level security applies to: the owner of the
// schema, who is neither a superuser nor exempt from anything, or, where a table
// has row-level security that its owner would pass, as a role that may read and
// write everything and owns nothing. [DB.As] gives any other role.
//
// [Server.Clock] and [DB.Freeze] set the time that a test's database tells.
//
// The environment overrides what a Server leaves open: SEEDBED_BINARIES (a
// Postgres installation), SEEDBED_VERSION (a major version), SEEDBED_MIRROR
// (where to download from), SEEDBED_CACHE (the cache directory), SEEDBED_OS_USER
// (who Postgres runs as when the tests run as root), SEEDBED_IDLE (how long the
// server outlives its last client), SEEDBED_URL (a server to use instead).
package pgtest
