// Package cluster finds a running Postgres server, or boots one, and holds it
// for as long as its caller lives.
//
// All processes of one user share one server per (binaries, locale, settings).
// There is no daemon and no state file to go stale: a server's directory in the
// cache has a lock that the kernel releases, and Postgres's own postmaster.pid.
// Whoever comes first boots, under the lock; everybody else connects.
//
// A process's lease is a session of its own that holds a shared advisory lock.
// A loop that runs inside the server takes that lock exclusively to learn that
// nobody holds one, and stops the server after the idle time. A client that is
// killed loses its session, so nothing needs cleaning up after it.
//
// Files, all below the cache directory:
//
//	binaries/, archives/        see package binaries
//	images/<version-locale>/    an initialised data directory, copied for each new server
//	servers/<major-key>/        one server: data/, server.log, lock, socket
package cluster
