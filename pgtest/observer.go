package pgtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
)

// An observer looks into the database of a test that has failed, as the test's sessions
// see it and as a session sees it to which no policy applies.
type observer struct {
	conn     querier
	bypass   string    // a role that sees all rows; "" is conn's own
	role     string    // the test's
	inTx     bool      // conn is the test's own transaction; see Server.Tx
	sessions []*DB     // of DB.As
	unforced bool      // role is the tester, because the owner would pass policies
	ours     []string  // roles that no migration has made
	refused  []refusal // by policies, or for want of a right
	idle     bool      // the test itself has not used the database
	log      string    // what the server and the drivers said
	sets     string    // what the test has set for its session, as statements
}

// querier is a connection, or a transaction in which Begin makes savepoints.
type querier interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// A refusal is a statement that the server refused a session of the test.
type refusal struct {
	note
	session *DB // of DB.As, or the test's database
}

// observe looks at a test's database through the administrator's connection.
func (db *DB) observe(admin *pgx.Conn, log []string) *observer {
	roles := db.server.cluster.Roles()
	o := &observer{conn: admin, role: db.role, sessions: db.sessions(), unforced: db.server.unforced, log: strings.Join(log, "\n"),
		ours: []string{roles.Admin, roles.Owner, roles.Tester, server.Seeder}, idle: !db.lent.Load()}
	for _, session := range append(o.sessions, db) {
		activity := activityOf(session.Pool)
		for _, n := range activity.refusals(nil) {
			o.refused = append(o.refused, refusal{n, session})
			o.log += "\n" + n.String()
		}
		o.idle = o.idle && !activity.hasAsked() && !session.lent.Load()
	}
	o.sets = strings.Join(activityOf(db.Pool).settings(), "\n")
	return o
}

// observe looks at what a test has written in its transaction, or, where a statement has
// failed and aborted that, at what the database had before.
func (tx *testTx) observe(ctx context.Context, log []string) *observer {
	o := &observer{conn: tx.Tx, role: tx.server.role, inTx: true, unforced: tx.server.unforced}
	for _, n := range activityOf(tx.pool).refusals(tx.conn) {
		log = append(log, n.String())
	}
	o.log = strings.Join(log, "\n")
	if tx.conn.PgConn().TxStatus() != 'T' {
		_ = tx.Tx.Rollback(ctx)
		o.conn = tx.conn
	}
	_ = o.scan(ctx, "", nil, "SELECT current_user", nil, &o.role)
	o.bypass = o.role
	if err := o.scan(ctx, server.Seeder, nil, "SELECT", nil); err == nil {
		o.bypass = server.Seeder
	}
	return o
}

// scan reads one row as a role with settings; "" is the connection's own role. It leaves
// the connection as it was.
func (o *observer) scan(ctx context.Context, role string, settings map[string]string, sql string, args []any, into ...any) error {
	tx, err := o.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	// A table that the test has locked is left out.
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '200ms'"); err != nil {
		return err
	}
	for name, value := range settings {
		if _, err := tx.Exec(ctx, "SELECT set_config($1, $2, true)", name, value); err != nil {
			return err
		}
	}
	if role != "" {
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+pgx.Identifier{role}.Sanitize()); err != nil {
			return err
		}
	}
	return tx.QueryRow(ctx, sql, args...).Scan(into...)
}

// count counts a table's rows, up to countLimit.
func (o *observer) count(ctx context.Context, role string, settings map[string]string, table string) (n int, err error) {
	err = o.scan(ctx, role, settings, fmt.Sprintf("SELECT count(*) FROM (SELECT FROM %s LIMIT %d) x", table, countLimit), nil, &n)
	return n, err
}
