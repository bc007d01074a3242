package dev

import (
	"net"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/embedded"
)

// URL is how to connect to one of the server's databases as its owner: by Unix
// socket, without a password, where the system has those.
func (s *Server) URL(database string) string { return s.cluster.URL(database, cluster.Owner) }

// TCP is URL for clients that cannot use a Unix socket. It holds a password.
func (s *Server) TCP(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(cluster.Owner, s.password()),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port())),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (s *Server) password() string {
	return s.cluster.Config(cluster.ControlDatabase, cluster.Superuser).Password
}

func (s *Server) port() int {
	return int(s.cluster.Config(cluster.ControlDatabase, cluster.Superuser).Port)
}

// poolConfig is an empty one: what the PG* environment says is meant for other
// servers.
func poolConfig() (*pgxpool.Config, error) {
	var cfg *pgxpool.Config
	err := embedded.WithoutPGEnv(func() error {
		var err error
		cfg, err = pgxpool.ParseConfig("host=unused")
		return err
	})
	return cfg, err
}
