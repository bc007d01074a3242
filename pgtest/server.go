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
	"github.com/qarion/seedbed/internal/server"
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
	cluster  *server.Server
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
	layers, base, err := s.layers()
	if err != nil {
		return nil, err
	}
	r := &ready{}
	if err := s.acquire(ctx, r, layers[:base], logf); err != nil {
		return nil, err
	}
	if r.store == nil {
		if r.store, err = openStore(ctx, r.cluster); err != nil {
			return nil, err
		}
	}
	if r.template, err = r.store.Ensure(ctx, layers); err != nil {
		r.store.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	r.role = s.Role
	if r.role == "" {
		r.role = r.template.Role()
	}
	if r.poolConfig, err = server.PoolConfig(); err != nil {
		return nil, err
	}
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

// layers is what a database is made of, from the empty one up. The first so many are
// the base, which the server is made for.
func (s *Server) layers() (all []template.Layer, base int, err error) {
	all = []template.Layer{extensionLayer(s.Extensions)}
	if s.Migrations != nil || s.GoMigrations != nil {
		set, err := migrations.Open(s.Migrations, migrations.Options{Go: s.GoMigrations})
		if err != nil {
			return nil, 0, err
		}
		layer, err := migrationLayer(set)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, layer)
	}
	base = len(all)
	if s.Fixtures != nil {
		layer, err := sourceLayer("fixtures", s.Fixtures)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, layer)
	}
	if s.Seed != nil {
		layer, err := sourceLayer("seed", seedFunc(s.Seed))
		if err != nil {
			return nil, 0, err
		}
		all = append(all, layer)
	}
	return all, base, nil
}

// acquire finds the server and builds the base where there is none.
func (s *Server) acquire(ctx context.Context, r *ready, base []template.Layer, logf func(string, ...any)) (err error) {
	url := oneOf(s.URL)
	if url == "" {
		url = oneOf(os.Getenv("SEEDBED_URL"))
	}
	if url != "" {
		r.cluster, err = server.External(ctx, url)
		return err
	}
	r.cluster, err = server.Acquire(ctx, server.Config{
		Binaries:   s.Binaries,
		Version:    s.Version,
		Settings:   s.Settings,
		Locale:     s.Locale,
		Extensions: s.Extensions,
		Idle:       s.Idle,
		Lineage:    s.lineage(),
		Logf:       logf,
		Base: server.Base{
			Key: template.Key(base),
			Build: func(ctx context.Context, c *server.Server) (err error) {
				if r.store, err = openStore(ctx, c); err != nil {
					return err
				}
				if _, err = r.store.Ensure(ctx, base); err != nil {
					r.store.Close(context.WithoutCancel(ctx))
				}
				return err
			},
		},
	})
	return err
}

// lineage is what stays when migrations are added: the first one's name.
func (s *Server) lineage() string {
	first := "no migrations"
	if s.Migrations == nil {
		return first
	}
	_ = fs.WalkDir(s.Migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			first = path
			return fs.SkipAll
		}
		return nil
	})
	return first
}

func openStore(ctx context.Context, c *server.Server) (*template.Store, error) {
	host, err := template.HostOf(c)
	if err != nil {
		return nil, err
	}
	return template.Open(ctx, host)
}

// oneOf picks one of several URLs: the same for all tests of a package, so that
// its template is built on one server only. What is no URL is one connection string.
func oneOf(urls string) string {
	if !strings.Contains(urls, "://") {
		return strings.TrimSpace(urls)
	}
	all := strings.Fields(urls)
	if len(all) == 0 {
		return ""
	}
	h := fnv.New32a()
	h.Write([]byte(filepath.Base(os.Args[0])))
	return all[int(h.Sum32()%uint32(len(all)))]
}
