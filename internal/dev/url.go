package dev

import "github.com/qarion/seedbed/internal/server"

// URL is how to connect to one of the server's databases as its owner: by Unix
// socket, without a password, where the system has those.
func (s *Server) URL(database string) string { return s.server.URL(database, server.Owner) }

// TCP is URL for clients that cannot use a Unix socket. It holds a password.
func (s *Server) TCP(database string) string { return s.server.TCPURL(database, server.Owner) }
