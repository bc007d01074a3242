package dev

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/migrations"
)

// Ensured is what Ensure found or did.
type Ensured struct {
	Database
	Built   bool // it was made
	Applied int  // pending migrations of an existing one that were applied
	Unknown int  // versions it has that its migrations have not
}

// Ensure gives the branch its database: builds it by plan where there is none,
// and applies what migrations are pending to one that is there, whose rows stay.
func (s *Server) Ensure(ctx context.Context, plan Plan) (*Ensured, error) {
	var e *Ensured
	err := s.change(ctx, func() error {
		d, err := s.Database(ctx, "")
		var none *NoDatabaseError
		switch {
		case errors.As(err, &none):
			e, err = s.build(ctx, plan)
		case err == nil:
			e, err = s.update(ctx, d, plan)
		}
		return err
	})
	return e, err
}

// endOrphans ends the statements of a process that is gone: a backend notices that
// only when it is through with its statement, and what it makes until then would come
// after us. The caller holds the lock, so no other process is at work.
func (s *Server) endOrphans(ctx context.Context) error {
	_, err := s.admin.Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
			AND state <> 'idle' AND query ~ '^(CREATE|ALTER|DROP) (DATABASE|ROLE)|seedbed\.development|pg_terminate_backend\(pid, 5000\)'`)
	if err != nil {
		return fmt.Errorf("end what an interrupted run left at work: %w", err)
	}
	return nil
}

// heal drops what an interrupted process left, and opens what it had closed.
func (s *Server) heal(ctx context.Context) error {
	if err := s.endOrphans(ctx); err != nil {
		return err
	}
	var leftovers, closed []string
	err := s.admin.QueryRow(ctx, `SELECT
		coalesce(array_agg(datname::text) FILTER (WHERE datname ~ '^dev.*~(draft|old)$'), '{}'),
		coalesce(array_agg(datname::text) FILTER (WHERE NOT datallowconn
			AND datname IN (SELECT name FROM seedbed.development WHERE snapshot = '')), '{}')
		FROM pg_database`).Scan(&leftovers, &closed)
	if err != nil {
		return fmt.Errorf("look for what an interrupted run left: %w", err)
	}
	for _, name := range leftovers {
		if err := s.drop(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range closed {
		if err := s.exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS true"); err != nil {
			return err
		}
	}
	return s.healRoles(ctx)
}

// build makes the branch's database under another name: migrated, filled, and
// copied as its fresh snapshot. Roles that the former build made have other names
// meanwhile, so that migrations meet what they meet on a new server.
func (s *Server) build(ctx context.Context, plan Plan) (*Ensured, error) {
	name := s.Project.Database()
	draft := name + "~draft"
	d := Database{Name: name, Branch: s.Project.Branch, Source: plan.Source, Seeded: plan.Seeded, Model: plan.Model}
	err := s.refuseForeign(ctx, name)
	if err == nil {
		d.build, err = s.beginBuild(ctx)
	}
	if err == nil {
		err = s.exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0", quote(draft), server.Owner))
	}
	if err == nil {
		err = s.withPool(ctx, draft, func(pool *pgxpool.Pool) error {
			return s.fill(ctx, pool, plan, &d)
		})
	}
	if err == nil {
		err = s.finish(ctx, draft, d)
	}
	return &Ensured{Database: d, Built: true}, err
}

// refuseForeign protects a database that a person made by hand and gave the name
// that we want.
func (s *Server) refuseForeign(ctx context.Context, name string) error {
	var foreign bool
	err := s.admin.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_database
		WHERE datname = $1 AND datname NOT IN (SELECT name FROM seedbed.development)`, name).Scan(&foreign)
	if err == nil && foreign {
		err = fmt.Errorf("a database called %s is there that seedbed did not make; rename or drop it", name)
	}
	return err
}

func (s *Server) fill(ctx context.Context, pool *pgxpool.Pool, plan Plan, d *Database) error {
	pending := 0
	set, err := plan.open(s.say, &pending)
	if err != nil {
		return err
	}
	if d.Fingerprint, err = set.Fingerprint(); err != nil {
		return err
	}
	d.Checksums = set.Checksums()
	if err := s.migrate(ctx, pool, set, &pending, len(set.Migrations())); err != nil {
		return err
	}
	if plan.Seed == nil {
		return nil
	}
	s.say.Begin("seed", "filling it: "+plan.Seeded)
	if err := plan.Seed(ctx, pool, s.say.Update); err != nil {
		return fmt.Errorf("seed the database: %w", err)
	}
	s.say.End("filled: " + plan.Seeded)
	return nil
}

func (s *Server) migrate(ctx context.Context, pool *pgxpool.Pool, set *migrations.Set, total *int, pending int) error {
	what := "migration"
	if set.Dialect() != migrations.Goose {
		what = string(set.Dialect()) + " migration"
	}
	s.say.Begin("migrate", "applying "+count(pending, what))
	*total = pending
	if err := set.Up(ctx, pool); err != nil {
		return err
	}
	s.say.End(strings.Join(append([]string{count(pending, what) + " applied"}, set.Notes()...), "; "))
	return nil
}

// finish gives a complete draft its name, instead of whatever has it, and keeps
// a copy as the fresh snapshot.
func (s *Server) finish(ctx context.Context, draft string, d Database) error {
	if _, err := s.quiesce(ctx, draft); err != nil {
		return err
	}
	fresh := d
	fresh.Snapshot = Fresh
	fresh.Name = d.Name + "@" + Fresh
	if err := s.copy(ctx, draft, fresh.Name+"~draft"); err != nil {
		return err
	}
	return s.swap(ctx, map[string]Database{draft: d, fresh.Name + "~draft": fresh})
}

// swap gives each draft its final name and puts it on record, all in one
// transaction. The databases that had the names are dropped after it.
func (s *Server) swap(ctx context.Context, drafts map[string]Database) error {
	for _, d := range drafts {
		if _, err := s.quiesce(ctx, d.Name); err != nil && code(err) != "3D000" {
			return err
		}
	}
	err := pgx.BeginFunc(ctx, s.admin, func(tx pgx.Tx) error {
		for draft, d := range drafts {
			if err := replace(ctx, tx, draft, d); err != nil {
				return err
			}
		}
		return s.adoptBuild(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("put the new database in place: %w", err)
	}
	for _, d := range drafts {
		if err := s.drop(ctx, d.Name+"~old"); err != nil {
			return err
		}
	}
	return s.dropUnusedRoles(ctx)
}

func replace(ctx context.Context, tx pgx.Tx, draft string, d Database) error {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_database WHERE datname = $1", d.Name).Scan(&exists); err != nil {
		return err
	}
	var statements []string
	if exists {
		statements = append(statements, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", quote(d.Name), quote(d.Name+"~old")))
	}
	statements = append(statements,
		fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", quote(draft), quote(d.Name)),
		fmt.Sprintf("ALTER DATABASE %s WITH ALLOW_CONNECTIONS %t", quote(d.Name), d.Snapshot == ""))
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO seedbed.development (name, branch, snapshot, source, fingerprint, seeded, build, model, checksums)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (name) DO UPDATE SET source = $4, fingerprint = $5, seeded = $6, build = $7, model = $8, checksums = $9, created_at = clock_timestamp()`,
		d.Name, d.Branch, d.Snapshot, d.Source.record(), d.Fingerprint, d.Seeded, d.build, d.Model, d.checksums())
	return err
}

// update applies what is pending to an existing database.
func (s *Server) update(ctx context.Context, d *Database, plan Plan) (*Ensured, error) {
	e := &Ensured{Database: *d}
	pending := 0
	set, err := plan.open(s.say, &pending)
	if err != nil {
		return nil, err
	}
	if !d.Source.Equal(plan.Source) {
		return nil, &OtherSourceError{Project: s.Project, Database: d.Name, Built: d.Source, Asked: plan.Source}
	}
	return e, s.withPool(ctx, d.Name, func(pool *pgxpool.Pool) error {
		states, err := set.Status(ctx, pool)
		if err != nil {
			return err
		}
		checksums, applied := set.Checksums(), d.checksums()
		for _, state := range states {
			switch {
			case state.Unknown:
				e.Unknown++
			case !state.Applied:
				e.Applied++
				applied[state.Version] = checksums[state.Version]
			}
		}
		if e.Applied == 0 {
			return nil
		}
		if err := s.migrate(ctx, pool, set, &pending, e.Applied); err != nil {
			return err
		}
		_, err = s.admin.Exec(ctx, "UPDATE seedbed.development SET checksums = $2 WHERE name = $1", d.Name, applied)
		return err
	})
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
