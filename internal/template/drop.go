package template

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// dropDatabase drops a database that may not exist, whatever is going on in it:
// sessions, prepared transactions, replication slots, clients that come back.
func (s *Store) dropDatabase(ctx context.Context, name string) error {
	err := s.withControl(ctx, func(conn *pgx.Conn) error { return s.dropFrom(ctx, conn, name) })
	if err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

func (s *Store) withControl(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := s.control.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return do(conn.Conn())
}

func (s *Store) dropFrom(ctx context.Context, conn *pgx.Conn, name string) error {
	drop := "DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)"
	_, err := conn.Exec(ctx, drop)
	if code(err) == "42809" { // a template
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH IS_TEMPLATE false"); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, drop)
	}
	if code(err) != "55006" { // object in use
		return err
	}
	if err := s.dropDependents(ctx, conn, name); err != nil {
		return err
	}
	// A client that reconnects faster than the drop is kept out first.
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, drop)
	return err
}

// dropDependents removes what DROP DATABASE … FORCE does not: prepared transactions,
// logical replication slots and subscriptions.
func (s *Store) dropDependents(ctx context.Context, conn *pgx.Conn, name string) error {
	var prepared, slots, subscriptions []string
	err := conn.QueryRow(ctx, `SELECT
		coalesce((SELECT array_agg(gid) FROM pg_prepared_xacts WHERE database = $1), '{}'),
		coalesce((SELECT array_agg(slot_name::text) FROM pg_replication_slots WHERE database = $1), '{}'),
		coalesce((SELECT array_agg(subname::text) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = $1)), '{}')`,
		name).Scan(&prepared, &slots, &subscriptions)
	if err != nil || len(prepared)+len(slots)+len(subscriptions) == 0 {
		return err
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS true"); err != nil {
		return err
	}
	inside, err := s.connect(ctx, name)
	if err != nil {
		return err
	}
	defer inside.Close(context.WithoutCancel(ctx))
	var statements []string
	for _, gid := range prepared {
		statements = append(statements, "ROLLBACK PREPARED "+literal(gid))
	}
	for _, name := range subscriptions { // without telling the publisher
		for _, sql := range []string{"ALTER SUBSCRIPTION %s DISABLE", "ALTER SUBSCRIPTION %s SET (slot_name = NONE)", "DROP SUBSCRIPTION %s"} {
			statements = append(statements, fmt.Sprintf(sql, quote(name)))
		}
	}
	for _, slot := range slots {
		statements = append(statements, "SELECT pg_drop_replication_slot("+literal(slot)+")")
	}
	for _, sql := range statements {
		if _, err := inside.Exec(ctx, sql); err != nil && code(err) != "42704" { // it is gone
			return err
		}
	}
	return nil
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
