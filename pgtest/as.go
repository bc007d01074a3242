package pgtest

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
)

// As returns the same database as another role sees it, with settings in force
// in every session: what an application sets when a request begins.
//
//	app := db.As(t, "app", map[string]string{"app.tenant": tenant.ID})
//
// A role that may log in is logged in as. For one that may not, a session of a
// role without any rights becomes it, and RESET ROLE and RESET ALL come back to
// it, not to more. The handle ends with t, which may be a subtest of the database's.
func (db *DB) As(t testing.TB, role string, settings map[string]string) *DB {
	mustBeTest(t, "DB.As")
	db.mustBeGiven("As")
	t.Helper()
	if role == "" {
		t.Fatalf("pgtest: connect as another role: the role's name is empty; the tests' own, for other settings, is %q", db.role)
	}
	as, bypasses, err := db.connectAs(t, role, settings)
	if err != nil {
		t.Fatalf("pgtest: connect as %s: %v", role, err)
	}
	if bypasses {
		t.Logf("pgtest: row-level security does not apply to %s, a superuser or a role with BYPASSRLS: its sessions see the rows of every tenant", role)
	}
	as.tellStarved(t)
	db.watchLocks(t, as.Pool)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.as = append(db.as, as)
	return as
}

// connectAs opens the pool of As, and reports whether the role bypasses row-level security.
func (db *DB) connectAs(t testing.TB, role string, settings map[string]string) (as *DB, bypasses bool, err error) {
	admin, err := pgx.ConnectConfig(t.Context(), db.database.Config(db.server.cluster.Roles().Admin))
	if err != nil {
		return nil, false, err
	}
	defer admin.Close(t.Context())
	if err := server.CheckSettings(t.Context(), admin, settings); err != nil {
		return nil, false, err
	}
	login, params, err := db.server.cluster.LoginFor(t.Context(), admin, role)
	if err != nil {
		return nil, false, err
	}
	if err := db.database.ExposeTo(t.Context(), role); err != nil {
		return nil, false, err
	}
	if params == nil {
		params = map[string]string{}
	}
	maps.Copy(params, settings)
	cfg := db.server.poolConfig.Copy()
	end := db.database.ConfigureFor(cfg, login, t.Name())
	pool, err := openPool(cfg, params)
	if err != nil {
		return nil, false, err
	}
	t.Cleanup(func() { end(pool) })
	as = db.server.handle(db.database, pool, login)
	as.asRole, as.asSettings = role, maps.Clone(settings)
	err = admin.QueryRow(t.Context(), "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1", role).Scan(&bypasses)
	return as, bypasses, err
}

// sessions are the handles that As has made.
func (db *DB) sessions() []*DB {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Clone(db.as)
}

// Superuser opens a connection to the same database as the role that makes the
// test databases, a superuser on a server of ours: for checks that must see every
// row and become any role. The caller closes it. Code under test has no use for
// it: no row-level security applies. The database is not reset for another test.
func (db *DB) Superuser(ctx context.Context) (*pgx.Conn, error) {
	db.database.Expose()
	return pgx.ConnectConfig(ctx, db.database.Config(db.server.cluster.Roles().Admin))
}
