package migrations_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

// withRenamedRoles returns the first migrations of the reference schema with roles that no
// other database on the server uses.
func withRenamedRoles(t *testing.T, prefix string) fstest.MapFS {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "0000[1-4]_*.sql")
	if err != nil {
		t.Fatal(err)
	}
	m := fstest.MapFS{}
	for _, name := range names {
		raw, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		for _, role := range []string{"seedbed_app", "seedbed_org_admin", "seedbed_seeder"} {
			text = strings.ReplaceAll(text, role, prefix+strings.TrimPrefix(role, "seedbed"))
		}
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// Roles belong to the cluster: eight databases that create them at once all succeed, and
// Down in one leaves the roles of the other ones.
func TestRolesRace(t *testing.T) {
	t.Parallel()
	prefix := fmt.Sprintf("race_%d", os.Getpid())
	fsys := withRenamedRoles(t, prefix)
	var dbs []*pgtest.DB
	for range 8 {
		dbs = append(dbs, pg.DB(t))
	}
	start := make(chan struct{})
	var wg sync.WaitGroup
	for _, db := range dbs {
		wg.Go(func() {
			<-start
			if err := migrations.Up(t.Context(), db, fsys); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	set, err := migrations.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	roles := "select count(*) from pg_roles where rolname like '" + prefix + "%'"
	for i, db := range dbs {
		if err := set.DownTo(t.Context(), db, 0); err != nil {
			t.Fatal(err)
		}
		if n := queryValue[int64](t, db, roles); n != 3 {
			t.Errorf("%d of 3 roles are there after database %d went down", n, i)
		}
	}
	if err := set.Up(t.Context(), dbs[0]); err != nil {
		t.Errorf("up again: %v", err)
	}
	if err := set.DownTo(t.Context(), dbs[0], 0); err != nil {
		t.Fatal(err)
	}
	for _, role := range queryColumn[string](t, dbs[0], "select quote_ident(rolname) from pg_roles where rolname like '"+prefix+"%'") {
		mustExec(t, dbs[0], "drop role "+role)
	}
}

// If a DBA has created the roles, the migrating role needs no CREATEROLE. If they are
// missing, the error has the statement to ask for.
func TestOwnerWithoutCreaterole(t *testing.T) {
	t.Parallel()
	prefix := fmt.Sprintf("plain_%d", os.Getpid())
	db := pg.DB(t)
	mustExec(t, db, fmt.Sprintf(`create role %s_owner login; grant create on schema public to %[1]s_owner`, prefix))
	plain := db.As(t, prefix+"_owner", nil)
	defer mustExec(t, db, "drop role "+prefix+"_owner")
	defer mustExec(t, db, "revoke create on schema public from "+prefix+"_owner")
	defer mustExec(t, plain, "drop owned by current_user cascade")
	err := migrations.Up(t.Context(), plain, withRenamedRoles(t, prefix))
	if err == nil || !strings.Contains(err.Error(), "00001_roles_and_settings.sql:") || !strings.Contains(err.Error(), "Have an administrator run: CREATE ROLE "+prefix+"_app NOLOGIN") {
		t.Errorf("got %v", err)
	}
	// An administrator runs the statement in the message.
	mustExec(t, db, "create role seedbed_app; create role seedbed_org_admin")
	if err := migrations.Up(t.Context(), plain, migrations.FS); err != nil {
		t.Error(err)
	}
}
