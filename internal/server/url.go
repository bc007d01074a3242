package server

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// URL is Config as a URL that psql, pgx and every other client understand. Where the
// server asks for a password, the URL holds it: see LogURL.
func (s *Server) URL(database, role string) string {
	cfg := s.config(database, role)
	if s.trusts() {
		cfg.Password = ""
	}
	return connURL(cfg)
}

// LogURL is a URL for people to read. It never holds a password that was given to
// us: on an external server it names that server's own user, whose password the
// reader has to know.
func (s *Server) LogURL(database, role string) string {
	if !s.External() {
		return s.URL(database, role) // by socket; on Windows with a made-up password for loopback
	}
	cfg := s.config(database, s.roles.Admin)
	cfg.Password = ""
	return connURL(cfg)
}

// TCPURL is URL by TCP with a password, for clients that know no Unix sockets.
func (s *Server) TCPURL(database, role string) string {
	cfg := s.config(database, role)
	if s.trusts() {
		cfg.Host = "127.0.0.1"
	}
	return connURL(cfg)
}

// trusts reports whether clients come in without a password: by the socket of one of
// our servers, whose directory only the server's user and we can enter.
func (s *Server) trusts() bool { return !s.External() && s.home.socket != "" }

// connURL writes cfg as a URL.
func connURL(cfg *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", Path: "/" + cfg.Database, User: url.User(cfg.User)}
	if cfg.Password != "" {
		u.User = url.UserPassword(cfg.User, cfg.Password)
	}
	query := url.Values{}
	if filepath.IsAbs(cfg.Host) {
		query.Set("host", cfg.Host)
		query.Set("port", strconv.Itoa(int(cfg.Port)))
	} else {
		u.Host = address(cfg)
	}
	if cfg.TLSConfig == nil {
		query.Set("sslmode", "disable")
	}
	// Slashes are fine in a query, and a path that reads like one is easier on people.
	u.RawQuery = strings.NewReplacer("%2F", "/", "+", "%20").Replace(query.Encode()) // libpq takes a plus for a plus
	return u.String()
}

func address(cfg *pgx.ConnConfig) string {
	return net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
}
