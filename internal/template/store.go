package template

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/server"
)

// Advisory lock classes in the control database. presenceClass stands in
// registry.sql too.
const (
	presenceClass = 1592712941
	templateClass = 1592712942
	registryKey   = 0x5eedbed_0003
)

// sessionName and a process's number are what the sessions of its control pool are called.
const sessionName = "seedbed holder "

//go:embed registry.sql
var registrySQL string

// Protocol identifies the form of what processes record on a server, and read from each
// other: those that differ in it must not share one.
var Protocol = fmt.Sprintf("%x", sha256.Sum256([]byte(registrySQL+sharedSQL+parametersSQL+tablesSQL+fmt.Sprint(observations, obstacles))))

// Store is a process's view of the templates and clones on one server.
type Store struct {
	server   *server.Server
	roles    server.Roles
	control  *pgxpool.Pool
	presence *pgx.Conn // holds the locks that say what this process uses
	locking  sync.Mutex
	holder   int32
	who      string
	project  string         // the root of this process's project
	shared   *sharedObjects // nil where the administrator may not see them

	sharedByBuild []string // what this process's builds have changed on an external server

	background sync.WaitGroup // drops and clones under way
	stop       context.CancelFunc
	life       context.Context

	ready []*readyPool

	endedMu sync.Mutex
	ended   []*pgxpool.Pool // see endPool
}

// Open makes sure that the registry is there, announces this process, and starts to
// clean up behind processes that have ended.
func Open(ctx context.Context, on *server.Server) (*Store, error) {
	s := &Store{server: on, roles: on.Roles(), who: fmt.Sprintf("%s, pid %d", filepath.Base(os.Args[0]), os.Getpid())}
	if project, err := server.FindProject("."); err == nil {
		s.project = project.Root
	}
	if err := s.openControl(ctx); err != nil {
		return nil, fmt.Errorf("open the control database %s: %w", server.ControlDatabase, err)
	}
	s.life, s.stop = context.WithCancel(context.Background())
	s.background.Go(func() {
		// What cannot be done now, the next process tries again.
		s.sweep(s.life)
		s.Prune(s.life, DefaultLimits)
	})
	return s, nil
}

func (s *Store) openControl(ctx context.Context) error {
	s.presence = s.server.Lease()
	if s.presence == nil {
		conn, err := s.connect(ctx, server.ControlDatabase)
		if err != nil {
			return err
		}
		s.presence = conn
	}
	if err := s.announce(ctx); err != nil {
		s.presence.Close(context.WithoutCancel(ctx))
		return err
	}
	cfg, err := postgres.PoolConfig()
	if err != nil {
		return err
	}
	cfg.ConnConfig = s.server.AdminConfig(server.ControlDatabase)
	cfg.ConnConfig.RuntimeParams["application_name"] = fmt.Sprintf("%s%d", sessionName, s.holder)
	cfg.MaxConns = int32(max(2, min(6, s.server.Connections()/50)))
	s.control, err = pgxpool.NewWithConfig(ctx, cfg)
	return err
}

// announce gives this process a number, and a lock on it that says it is alive.
func (s *Store) announce(ctx context.Context) error {
	err := ensureRegistry(ctx, s.presence)
	if err == nil {
		err = s.presence.QueryRow(ctx, `
		WITH me AS MATERIALIZED (SELECT nextval('seedbed.holder_number')::int AS holder)
		SELECT holder FROM me, LATERAL pg_advisory_lock($1, holder)`, int32(presenceClass)).Scan(&s.holder)
	}
	if said, ok := errors.AsType[*pgconn.PgError](err); ok && said.Code == "42501" {
		err = refused(ctx, s.presence, err)
	}
	return err
}

// refused says whose a control database is whose registry the session's role may not use.
func refused(ctx context.Context, conn *pgx.Conn, err error) error {
	var owner, role string
	if conn.QueryRow(ctx, `SELECT pg_get_userbyid(coalesce((SELECT nspowner FROM pg_namespace WHERE nspname = 'seedbed'), datdba)), current_user
		FROM pg_database WHERE datname = current_database()`).Scan(&owner, &role) != nil {
		return err
	}
	return fmt.Errorf("%w: what it holds is role %s's, which made it, and all who share a server connect as one role: connect as %[2]s, or run `GRANT %[3]s TO %[4]s`",
		err, owner, quote(owner), quote(role))
}

// config returns how a test connects to a database as a role: the session waits for its
// place, and its Close waits until the server has ended it.
func (s *Store) config(database, role string) *pgx.ConnConfig {
	return waiting(s.server.Config(database, role), s.holders)
}

// connect opens an administrator's session, which waits likewise.
func (s *Store) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, waiting(s.server.AdminConfig(database), s.holders))
}

// ensureRegistry creates the registry. IF NOT EXISTS alone races.
func ensureRegistry(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	err := conn.QueryRow(ctx, `SELECT to_regclass('seedbed.presence') IS NOT NULL AND EXISTS (SELECT FROM pg_attribute
		WHERE attrelid = to_regclass('seedbed.clone') AND attname = 'project')`).Scan(&there)
	if err != nil || there {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(registryKey)); err != nil {
			return err
		}
		_, err := tx.Conn().PgConn().Exec(ctx, registrySQL).ReadAll()
		return err
	})
}

// mostEndedPools is how many pools of tests that have ended stay open.
const mostEndedPools = 32

// endPool ends the sessions of a pool whose test has ended. The pool itself is closed
// later: until then it says whose database it was to code that still uses it.
func (s *Store) endPool(ctx context.Context, pool *pgxpool.Pool) {
	closeSessions(ctx, pool)
	s.endedMu.Lock()
	defer s.endedMu.Unlock()
	s.ended = append(s.ended, pool)
	if len(s.ended) > mostEndedPools {
		go s.ended[0].Close() // in the background: connections that were leaked keep it open
		s.ended = s.ended[1:]
	}
}

// closeTime is how long Close waits before it cancels what is under way.
const closeTime = 5 * time.Second

// Close waits for the drops under way and leaves the server. Databases that are ready
// stay on it, for another process.
func (s *Store) Close(ctx context.Context) {
	for _, pool := range s.ready {
		pool.stop()
	}
	// What is under way ends by itself: a statement that is cancelled in the middle keeps a
	// goroutine of its connection busy for longer.
	impatient := time.AfterFunc(closeTime, s.stop)
	s.background.Wait()
	impatient.Stop()
	s.stop()
	for _, pool := range s.ready {
		pool.close(ctx)
	}
	for _, pool := range s.ended {
		if pool.Stat().AcquiredConns() == 0 {
			pool.Close()
		}
	}
	s.control.Close()
	s.presence.Close(ctx)
}

// Settle waits for the clones, resets and drops that are under way.
func (s *Store) Settle() { s.background.Wait() }
