package pgtest_test

import (
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

func TestAs(t *testing.T) {
	server := &pgtest.Server{Migrations: goose(`
CREATE TABLE rows (tenant text NOT NULL);
INSERT INTO rows VALUES ('a'), ('b'), ('b');
ALTER TABLE rows ENABLE ROW LEVEL SECURITY;
ALTER TABLE rows FORCE ROW LEVEL SECURITY;
-- +goose StatementBegin
DO $$ BEGIN CREATE ROLE as_test_group NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$ BEGIN CREATE ROLE "As Test Login" LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
-- +goose StatementEnd
GRANT SELECT ON rows TO as_test_group, "As Test Login";
CREATE POLICY tenant ON rows USING (tenant = current_setting('app.tenant', true));`)}
	db := server.DB(t)
	for _, role := range []string{"as_test_group", "As Test Login"} {
		as := db.As(t, role, map[string]string{"app.tenant": "b"})
		for _, before := range []string{"SELECT 1", "RESET ROLE", "RESET ALL", "SET SESSION AUTHORIZATION DEFAULT"} {
			if _, err := as.Exec(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			var user string
			var n int
			if err := as.QueryRow(t.Context(), "SELECT current_user, count(*) FROM rows").Scan(&user, &n); err != nil {
				t.Fatal(err)
			}
			if user != role || n != 2 {
				t.Errorf("after %s: %s sees %d rows, want %s to see 2", before, user, n, role)
			}
		}
		if _, err := as.Exec(t.Context(), "INSERT INTO rows VALUES ('b')"); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s inserts without the right to: %v", role, err)
		}
		if !strings.Contains(as.URL(), "postgres://") {
			t.Errorf("URL = %q", as.URL())
		}
	}
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { db.As(t, "nobody_made_it", nil) }).FatalMessage(), `"nobody_made_it"`, "a migration has to create it")
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { db.As(t, "seedbed_ownr", nil) }).FatalMessage(), `there is no role "seedbed_ownr"; did you mean seedbed_owner?`)
}
