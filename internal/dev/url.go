package dev

import (
	"net/url"

	"github.com/qarion/seedbed/internal/server"
)

// URL is how to connect to one of the server's databases as its owner: by Unix
// socket, without a password, where the system has those.
func (s *Server) URL(database string) string { return s.server.URL(database, server.Owner) }

// TCP is URL for clients that cannot use a Unix socket. It holds a password.
func (s *Server) TCP(database string) string { return s.server.TCPURL(database, server.Owner) }

// Address is where the server listens for clients that know no Unix sockets, and to
// none but this machine: host:port.
func (s *Server) Address() string {
	parsed, err := url.Parse(s.TCP(server.ControlDatabase))
	if err != nil {
		return ""
	}
	return parsed.Host
}
