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
// that. All test processes share the server, and it stops by itself when nobody
// has used it for a while. A test that passes leaves nothing; the database of
// one that fails is kept, and its log says how to open it.
//
// A database in which a test changed only rows is emptied and refilled behind the
// tests' backs, and given to another: the server's own counters prove that nothing
// else has changed, and anything else (the schema, settings, roles, large objects,
// prepared transactions …) has it dropped. On a server of our own the database that
// is made in its place takes over those of its files that are as they were, which
// costs a third of a clone or less. A reset database keeps its first connection where
// every statement on it was one whose traces DISCARD ALL removes, so two tests may
// see the same pg_backend_pid(). [Server.NoRecycling] gives each test a new clone.
// A test that sets parameters of its own ("app.tenant") with SET or set_config does
// so on a connection that no other test gets.
//
// Tests connect as a role that row-level security applies to: the owner of the
// schema, who is neither a superuser nor exempt from anything, or, where a table
// has row-level security that its owner would pass, as a role that may read and
// write everything and owns nothing. [DB.As] gives any other role.
//
// The environment overrides what a Server leaves open: SEEDBED_BINARIES (a
// Postgres installation), SEEDBED_VERSION (a major version), SEEDBED_MIRROR
// (where to download from), SEEDBED_CACHE (the cache directory), SEEDBED_OS_USER
// (who Postgres runs as when the tests run as root), SEEDBED_IDLE (how long the
// server outlives its last client), SEEDBED_URL (a server to use instead).
package pgtest
