// Package server finds the Postgres server that a schema's tests share, or starts
// it, and holds it for as long as the process lives.
//
//	s, err := server.Acquire(ctx, server.Config{
//		Base: server.Base{Key: fingerprint, Build: migrate},
//	})
//	if err != nil { … }
//	defer s.Release(ctx)
//	conn, err := pgx.ConnectConfig(ctx, s.Config("postgres", server.Owner))
//
// A server belongs to one schema. Its key is all that shapes it: the binaries, the
// settings, the locale, the extensions and the base, which is what migrations make.
// Roles, their settings, ALTER SYSTEM and the databases that a migration makes are
// the server's, so another branch, project or version of the schema gets a server
// of its own, as new as CI's. All processes with the same key share one.
//
// There is no daemon and no state that could go stale. A server's directory in the
// cache has a lock that the kernel releases. The first process starts the server
// and builds its base under that lock; the others connect. A server whose base was
// not completed is discarded by the next process.
//
// A process's lease is a session of its own that holds a shared advisory lock. A
// loop inside the server, the reaper, takes that lock exclusively to learn that no
// lease is left, and stops the server after the idle time. A process that is killed
// loses its session, and with it the lease.
//
// Files, below the cache directory:
//
//	servers/<major>-<key>/      a test server: data, server.log, lock, socket
//	servers/<major>-<key>.2/    its successor, when a test has spoilt the first
//	dev/<project>-<branch>/     a development server
//	images/<version-locale>/    an initialised data directory, copied for each new server
//
// A test server's data lies in memory where the machine has room for it; then data
// is a link.
package server
