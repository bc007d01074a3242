package template

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// build makes the template of layers under the lock that admin holds. It works in a
// draft, a database of another name, which takes the template's name in the
// transaction that also records and closes it.
func (s *Store) build(ctx context.Context, admin *pgx.Conn, layers []Layer) (err error) {
	name := s.databaseName(layers)
	draft := "sb_b_" + strings.TrimPrefix(name, "sb_t_")
	base, locale := "template0", ""
	var settings []string // of the database below, which CREATE DATABASE leaves behind
	if below := layers[:len(layers)-1]; len(below) > 0 {
		t, err := s.Ensure(ctx, below)
		if err != nil {
			return err
		}
		base, settings = t.name, t.settings
	} else if locale, err = s.localeClause(layers[0].Locale); err != nil {
		return err
	}
	// A build that was killed left its draft. A template without a record is not whole.
	for _, leftover := range []string{draft, name} {
		if err := s.dropDatabase(ctx, leftover); err != nil {
			return err
		}
	}
	watch, err := s.watchShared(ctx, layers)
	if err != nil {
		return err
	}
	if err := s.create(ctx, admin, draft, base, locale); err != nil {
		if layers[0].Locale != "" && locale != "" {
			return fmt.Errorf("Server.Locale is %q: %w", layers[0].Locale, err)
		}
		return err
	}
	if err = applySettings(ctx, admin, settings, draft); err == nil {
		err = s.run(ctx, admin, draft, layers[len(layers)-1])
	}
	err = watch.end(ctx, err)
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

// localeClause is how CREATE DATABASE has a locale as Server.Locale names it.
func (s *Store) localeClause(locale string) (string, error) {
	icu, isICU := strings.CutPrefix(locale, "icu:")
	switch {
	case locale == "":
		return "", nil
	case !isICU && s.server.Major() < 15:
		return " LOCALE " + literal(locale), nil
	case !isICU:
		return " LOCALE_PROVIDER libc LOCALE " + literal(locale), nil
	case s.server.Major() < 15:
		return "", fmt.Errorf("Server.Locale is %q: Postgres %s has no databases with a locale of ICU's; 15 and later have", locale, s.server.Version())
	}
	return " LOCALE_PROVIDER icu LOCALE 'C' ICU_LOCALE " + literal(icu), nil
}

// create makes a database of another one; more is what CREATE DATABASE is told beyond that.
func (s *Store) create(ctx context.Context, admin *pgx.Conn, name, base, more string) error {
	sql := fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s", quote(name), quote(s.roles.Owner), quote(base)) + more
	if s.server.Major() >= 15 && !s.server.Fsync() {
		sql += " STRATEGY FILE_COPY"
	}
	if _, err := admin.Exec(ctx, sql); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// run runs the layer's steps, each in a session of its role that has ended before
// the next one begins.
func (s *Store) run(ctx context.Context, admin *pgx.Conn, database string, layer Layer) error {
	if layer.Admin != nil {
		if err := s.runWith(ctx, s.server.AdminConfig(database), layer.Admin); err != nil {
			return err
		}
	}
	if layer.Owner == nil {
		return nil
	}
	if layer.Superuser {
		if _, err := admin.Exec(ctx, "ALTER ROLE "+quote(s.roles.Owner)+" SUPERUSER"); err != nil {
			return fmt.Errorf("make %s a superuser: %w", s.roles.Owner, err)
		}
	}
	err := s.runWith(ctx, s.server.SetupConfig(database, s.roles.Owner), layer.Owner)
	if layer.Superuser {
		if _, aerr := admin.Exec(context.WithoutCancel(ctx), "ALTER ROLE "+quote(s.roles.Owner)+" NOSUPERUSER"); err == nil {
			err = aerr
		}
	}
	return err
}

func (s *Store) runWith(ctx context.Context, cfg *pgx.ConnConfig, step func(context.Context, *pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, waiting(cfg, s.holders))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return step(ctx, conn)
}

// description is what is recorded of a template beside its name.
type description struct {
	settings           []string
	unforced, unlogged bool
	plan               *resetPlan
}

// finish ends the sessions that a step has left in the draft, and describes it. Then it
// closes the draft and gives it the template's name, in one transaction.
func (s *Store) finish(ctx context.Context, admin *pgx.Conn, draft, name string, layers []Layer) error {
	if err := s.dropDependents(ctx, admin, draft); err != nil {
		return err
	}
	if _, err := admin.Exec(ctx, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", draft); err != nil {
		return fmt.Errorf("end the sessions that are left in the template: %w", err)
	}
	d, err := s.describe(ctx, draft)
	if err != nil {
		return fmt.Errorf("describe the template: %w", err)
	}
	plan, err := json.Marshal(d.plan)
	if err != nil {
		return err
	}
	// On the disk, sequences included, before it is copied. Not every administrator may
	// ask for that, and only a crash shows the difference.
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
		_, err := tx.Exec(ctx, `INSERT INTO seedbed.template (name, layers, settings, unforced, unlogged, plan) VALUES ($1, $2, $3, $4, $5, $6::jsonb)
			ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, unforced = excluded.unforced, unlogged = excluded.unlogged,
				plan = excluded.plan, created_at = clock_timestamp()`,
			name, strings.Join(names, ", "), d.settings, d.unforced, d.unlogged, string(plan))
		return err
	})
}

func (s *Store) describe(ctx context.Context, draft string) (d description, err error) {
	conn, err := s.connect(ctx, draft)
	if err != nil {
		return d, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if d.settings, err = databaseSettings(ctx, conn, draft); err != nil {
		return d, err
	}
	if err := conn.QueryRow(ctx, describeSQL).Scan(&d.unforced, &d.unlogged); err != nil {
		return d, err
	}
	if s.server.Major() >= 15 && s.server.Super() { // statistics in shared memory, which are exact
		d.plan, err = readPlan(ctx, conn)
	} else {
		d.plan = &resetPlan{Obstacle: "the server is older than Postgres 15, or its administrator is no superuser"}
	}
	return d, err
}

// describeSQL asks whether the owner of a table would pass its row-level security, and
// whether a crash would empty a relation.
const describeSQL = `SELECT
	EXISTS (SELECT FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity),
	EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u' AND relkind IN ('r', 'm', 'S'))`

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
