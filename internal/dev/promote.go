package dev

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
)

// promotedFrom begins what the registry says of a promoted database.
const promotedFrom = "promoted: "

// Promotion is a database of another server that is to become the branch's.
type Promotion struct {
	URL    string // as a role that sees all rows
	Name   string // for the record, such as the test's
	Source Source // of its migrations, as in Plan
	// Copy copies a database, by URLs. The target is empty.
	Copy func(ctx context.Context, from, to string) error
}

// Promote makes a copy of another database the branch's, instead of what it is now,
// once the copy is complete. What it was is kept as the snapshot that Promote returns, ""
// where there was none. Roles that are named there and missing here are made, without the
// right to log in.
func (s *Server) Promote(ctx context.Context, p Promotion) (kept string, err error) {
	name := s.Project.Database()
	d := Database{Name: name, Branch: s.Project.Branch, Source: p.Source, Seeded: promotedFrom + p.Name}
	err = s.change(ctx, func() (err error) {
		if err := s.refuseForeign(ctx, name); err != nil {
			return err
		}
		s.say.Begin("promote", "copying "+p.Name)
		if d.build, err = s.currentBuild(ctx); err != nil {
			return err
		}
		if err := s.adoptRoles(ctx, p.URL, d.build); err != nil {
			return err
		}
		draft := name + "~draft"
		err = s.exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0", quote(draft), server.Owner))
		if err != nil {
			return err
		}
		if err := p.Copy(ctx, p.URL, s.server.URL(draft, server.Superuser)); err != nil {
			return err
		}
		if _, err := s.quiesce(ctx, draft); err != nil {
			return err
		}
		if kept, err = s.keepBefore(ctx, "before-promote"); err != nil {
			return err
		}
		s.say.Begin("promote", "putting the copy in place")
		return s.swap(ctx, map[string]Database{draft: d})
	})
	if err == nil {
		s.say.End(name + " is a copy of " + p.Name)
	}
	return kept, err
}

// keepBefore makes a snapshot of the branch's database, if there is one, before it is
// replaced. label gets a number where a snapshot has it. The caller holds the lock.
func (s *Server) keepBefore(ctx context.Context, label string) (kept string, err error) {
	d, err := s.Database(ctx, "")
	if _, none := errors.AsType[*NoDatabaseError](err); none {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	all, err := s.Databases(ctx)
	if err != nil {
		return "", err
	}
	kept = label
	for n := 2; slices.ContainsFunc(all, func(d Database) bool { return d.Branch == s.Project.Branch && d.Snapshot == kept }); n++ {
		kept = fmt.Sprint(label, n)
	}
	if !labels.MatchString(kept) {
		return "", fmt.Errorf("too many snapshots are called %s: drop some, as in seedbed snapshot --drop %[1]s", label)
	}
	_, err = s.snapshot(ctx, d, kept)
	return kept, err
}

// adoptRoles makes the roles of another server that this one has not, as roles of a
// build.
func (s *Server) adoptRoles(ctx context.Context, url string, build int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to the database to promote: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, "SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|seedbed_)'")
	if err != nil {
		return err
	}
	theirs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, role := range theirs {
		err := s.exec(ctx, "CREATE ROLE "+quote(role)+" NOLOGIN")
		if code(err) == "42710" {
			continue
		}
		if err == nil {
			_, err = s.admin.Exec(ctx, "INSERT INTO seedbed.development_role SELECT oid, $2, rolname FROM pg_roles WHERE rolname = $1", role, build)
		}
		if err != nil {
			return fmt.Errorf("make the role %s: %w", role, err)
		}
	}
	return nil
}
