package pgtest

// Settle waits until everything that s does behind its tests' backs is done.
func (s *Server) Settle() { s.ready.store.Settle() }

// Held reports whether the database lies ready for another test.
func (s *Server) Held(database string) (held bool, err error) {
	return s.ready.store.Held(database)
}
