package template

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/properties"
)

// build makes the template of layers under the lock that admin holds: in a
// database of another name, which takes the template's name in the transaction
// that also records and closes it.
func (s *Store) build(ctx context.Context, admin *pgx.Conn, layers []Layer) error {
	name := s.databaseName(layers)
	draft := "sb_b_" + strings.TrimPrefix(name, "sb_t_")
	base := "template0"
	if below := layers[:len(layers)-1]; len(below) > 0 {
		t, err := s.Ensure(ctx, below)
		if err != nil {
			return err
		}
		base = t.name
	}
	// A build that was killed left its draft; a template without its record is
	// as good as none.
	for _, leftover := range []string{draft, name} {
		if err := s.dropDatabase(ctx, leftover); err != nil {
			return err
		}
	}
	if err := s.create(ctx, admin, draft, base); err != nil {
		return err
	}
	err := s.fill(ctx, draft, layers[len(layers)-1])
	if err == nil {
		err = s.finish(ctx, admin, draft, name, layers)
	}
	if err != nil {
		if derr := s.dropDatabase(context.WithoutCancel(ctx), draft); derr != nil {
			err = fmt.Errorf("%w (and its draft is left behind: %w)", err, derr)
		}
	}
	return err
}

func (s *Store) create(ctx context.Context, admin *pgx.Conn, name, base string) error {
	sql := fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s", quote(name), quote(s.host.Owner), quote(base))
	if s.host.FileCopy {
		sql += " STRATEGY FILE_COPY"
	}
	if _, err := admin.Exec(ctx, sql); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// fill runs the layer's steps, each in a session of its role that is gone
// before the database is used on.
func (s *Store) fill(ctx context.Context, database string, layer Layer) error {
	steps := []struct {
		role string
		run  func(context.Context, *pgx.Conn) error
	}{{s.host.Admin, layer.Admin}, {s.host.Owner, layer.Owner}}
	for _, step := range steps {
		if step.run == nil {
			continue
		}
		conn, err := s.connect(ctx, database, step.role)
		if err != nil {
			return err
		}
		err = step.run(ctx, conn)
		conn.Close(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
	}
	return nil
}

// finish records what clones do not inherit, then closes the draft and gives it
// its name, in one transaction.
func (s *Store) finish(ctx context.Context, admin *pgx.Conn, draft, name string, layers []Layer) error {
	if err := s.dropOthers(ctx, admin, draft); err != nil {
		return err
	}
	inside, err := s.connect(ctx, draft, s.host.Admin)
	if err != nil {
		return err
	}
	var unforced, unlogged bool
	replay, err := properties.Of(ctx, inside, draft)
	if err == nil {
		err = inside.QueryRow(ctx, describeSQL).Scan(&unforced, &unlogged)
	}
	inside.Close(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("describe the template: %w", err)
	}
	// On the disk, sequences included, before anybody copies it. Not every
	// administrator may ask for that, and nothing but a crash shows the difference.
	admin.Exec(ctx, "CHECKPOINT")
	names := make([]string, len(layers))
	for i, l := range layers {
		names[i] = l.Name
	}
	return pgx.BeginFunc(ctx, admin, func(tx pgx.Tx) error {
		for _, sql := range []string{
			fmt.Sprintf("ALTER DATABASE %s WITH ALLOW_CONNECTIONS false IS_TEMPLATE true", quote(draft)),
			fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", quote(draft), quote(name)),
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("finish the template: %w", err)
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO seedbed.template (name, layers, replay, unforced, unlogged) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET replay = excluded.replay, unforced = excluded.unforced, unlogged = excluded.unlogged,
				layout = NULL, created_at = clock_timestamp()`,
			name, strings.Join(names, ", "), replay, unforced, unlogged)
		return err
	})
}

// describeSQL asks, inside a finished database, whether its owner would pass
// somebody's row-level security, and whether a crash would empty something.
const describeSQL = `SELECT
	EXISTS (SELECT FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity),
	EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u' AND relkind IN ('r', 'm', 'S'))`

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
