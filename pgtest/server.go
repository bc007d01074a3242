package pgtest

import (
	"context"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/cluster"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/migrations"
)

// Server describes the databases that tests get. The zero value gives empty ones.
// Make one per package, in a variable; it must not be copied or changed once a
// test has used it. It is safe for parallel tests.
type Server struct {
	// Migrations are goose files, at the root or in one directory below it.
	// Nil: the databases are empty.
	Migrations fs.FS
	// GoMigrations are migrations in Go, beyond those registered with goose.
	GoMigrations []*migrations.GoMigration
	// Extensions are created before the migrations run, as a superuser: those
	// that the schema's owner may not create itself. Nil: none.
	Extensions []string

	// Fixtures are loaded after the migrations, and Seed runs after them, both as
	// the schema's owner and once for a template: every test starts from what they
	// wrote. Seed runs anew for each build of the test binary. Nil: nothing.
	Fixtures Source
	Seed     func(ctx context.Context, db seedbed.DB) error

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
	// that make a test server fast. Servers with other settings are other servers.
	Settings map[string]string
	// Locale of the databases. Empty: C.UTF-8, or C where the system lacks that.
	Locale string
	// Idle is how long the server outlives its last client. Zero: SEEDBED_IDLE, else
	// three minutes, and 20 seconds where CI is set.
	Idle time.Duration

	// URL is an existing server to use instead of one of our own, or several with
	// spaces between them, over which packages are spread. Empty: SEEDBED_URL, else
	// our own. It must be marked as one for tests, by a database called seedbed on
	// it or by SEEDBED_ALLOW. Its role needs CREATEDB.
	URL string

	mu    sync.Mutex
	ready *ready
	err   error
}

// ready is a Server in use.
type ready struct {
	cluster  *cluster.Cluster
	store    *template.Store
	template *template.Template
	role     string

	poolConfig *pgxpool.Config
	shared     func() (*pgxpool.Pool, error) // see Tx
}

// use returns the Server ready for tests. What keeps it from that is found once
// and told to every test.
func (s *Server) use(t testing.TB) *ready {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready == nil && s.err == nil {
		ctx, cancel := untilDeadline(t)
		defer cancel()
		r, err := s.start(ctx, t.Logf)
		if err != nil && ctx.Err() != nil {
			t.Fatalf("pgtest: %v", err) // the next test may have more time
		}
		s.ready, s.err = r, err
	}
	if s.err != nil {
		t.Fatalf("pgtest: %v", s.err)
	}
	return s.ready
}

// untilDeadline is the test's context, ended early enough before the test binary's
// -timeout that the error is still printed.
func untilDeadline(t testing.TB) (context.Context, context.CancelFunc) {
	if limited, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, ok := limited.Deadline(); ok {
			return context.WithDeadline(t.Context(), end.Add(-time.Until(end)/20))
		}
	}
	return context.WithCancel(t.Context())
}

func (s *Server) start(ctx context.Context, logf func(string, ...any)) (*ready, error) {
	layers, err := s.layers()
	if err != nil {
		return nil, err
	}
	r := &ready{}
	host, err := s.host(ctx, r, logf)
	if err != nil {
		return nil, err
	}
	if r.store, err = template.Open(ctx, host); err != nil {
		return nil, err
	}
	if r.template, err = r.store.Ensure(ctx, layers); err != nil {
		r.store.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	r.role = s.Role
	if r.role == "" {
		r.role = r.template.Role()
	}
	r.poolConfig = host.Pool.Copy()
	if s.MaxConns > 0 {
		r.poolConfig.MaxConns = int32(s.MaxConns)
	}
	r.shared = sync.OnceValues(r.share)
	open := func(d *template.Database) (*pgxpool.Pool, error) { return r.pool(d, r.role, nil) }
	if err := r.template.Fill(ctx, r.role, open, !s.NoReset); err != nil {
		r.store.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return r, nil
}

// layers is what a database is made of, from the empty one up.
func (s *Server) layers() ([]template.Layer, error) {
	all := []template.Layer{extensionLayer(s.Extensions)}
	if s.Migrations != nil || s.GoMigrations != nil {
		set, err := migrations.Open(s.Migrations, migrations.Options{Go: s.GoMigrations})
		if err != nil {
			return nil, err
		}
		layer, err := migrationLayer(set)
		if err != nil {
			return nil, err
		}
		all = append(all, layer)
	}
	if s.Fixtures != nil {
		layer, err := sourceLayer("fixtures", s.Fixtures)
		if err != nil {
			return nil, err
		}
		all = append(all, layer)
	}
	if s.Seed != nil {
		layer, err := sourceLayer("seed", seedFunc(s.Seed))
		if err != nil {
			return nil, err
		}
		all = append(all, layer)
	}
	return all, nil
}

func (s *Server) host(ctx context.Context, r *ready, logf func(string, ...any)) (template.Host, error) {
	url := oneOf(s.URL)
	if url == "" {
		url = oneOf(os.Getenv("SEEDBED_URL"))
	}
	var err error
	if url != "" {
		r.cluster, err = cluster.External(ctx, url)
	} else {
		r.cluster, err = cluster.Acquire(ctx, cluster.Config{
			Binaries: s.Binaries,
			Version:  s.Version,
			Settings: s.Settings,
			Locale:   s.Locale,
			Idle:     s.Idle,
			Protocol: template.Protocol,
			Logf:     logf,
		})
	}
	if err != nil {
		return template.Host{}, err
	}
	pool, err := cluster.PoolConfig()
	if err != nil {
		return template.Host{}, err
	}
	roles := r.cluster.Roles()
	return template.Host{
		Config:      r.cluster.Config,
		Control:     cluster.ControlDatabase,
		Admin:       roles.Admin,
		Owner:       roles.Owner,
		Tester:      roles.Tester,
		Pool:        pool,
		Presence:    r.cluster.Lease(),
		Connections: r.cluster.Connections(),
		FileCopy:    r.cluster.Major() >= 15 && !r.cluster.Fsync(),
		Resettable:  r.cluster.Major() >= 15 && r.cluster.Super(),
	}, nil
}

// oneOf picks one of several URLs: the same for all tests of a package, so that
// its template is built on one server only.
func oneOf(urls string) string {
	all := strings.Fields(urls)
	if len(all) == 0 {
		return ""
	}
	h := fnv.New32a()
	h.Write([]byte(filepath.Base(os.Args[0])))
	return all[int(h.Sum32()%uint32(len(all)))]
}
