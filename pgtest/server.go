package pgtest

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/testlog"
	"github.com/qarion/seedbed/migrations"
)

// Server describes the databases that tests get. The zero value gives empty ones.
// Make one per package, in a variable; it must not be copied or changed once a
// test has used it: a field that was fails the next test. It is safe for parallel tests.
type Server struct {
	// Migrations are goose files, at the root or in one directory below it.
	// Nil: the databases are empty.
	Migrations fs.FS
	// Dir holds the migrations within Migrations. Empty: it is found.
	Dir string
	// Table is goose's version table. Empty: goose_db_version.
	Table string
	// AllowMissing applies migrations that are older than the newest applied one, as
	// goose's option of the same name. False: they are an error.
	AllowMissing bool
	// GoMigrations are migrations in Go, beyond those registered with goose.
	GoMigrations []*migrations.GoMigration
	// Migrate runs any other migrator, after Migrations, as the schema's owner. It gets
	// the database that becomes the template, also as a URL, and runs anew when its
	// sources (see Seed) or Inputs change. Nil: nothing.
	Migrate func(ctx context.Context, db *DB) error
	// MigrateAsSuperuser makes the schema's owner a superuser for as long as Migrations
	// and Migrate run, for histories that make event triggers, give tables to other roles
	// and the like. Tests run without that. It takes a server of our own.
	MigrateAsSuperuser bool
	// Extensions are created before the migrations run, by a superuser, and then
	// belong to the schema's owner: those that it may not create itself. Nil: none.
	Extensions []string
	// Inputs are files that Migrate or Seed read: when one changes, both run anew. Files
	// in the directory of their package and in its testdata are noticed without. Nil: none.
	Inputs fs.FS

	// Fixtures are loaded after the migrations, and Seed runs after them, both as
	// the schema's owner and once for a template: every test starts from what they
	// wrote. A function at the top level of a package is identified by the sources of that
	// package and of what it imports from its module, where these are there, else by the
	// build of the test binary; so is any other function. One that reads the clock, the
	// environment or files elsewhere is not run again for that: see Inputs. Nil: nothing.
	Fixtures Source
	Seed     func(ctx context.Context, db seedbed.DB) error

	// Clock lets tests set the time that their databases tell, with DB.Freeze and
	// DB.Advance. It takes a server of ours, or a superuser on another. False: now() is
	// Postgres's own.
	Clock bool

	// Role is the role that tests connect as. Empty: one that row-level security
	// applies to, see the package's documentation.
	Role string
	// MaxConns is the most connections a test's pool opens. Zero: 4, or the number
	// of processors if that is more.
	MaxConns int

	// NoReset gives every test a new clone. Otherwise a database in which a test has
	// only changed rows is reset and used again, which is several times cheaper.
	NoReset bool

	// Binaries is a Postgres installation, its prefix or its bin directory.
	// Empty: SEEDBED_BINARIES, else what is found or fetched.
	Binaries string
	// Version is the wanted Postgres, "18" or "18.3". Empty: SEEDBED_VERSION, else
	// the newest that is found.
	Version string
	// Settings are server settings ("max_connections": "200") that win over those
	// that make a test server fast. Servers with other settings are other servers; an
	// existing one, of URL, has to have them.
	Settings map[string]string
	// Locale of the databases: one of the system's, or one of ICU's ("icu:de-DE").
	// Empty: C.UTF-8, or C where the system lacks that.
	Locale string
	// Idle is how long the server outlives its last client. Zero: SEEDBED_IDLE, else
	// three minutes, and 20 seconds where CI is set.
	Idle time.Duration

	// URL is an existing server to use instead of one of our own, or several with
	// spaces between them, over which packages are spread. Empty: SEEDBED_URL, else
	// our own. It must be marked as one for tests, by a database called seedbed on
	// it or by SEEDBED_ALLOW. Its role needs CREATEDB.
	URL string

	mu      sync.Mutex
	settled settled // since the first test; nil before
	ready   *ready
	err     error
}

// ready is a Server in use.
type ready struct {
	cluster  *server.Server
	store    *template.Store
	template *template.Template
	role     string
	unforced bool // role is the tester, because a table's owner would pass its policies
	clock    bool
	leftOut  []string  // notes about what the databases may lack
	empty    bool      // there is nothing in them
	keywords sync.Once // see nameKeywords

	users      sync.WaitGroup // tests, and databases of Open
	poolConfig *pgxpool.Config
	shared     func() (*pgxpool.Pool, error) // see Tx
}

// use returns the Server ready for tests, and ends t where it cannot be.
func (s *Server) use(t testing.TB) *ready {
	t.Helper()
	ctx, cancel := untilDeadline(t)
	defer cancel()
	r, err := s.open(ctx, func(format string, args ...any) { testlog.Printf(t, format, args...) })
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return r
}

// open returns the Server ready for use, until the caller is done with users. What keeps
// it from that is found once, and told to every test.
func (s *Server) open(ctx context.Context, logf func(string, ...any)) (*ready, error) {
	if s == nil {
		return nil, errors.New("the *Server is nil: make one, as in var pg = &pgtest.Server{Migrations: files}")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settled == nil {
		s.settled = s.settle()
	}
	if err := s.checkSettled(); err != nil {
		return nil, err
	}
	s.leaveRetired(logf)
	if s.ready == nil && s.err == nil {
		r, err := s.start(ctx, logf)
		if err != nil && ctx.Err() != nil {
			return nil, err // the next test may have more time
		}
		s.ready, s.err = r, err
	}
	if s.err != nil {
		return nil, s.err
	}
	s.ready.users.Add(1)
	return s.ready, nil
}

// leaveRetired turns to a new server where a test, perhaps another process's, has
// changed the old one beyond repair. That stops when its last test has ended.
func (s *Server) leaveRetired(logf func(string, ...any)) {
	if s.ready == nil {
		return
	}
	why, retired := s.ready.cluster.Retired()
	if !retired {
		return
	}
	logf("pgtest: a new server is used: %s", why)
	old := s.ready
	s.ready = nil
	go func() {
		old.users.Wait()
		old.close(context.Background())
	}()
}

// Close ends all that s keeps open and runs in the background, for checks such as
// goleak's at the end of a package. The tests that have databases of s must have ended.
// A later call of DB begins anew.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready != nil {
		s.ready.close(context.Background())
	}
	s.ready, s.err, s.settled = nil, nil, nil
}

func (r *ready) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, cleanUpTime)
	defer cancel()
	if r.store != nil {
		r.store.Close(ctx)
	}
	if r.cluster != nil {
		r.cluster.Release(ctx)
	}
}
