package pgtest

import "time"

// Settle waits until everything that s does behind its tests' backs is done.
func (s *Server) Settle() { s.ready.store.Settle() }

// Ready reports whether the database lies ready for another test.
func (s *Server) Ready(database string) bool {
	return s.ready.template.Ready(database)
}

// AdminURL is the server's administrator in one of its databases. It does not
// expose the test's own, as URL does.
func (db *DB) AdminURL(database string) string {
	return db.server.cluster.URL(database, db.server.cluster.Roles().Admin)
}

// Prefix is where the server's binaries are.
func (db *DB) Prefix() string { return db.server.cluster.Installation().Prefix }

// LockedAfter changes how long a statement runs before the test is told of its own locks.
func (db *DB) LockedAfter(d time.Duration) { activityOf(db.Pool).locks.setAfter(d) }

// LockedAfter is that of all transactions of Server.Tx.
func (s *Server) LockedAfter(d time.Duration) {
	pool, _ := s.ready.shared()
	activityOf(pool).locks.setAfter(d)
}

func (l *lockWatch) setAfter(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.after = d
}

// StarveAfter changes how long the test waits for a connection before it is told.
func (db *DB) StarveAfter(d time.Duration) {
	s := &activityOf(db.Pool).starvation
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = d
}
