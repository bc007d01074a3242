package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/buildid"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/dirfs"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/trace"
	"github.com/qarion/seedbed/migrations"
)

// layers is what a database is made of, from the empty one up. The first so many are
// the base, which the server is made for.
func (s *Server) layers(r *ready, logf func(string, ...any)) (all []template.Layer, base int, err error) {
	add := func(l template.Layer, err error) error {
		all = append(all, l)
		return err
	}
	if len(s.Extensions) > 0 {
		all = append(all, r.extensionLayer(s.Extensions))
	}
	if s.Clock {
		all = append(all, r.clockLayer())
	}
	if s.MigrateAsSuperuser && s.externalURL() != "" {
		return nil, 0, errors.New("Server.MigrateAsSuperuser makes the schema's owner a superuser while the migrations run, which is not done on a server that others share; leave Server.URL and SEEDBED_URL empty")
	}
	if !tableName.MatchString(s.Table) {
		return nil, 0, fmt.Errorf("Server.Table is %q: name a table, with its schema or without, as in goose_db_version or app.versions", s.Table)
	}
	if s.Migrations != nil || s.GoMigrations != nil {
		set, err := migrations.Open(anchored(s.Migrations), migrations.Options{Dir: s.Dir, Table: s.Table, AllowMissing: s.AllowMissing, Go: s.GoMigrations})
		if err != nil {
			return nil, 0, err
		}
		if set.Dialect() != migrations.Goose {
			logf("pgtest: %v", set)
		}
		r.leftOut = set.Notes()
		for _, note := range r.leftOut {
			logf("pgtest: %s", note)
		}
		if err := add(s.migrationLayer(set)); err != nil {
			return nil, 0, err
		}
	}
	if s.Migrate != nil {
		if err := add(s.migrateLayer(r)); err != nil {
			return nil, 0, err
		}
	}
	if len(all) == 0 {
		all = append(all, emptyLayer)
	}
	if s.Migrations == nil && s.GoMigrations == nil && s.Migrate == nil {
		r.empty, r.leftOut = true, []string{"this Server has no Migrations and no Migrate: its databases are empty"}
	}
	base = len(all)
	if s.Fixtures != nil {
		if err := add(sourceLayer("fixtures", s.Fixtures)); err != nil {
			return nil, 0, err
		}
	}
	if s.Seed != nil {
		if err := add(sourceLayer("seed", seed{s})); err != nil {
			return nil, 0, err
		}
	}
	return all, base, nil
}

// tableName is what Server.Table may be: goose writes it into statements as it is.
var tableName = regexp.MustCompile(`^([\w$"]+(\.[\w$"]+)?)?$`)

// started is where the test binary was started, before any test changed directory.
var started, _ = os.Getwd()

// anchored makes an os.DirFS of a relative path independent of the working directory,
// which a test may change.
func anchored(fsys fs.FS) fs.FS {
	dir, ok := dirfs.Path(fsys)
	if !ok || filepath.IsAbs(dir) {
		return fsys
	}
	return os.DirFS(filepath.Join(started, dir))
}

// emptyLayer is a database with nothing in it.
var emptyLayer = template.Layer{Name: "empty"}

// extensionLayer is the lowest layer: the extensions that take a superuser. They
// belong to the owner, as on hosted Postgres: a dump comments on them.
func (r *ready) extensionLayer(extensions []string) template.Layer {
	return template.Layer{
		Name:        "extensions",
		Fingerprint: strings.Join(extensions, "\x00"),
		Admin: func(ctx context.Context, conn *pgx.Conn) error {
			// Where one is created whose script names no schema.
			if _, err := conn.Exec(ctx, `SET search_path TO "$user", public`); err != nil {
				return err
			}
			for _, name := range extensions {
				if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE"); err != nil {
					return fmt.Errorf("create the extension %q of Server.Extensions: %w%s", name, err, likelyExtension(ctx, conn, name))
				}
			}
			owner := r.cluster.Roles().Owner
			if len(extensions) == 0 || owner == conn.Config().User {
				return nil
			}
			_, err := conn.Exec(ctx, "UPDATE pg_extension SET extowner = (SELECT oid FROM pg_roles WHERE rolname = $1) WHERE oid >= 16384 OR extname = ANY ($2)", owner, extensions)
			if err != nil {
				return fmt.Errorf("give the extensions of Server.Extensions to %s: %w", owner, err)
			}
			return nil
		},
	}
}

// likelyExtension suggests one that the server has.
func likelyExtension(ctx context.Context, conn *pgx.Conn, name string) string {
	rows, err := conn.Query(ctx, "SELECT name::text FROM pg_available_extensions")
	if err != nil {
		return ""
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || slices.Contains(all, name) {
		return ""
	}
	return catalog.Suggestion(name, all)
}

// migrationLayer runs the migrations as the owner.
func (s *Server) migrationLayer(set *migrations.Set) (template.Layer, error) {
	fingerprint, err := set.Fingerprint()
	return s.elevated(template.Layer{
		Name:        "migrations",
		Fingerprint: fmt.Sprintf("%s %q %t", fingerprint, s.Table, s.AllowMissing),
		Owner:       func(ctx context.Context, conn *pgx.Conn) error { return set.Up(ctx, conn) },
	}), err
}

// migrateLayer runs Server.Migrate as the owner.
func (s *Server) migrateLayer(r *ready) (template.Layer, error) {
	fingerprint, err := s.codeFingerprint(s.Migrate)
	return s.elevated(template.Layer{
		Name:        "migrate",
		Fingerprint: fingerprint,
		Owner: func(ctx context.Context, conn *pgx.Conn) error {
			cfg := r.poolConfig.Copy()
			cfg.ConnConfig = conn.Config()
			tracer := trace.New(nil)
			cfg.ConnConfig.Tracer = tracer
			pool, err := pgxpool.NewWithConfig(ctx, cfg)
			if err != nil {
				return err
			}
			db := r.handle(nil, pool, cfg.ConnConfig.User)
			err = s.Migrate(ctx, db)
			if pool.Stat().AcquiredConns() > 0 {
				sites := slices.Sorted(maps.Values(tracer.Acquired()))
				return errors.Join(err, fmt.Errorf("run Server.Migrate: it has returned with connections in use, acquired at %s: close rows, end transactions and release connections", strings.Join(sites, ", ")))
			}
			pool.Close()
			if err != nil {
				return fmt.Errorf("run Server.Migrate: %w", err)
			}
			return nil
		},
	}), err
}

// elevated makes the owner a superuser while a layer is built, if it is to be one.
func (s *Server) elevated(l template.Layer) template.Layer {
	if s.MigrateAsSuperuser {
		l.Fingerprint += " as superuser"
		l.Superuser = true
	}
	return l
}

// A Source fills databases with rows, once: what it loads becomes part of the
// template. A fixture set is one.
type Source interface {
	// Fingerprint identifies everything that shapes what Load writes.
	Fingerprint() (string, error)
	// Load writes to a database that has been migrated.
	Load(ctx context.Context, db seedbed.DB) error
}

func sourceLayer(name string, source Source) (template.Layer, error) {
	fingerprint, err := source.Fingerprint()
	return template.Layer{
		Name:        name,
		Fingerprint: fingerprint,
		Owner: func(ctx context.Context, conn *pgx.Conn) error {
			if err := source.Load(ctx, conn); err != nil {
				return fmt.Errorf("load the %s: %w%s", name, err, wayPastPolicies(ctx, conn, err))
			}
			return nil
		},
	}, err
}

// seed makes Server.Seed a Source.
type seed struct{ server *Server }

func (s seed) Fingerprint() (string, error) { return s.server.codeFingerprint(s.server.Seed) }

func (s seed) Load(ctx context.Context, db seedbed.DB) error { return s.server.Seed(ctx, db) }

// codeFingerprint identifies a function of the user's and the files that it may read.
func (s *Server) codeFingerprint(function any) (string, error) {
	code, err := buildid.Function(function)
	if err != nil {
		return "", err
	}
	files, err := buildid.Files(anchored(s.Inputs))
	if err != nil {
		return "", fmt.Errorf("read Server.Inputs: %w", err)
	}
	return code + " " + files, nil
}
