package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/variables"
)

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
	r := &ready{}
	if err := s.prepare(ctx, r, logf); err != nil {
		r.close(context.WithoutCancel(ctx))
		return nil, err
	}
	return r, nil
}

func (s *Server) prepare(ctx context.Context, r *ready, logf func(string, ...any)) (err error) {
	if err := variables.CheckProcess(logf); err != nil {
		return err
	}
	if r.poolConfig, err = postgres.PoolConfig(); err != nil {
		return err
	}
	if err := s.checkVersionName(); err != nil {
		return err
	}
	if s.MaxConns < 0 {
		return fmt.Errorf("Server.MaxConns is %d: leave it 0 for as many as there are processors, at least 4", s.MaxConns)
	}
	if s.MaxConns > 0 {
		r.poolConfig.MaxConns = int32(s.MaxConns)
	}
	layers, base, err := s.layers(r, logf)
	if err != nil {
		return err
	}
	if err := s.acquireTemplate(ctx, r, layers, base, logf); err != nil {
		return err
	}
	r.shared, r.clock = sync.OnceValues(r.share), s.Clock
	r.role = s.Role
	if r.role != "" {
		if err := r.findRole(ctx); err != nil {
			return err
		}
	} else {
		r.role = r.template.Role()
		if r.template.Unforced() {
			r.unforced = true
			logf("pgtest: %s", unforcedNote(r.role, nil))
		}
	}
	open := func(d *template.Database) (*pgxpool.Pool, error) { return r.pool(d, r.role, nil) }
	return r.template.Fill(ctx, r.role, open, !s.NoReset)
}

// acquireTemplate finds the server that is made for the first so many layers, or for all
// where the ones above the base change what belongs to the whole server, and the
// template on it.
func (s *Server) acquireTemplate(ctx context.Context, r *ready, layers []template.Layer, base int, logf func(string, ...any)) error {
	joined := func() bool {
		if base == len(layers) || s.externalURL() != "" {
			return false
		}
		yes, err := server.Joined(template.Key(layers))
		return yes && err == nil
	}
	if joined() {
		base = len(layers)
	}
	err := s.ensure(ctx, r, layers, base, logf)
	if err == nil || !joined() {
		return err
	}
	// This process or another one has just found out.
	var changed *template.SharedError
	if errors.As(err, &changed) {
		logf("pgtest: %v: a server of its own is made for it", changed)
	}
	r.close(context.WithoutCancel(ctx))
	r.store, r.cluster = nil, nil
	return s.ensure(ctx, r, layers, len(layers), logf)
}

func (s *Server) ensure(ctx context.Context, r *ready, layers []template.Layer, base int, logf func(string, ...any)) (err error) {
	for i := range layers {
		layers[i].Base = i < base
	}
	if err := s.acquire(ctx, r, layers[:base], logf); err != nil {
		return err
	}
	if r.store == nil {
		if r.store, err = template.Open(ctx, r.cluster); err != nil {
			return err
		}
	}
	if s.externalURL() != "" {
		layers[0].Locale = s.Locale // which a server of ours has
	}
	r.template, err = r.store.Ensure(ctx, layers)
	if changed := r.store.ChangedByBuild(); len(changed) > 0 {
		logf("pgtest: building the template changed what all databases of this server share, other projects' too: %s", strings.Join(changed, ", "))
	}
	return err
}

// findRole returns an error where there is no role as Server.Role names.
func (r *ready) findRole(ctx context.Context) error {
	roles, err := r.store.Roles(ctx)
	if err != nil || slices.Contains(roles, r.role) {
		return err
	}
	return fmt.Errorf("Server.Role is %q, and the server has no such role%s", r.role,
		cmp.Or(catalog.Suggestion(r.role, roles), ": a migration has to create it, with LOGIN; DB.As takes one without, too"))
}

// acquire finds the server and builds the base where there is none.
func (s *Server) acquire(ctx context.Context, r *ready, base []template.Layer, logf func(string, ...any)) (err error) {
	if url := s.externalURL(); url != "" {
		source := "SEEDBED_URL"
		if s.URL != "" {
			source = "Server.URL"
		}
		r.cluster, err = s.external(ctx, url, source, logf)
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
				r.cluster = c // Server.Migrate asks for URLs
				if r.store, err = template.Open(ctx, c); err != nil {
					return err
				}
				_, err = r.store.Ensure(ctx, base)
				return err
			},
		},
	})
	if setting, ok := errors.AsType[*postgres.SettingError](err); ok {
		return fmt.Errorf("Server.Settings: %w", setting)
	}
	return err
}

// checkVersionName returns an error where Version is none.
func (s *Server) checkVersionName() error {
	err := postgres.CheckVersion(s.Version)
	if invalid, ok := errors.AsType[*postgres.VersionError](err); ok {
		invalid.Source = "Server.Version"
	}
	return err
}

// checkVersion returns an error where a server that a URL names, in source, is of another
// version than the tests are to run on.
func (s *Server) checkVersion(on *server.Server, source string) error {
	wanted, by := s.Version, "Server.Version"
	if wanted == "" {
		wanted, by = os.Getenv("SEEDBED_VERSION"), "SEEDBED_VERSION"
	}
	fits, err := postgres.Fits(on.Version(), wanted)
	if err == nil && !fits {
		err = fmt.Errorf("the server is Postgres %s, and %s asks for %s: leave one of the two out, or name a server of that version in %s", on.Version(), by, wanted, source)
	}
	return err
}

// externalURL is the server to use instead of one of our own; "" is none.
func (s *Server) externalURL() string {
	if url := oneOf(s.URL); url != "" {
		return url
	}
	return oneOf(os.Getenv("SEEDBED_URL"))
}

// lineage is what stays when migrations are added: the first one's name.
func (s *Server) lineage() string {
	first := "no migrations"
	if s.Migrations == nil {
		return first
	}
	_ = fs.WalkDir(anchored(s.Migrations), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			first = path
			return fs.SkipAll
		}
		return nil
	})
	return first
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
