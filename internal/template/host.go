package template

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Host is a server that holds templates and clones.
type Host struct {
	// Config returns how to connect to a database as a role.
	Config func(database, user string) *pgx.ConnConfig
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
