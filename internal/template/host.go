package template

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/server"
)

// Host is a server that holds templates and clones.
type Host struct {
	// Config returns how to connect to a database as a role.
	Config func(database, user string) *pgx.ConnConfig
	// Build returns how the steps of layers connect as the owner. Nil: as Config.
	Build func(database, user string) *pgx.ConnConfig
	// Pool is what pools are configured with, but for where they connect to.
	Pool *pgxpool.Config
	// Control is the database that the registry is in.
	Control string
	// Admin makes and drops databases, and may end sessions in them.
	Admin string
	// Owner owns the databases and runs the migrations.
	Owner string
	// Tester is the role that tests connect as where the owner would pass
	// row-level security. Empty: always the owner.
	Tester string
	// Presence is a session in the control database that lasts as long as the
	// process. Nil: one is opened.
	Presence *pgx.Conn
	// Connections is how many the server takes.
	Connections int
	// FileCopy clones with STRATEGY FILE_COPY: the cheaper one where fsync is off.
	FileCopy bool
	// Resettable: databases can be reset. That takes a superuser, and statistics in
	// shared memory, which are exact.
	Resettable bool
}

// HostOf is a server as a host of templates.
func HostOf(s *server.Server) (Host, error) {
	pool, err := server.PoolConfig()
	if err != nil {
		return Host{}, err
	}
	roles := s.Roles()
	return Host{
		Config: func(database, role string) *pgx.ConnConfig {
			if role == roles.Admin {
				return s.AdminConfig(database)
			}
			return s.Config(database, role)
		},
		Build:       s.BuildConfig,
		Control:     server.ControlDatabase,
		Admin:       roles.Admin,
		Owner:       roles.Owner,
		Tester:      roles.Tester,
		Pool:        pool,
		Presence:    s.Lease(),
		Connections: s.Connections(),
		FileCopy:    s.Major() >= 15 && !s.Fsync(),
		Resettable:  s.Major() >= 15 && s.Super(),
	}, nil
}
