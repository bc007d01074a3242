package dev

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
)

// Roles belong to a server, not to a database. So that migrations meet on a server with
// a past what they meet on a new one, each build has roles of its own: those that were
// not there when it began. While another build's database is the branch's, they are
// called seedbed~OID; grants and owners know a role by its number, so snapshots stay
// whole, and restoring one gives its roles their names back. Roles that a person made
// belong to no build and stay as they are.

// beginBuild sets aside the roles of the branch's database and what migrations have set
// for the owner, and notes what is there. It returns the build's number.
func (s *Server) beginBuild(ctx context.Context) (build int, err error) {
	err = pgx.BeginFunc(ctx, s.admin, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO seedbed.development_build (roles, settings)
			SELECT (SELECT array_agg(oid) FROM pg_roles),
				coalesce((SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = 0 AND setrole = to_regrole($1)::oid), '{}')
			ON CONFLICT (one) DO UPDATE SET roles = excluded.roles, settings = excluded.settings`, server.Owner)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "ALTER ROLE "+server.Owner+" RESET ALL"); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `SELECT 1 + greatest((SELECT max(build) FROM seedbed.development), (SELECT max(build) FROM seedbed.development_role), 0)`).Scan(&build)
		if err != nil {
			return err
		}
		return nameRoles(ctx, tx, build)
	})
	if err != nil {
		return 0, fmt.Errorf("set the former build's roles aside: %w", err)
	}
	return build, nil
}

// adoptBuild records the roles that a complete build has made, where one is under way,
// and gives the roles of the branch's database, whichever it is now, their names.
func (s *Server) adoptBuild(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `WITH ended AS (DELETE FROM seedbed.development_build RETURNING roles)
		INSERT INTO seedbed.development_role (role, build, name)
		SELECT r.oid, d.build, r.rolname FROM ended, pg_roles r, seedbed.development d
		WHERE d.branch = $1 AND d.snapshot = '' AND r.oid <> ALL (ended.roles) AND r.rolname !~ '^(pg_|seedbed_)'
		ON CONFLICT DO NOTHING`, s.Project.Branch)
	if err != nil {
		return err
	}
	var build int
	if err := tx.QueryRow(ctx, currentBuild, s.Project.Branch).Scan(&build); err != nil {
		return err
	}
	return nameRoles(ctx, tx, build)
}

const currentBuild = "SELECT coalesce((SELECT build FROM seedbed.development WHERE branch = $1 AND snapshot = ''), 0)"

// currentBuild is that of the branch's database.
func (s *Server) currentBuild(ctx context.Context) (build int, err error) {
	err = s.admin.QueryRow(ctx, currentBuild, s.Project.Branch).Scan(&build)
	return build, err
}

// nameRoles gives the roles of one build their names, and those of all others numbers.
// A role that a person has renamed keeps that name.
func nameRoles(ctx context.Context, tx pgx.Tx, build int) error {
	rows, err := tx.Query(ctx, `SELECT r.rolname, CASE WHEN d.build = $1 THEN d.name ELSE 'seedbed~' || d.role END
		FROM seedbed.development_role d JOIN pg_roles r ON r.oid = d.role
		WHERE r.rolname IN (d.name, 'seedbed~' || d.role)
		ORDER BY d.build = $1`, build) // first those that make way
	if err != nil {
		return err
	}
	type renaming struct{ Is, Wanted string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[renaming])
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Is == r.Wanted {
			continue
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf("ALTER ROLE %s RENAME TO %s", quote(r.Is), quote(r.Wanted))); err != nil {
			return fmt.Errorf("give the role %s its name: %w", r.Wanted, err)
		}
	}
	return nil
}

// healRoles takes back what a build that did not end has done to roles, and drops roles
// of builds of which no database is left.
func (s *Server) healRoles(ctx context.Context) error {
	made, err := s.texts(ctx, `SELECT r.rolname FROM seedbed.development_build b, pg_roles r
		WHERE r.oid <> ALL (b.roles) AND r.rolname !~ '^(pg_|seedbed_)' AND r.oid NOT IN (SELECT role FROM seedbed.development_role)`)
	if err == nil {
		err = s.dropRoles(ctx, made)
	}
	if err == nil {
		err = pgx.BeginFunc(ctx, s.admin, func(tx pgx.Tx) error { return s.endBuild(ctx, tx) })
	}
	if err != nil {
		return fmt.Errorf("take back what an interrupted run did to roles: %w", err)
	}
	return s.dropUnusedRoles(ctx)
}

// endBuild forgets a build that did not end. A role of it that cannot be dropped makes
// way, as those of a build without databases do.
func (s *Server) endBuild(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO seedbed.development_role SELECT r.oid, -1, r.rolname FROM seedbed.development_build b, pg_roles r
		WHERE r.oid <> ALL (b.roles) AND r.rolname !~ '^(pg_|seedbed_)' ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	var settings []string
	err = tx.QueryRow(ctx, "DELETE FROM seedbed.development_build RETURNING settings").Scan(&settings)
	if err == nil {
		err = setForOwner(ctx, tx, settings)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return s.adoptBuild(ctx, tx)
}

// setForOwner makes settings ("name=value") those of the owner's sessions, and no others.
func setForOwner(ctx context.Context, tx pgx.Tx, settings []string) error {
	if _, err := tx.Exec(ctx, "ALTER ROLE "+server.Owner+" RESET ALL"); err != nil {
		return err
	}
	for _, text := range settings {
		name, value, _ := strings.Cut(text, "=")
		if _, err := tx.Exec(ctx, "SELECT set_config($1, $2, true)", name, value); err != nil {
			return err
		}
		// From the session, because a list in quotes would become one name.
		if _, err := tx.Exec(ctx, fmt.Sprintf("ALTER ROLE %s SET %s FROM CURRENT", server.Owner, pgx.Identifier(strings.Split(name, ".")).Sanitize())); err != nil {
			return err
		}
	}
	return nil
}

// dropUnusedRoles drops the roles of builds of which no database is left.
func (s *Server) dropUnusedRoles(ctx context.Context) error {
	unused, err := s.texts(ctx, `SELECT r.rolname FROM seedbed.development_role d JOIN pg_roles r ON r.oid = d.role
		WHERE d.build NOT IN (SELECT build FROM seedbed.development)`)
	if err == nil {
		err = s.dropRoles(ctx, unused)
	}
	if err == nil {
		_, err = s.admin.Exec(ctx, "DELETE FROM seedbed.development_role WHERE role NOT IN (SELECT oid FROM pg_roles)")
	}
	if err != nil {
		return fmt.Errorf("drop the roles of a former build: %w", err)
	}
	return nil
}

// dropRoles drops roles in an order in which they can be. One that something made by
// hand depends on stays.
func (s *Server) dropRoles(ctx context.Context, roles []string) error {
	for len(roles) > 0 {
		var left []string
		for _, role := range roles {
			// What it may do with databases and owns of the control database goes too.
			_, err := s.admin.Exec(ctx, "DROP OWNED BY "+quote(role))
			if err == nil {
				_, err = s.admin.Exec(ctx, "DROP ROLE "+quote(role))
			}
			switch {
			case code(err) == "2BP01": // dependent objects still exist
				left = append(left, role)
			case err != nil:
				return err
			}
		}
		if len(left) == len(roles) {
			return nil
		}
		roles = left
	}
	return nil
}

func (s *Server) texts(ctx context.Context, sql string) ([]string, error) {
	rows, err := s.admin.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
