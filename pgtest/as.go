package pgtest

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
)

// As returns the same database as another role sees it, with settings in force
// in every session: what an application sets when a request begins.
//
//	app := db.As(t, "app", map[string]string{"app.tenant": tenant.ID})
//
// A role that may log in is logged in as. For one that may not, a session of a
// role without any rights becomes it, and RESET ROLE and RESET ALL come back to
// it, not to more. The pool closes with the test.
func (db *DB) As(t testing.TB, role string, settings map[string]string) *DB {
	t.Helper()
	as, err := db.connectAs(t, role, settings)
	if err != nil {
		t.Fatalf("pgtest: connect as %s: %v", role, err)
	}
	t.Cleanup(as.closePool)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.as = append(db.as, as)
	return as
}

func (db *DB) connectAs(t testing.TB, role string, settings map[string]string) (*DB, error) {
	admin, err := pgx.ConnectConfig(t.Context(), db.database.Config(db.server.cluster.Roles().Admin))
	if err != nil {
		return nil, err
	}
	defer admin.Close(t.Context())
	login, params, err := db.server.cluster.LoginFor(t.Context(), admin, role)
	if err != nil {
		return nil, err
	}
	if err := db.database.ExposeTo(t.Context(), role); err != nil {
		return nil, err
	}
	if params == nil {
		params = map[string]string{}
	}
	maps.Copy(params, settings)
	pool, err := db.server.pool(db.database, login, params)
	if err != nil {
		return nil, err
	}
	as := db.server.handle(db.database, pool, login)
	as.asRole, as.asSettings = role, maps.Clone(settings)
	return as, nil
}

// sessions are the handles that As has made.
func (db *DB) sessions() []*DB {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Clone(db.as)
}
