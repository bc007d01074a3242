package audit

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// A bypassSession is the transaction that everything is read in, as a role that row-level
// security hides nothing from, or else with an error where it would.
type bypassSession struct {
	ctx  context.Context
	db   seedbed.DB
	role string // that reads
	step string // SET LOCAL ROLE to it, or ""
	tx   pgx.Tx
	// patience is how long a query waits for a lock.
	patience string
	// blind are the tables and sequences that the role cannot read, as SQL names them. Nil:
	// none.
	blind []string
}

func openBypassSession(ctx context.Context, db seedbed.DB, cat *catalog.Catalog) (*bypassSession, error) {
	e := &bypassSession{ctx: ctx, db: db, role: cat.User, patience: patience}
	if up := roleSeeingAllRows(cat); up != nil && up.Name != cat.User {
		e.role, e.step = up.Name, "SET LOCAL ROLE "+catalog.Ident(up.Name)
	}
	if err := e.open(); err != nil {
		return nil, err
	}
	if me := cat.Role(e.role); me != nil && me.Super {
		return e, nil
	}
	if err := e.findBlind(); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// findBlind asks what the session cannot read. A query of that is not sent: it is known to
// fail, and each would leave its error in the server's log and in the test's.
func (e *bypassSession) findBlind() error {
	rows, err := e.tx.Query(e.ctx, `SELECT '"' || replace(nspname, '"', '""') || '"."' || replace(relname, '"', '""') || '"'
		FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(c.oid, 'SELECT')
			ELSE relkind IN ('r', 'p') AND (row_security_active(c.oid) OR NOT has_any_column_privilege(c.oid, 'SELECT')) END`)
	if err == nil {
		e.blind, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return fmt.Errorf("ask which tables the session may read: %w", err)
	}
	return nil
}

// sees is the error that a query of a table's rows would get, or nil.
func (e *bypassSession) sees(sql string) error {
	for _, name := range e.blind {
		for _, before := range []string{"FROM ", "JOIN ", "ONLY "} {
			if strings.Contains(sql, before+name) {
				return &pgconn.PgError{Severity: "ERROR", Code: "42501", Message: "permission denied for the rows of " + name}
			}
		}
	}
	return nil
}

// roleSeeingAllRows is a role that the session may become and that sees every row: its
// own, if that will do.
func roleSeeingAllRows(cat *catalog.Catalog) *catalog.Role {
	if me := cat.Role(cat.User); me != nil && (me.Super || me.BypassRLS) {
		return me
	}
	session := cat.Role(cat.Session)
	if session == nil {
		return nil
	}
	if session.Super {
		return session
	}
	for _, r := range session.Reaches() {
		if (r.Super || r.BypassRLS) && canSet(session, r) {
			return r
		}
	}
	return nil
}

// canSet reports whether SET ROLE leads from one role to another; a membership
// that only inherits does not.
func canSet(from, to *catalog.Role) bool {
	seen := map[*catalog.Role]bool{from: true}
	queue := []*catalog.Role{from}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		if r == to {
			return true
		}
		for _, m := range r.MemberOf {
			if m.Set && !seen[m.Role] {
				seen[m.Role] = true
				queue = append(queue, m.Role)
			}
		}
	}
	return false
}

func (e *bypassSession) open() error {
	tx, err := e.db.Begin(e.ctx)
	if err != nil {
		return fmt.Errorf("begin a transaction to check in: %w", err)
	}
	e.tx = tx
	// Where row-level security would filter, an error is wanted, not fewer rows.
	for _, sql := range []string{"SET LOCAL row_security = off", "SET LOCAL lock_timeout = '" + e.patience + "'", e.step} {
		if sql == "" {
			continue
		}
		if _, err := tx.Exec(e.ctx, sql); err != nil {
			e.close()
			return fmt.Errorf("prepare a transaction to check in: %w", err)
		}
	}
	return nil
}

// reopen goes on after a query that failed.
func (e *bypassSession) reopen() error {
	e.close()
	return e.open()
}

func (e *bypassSession) close() {
	if e.tx != nil {
		_ = e.tx.Rollback(context.WithoutCancel(e.ctx)) // nothing in it is to be kept
		e.tx = nil
	}
}
