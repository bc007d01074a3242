package migrations_test

import (
	"crypto/md5"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// tenantFixture is a database with the reference schema and two organizations: acme owns
// the spaces red and blue, bolt owns green. Every space has rows in every scoped table,
// with the same ids as in the other spaces where that is possible: keys begin with the
// space, so equal ids must not matter.
type tenantFixture struct {
	*pgtest.DB
	seeder *pgtest.DB // bypasses row-level security
}

const (
	acme, bolt       = "acme", "bolt"
	red, blue, green = "red", "blue", "green"
)

// id returns a UUID made from a name.
func id(name string) string {
	h := md5.Sum([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:])
}

func newTenantFixture(t *testing.T) *tenantFixture {
	t.Helper()
	db := reference.DB(t)
	w := &tenantFixture{DB: db, seeder: db.As(t, "seedbed_seeder", nil)}
	for _, org := range []string{acme, bolt} {
		mustExec(t, w.seeder, "insert into organizations (id, slug, name) values ($1, $2, $2)", id(org), org)
	}
	w.fillSpace(t, red, acme)
	w.fillSpace(t, blue, acme)
	w.fillSpace(t, green, bolt)
	return w
}

// fillSpace inserts rows into every scoped table for one space.
func (w *tenantFixture) fillSpace(t *testing.T, name, org string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), w.seeder, func(tx pgx.Tx) error {
		sql := strings.NewReplacer("{space}", id(name), "{org}", id(org), "{user}", id(name+" user"), "{name}", name,
			"{dataset}", id("dataset"), "{quality_check}", id("quality_check"), "{check_run}", id("check_run"), "{alert}", id("alert"),
			"{comment}", id("comment"), "{reply}", id("reply"), "{snowflake}", id("snowflake"), "{bigquery}", id("bigquery"),
			"{databricks}", id("databricks"), "{postgres}", id("postgres"), "{webhook}", id("webhook"),
			"{attachment}", id("attachment"), "{annotation}", id("annotation")).Replace(spaceSQL)
		_, err := tx.Exec(t.Context(), sql)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const spaceSQL = `
insert into spaces (id, organization_id, slug, name) values ('{space}', '{org}', '{name}', '{name}');
insert into users (id, email, name) values ('{user}', '{name}@example.org', '{name}');
insert into organization_memberships values ('{org}', '{user}', 'admin');
insert into space_memberships (space_id, user_id, role) values ('{space}', '{user}', 'admin');
insert into source_systems (space_id, id, name, type, config) values
	('{space}', '{webhook}', 'hook', 'webhook', '{"url": "https://example.org/in"}');
insert into source_systems (space_id, id, name, type, secret_ref) values
	('{space}', '{snowflake}', 'snow', 'snowflake', 'vault://snow'),
	('{space}', '{bigquery}', 'big', 'bigquery', 'vault://big'),
	('{space}', '{databricks}', 'bricks', 'databricks', 'vault://bricks'),
	('{space}', '{postgres}', 'pg', 'postgres', 'vault://pg');
insert into snowflake_systems (space_id, id, account, warehouse, database_name, username) values ('{space}', '{snowflake}', 'xy123', 'wh', 'db', 'me');
insert into bigquery_systems (space_id, id, project, dataset_name) values ('{space}', '{bigquery}', 'my-project', 'ds');
insert into databricks_systems (space_id, id, workspace_url, http_path) values ('{space}', '{databricks}', 'https://dbc.example.org', '/sql/1');
insert into postgres_systems (space_id, id, host, database_name, username) values ('{space}', '{postgres}', 'db.example.org', 'db', 'me');
insert into datasets (space_id, id, name, owner_id, source_system_id) values ('{space}', '{dataset}', 'orders', '{user}', '{postgres}');
insert into quality_checks (space_id, id, dataset_id, name, kind, created_by) values ('{space}', '{quality_check}', '{dataset}', 'rows', 'row_count', '{user}');
insert into check_runs (space_id, id, quality_check_id) values ('{space}', '{check_run}', '{quality_check}');
insert into check_results (space_id, check_run_id, ordinal, metric, passed) values ('{space}', '{check_run}', 0, 'rows', true);
insert into alerts (space_id, id, organization_id, check_run_id, source_system_id, title) values ('{space}', '{alert}', '{org}', '{check_run}', '{webhook}', 'late');
insert into comments (space_id, id, resource_type, resource_id, author_id, body) values ('{space}', '{comment}', 'dataset', '{dataset}', '{user}', 'hm');
insert into comments (space_id, id, resource_type, resource_id, parent_id, author_id, body) values ('{space}', '{reply}', 'dataset', '{dataset}', '{comment}', '{user}', 'ah');
insert into attachments (space_id, id, resource_type, resource_id, filename, content, uploaded_by) values ('{space}', '{attachment}', 'comment', '{comment}', 'x.png', '\x89504e47', '{user}');
insert into annotations (space_id, id, resource_type, resource_id, name, annotated_by) values ('{space}', '{annotation}', 'alert', '{alert}', 'cause', '{user}');
insert into audit_logs (space_id, organization_id, actor_id, action, subject, occurred_at) values
	('{space}', '{org}', '{user}', 'dataset.create', 'dataset/{dataset}', '2026-03-01 00:00Z'),
	('{space}', '{org}', null, 'dataset.profile', 'dataset/{dataset}', '2031-03-01 00:00Z');
`

// asApplication returns the database for the application's role, in one space.
func (w *tenantFixture) asApplication(t *testing.T, space string) *pgtest.DB {
	t.Helper()
	return w.As(t, "seedbed_app", map[string]string{"seedbed.space_id": id(space)})
}

// asAdministrator returns the database for the administrator's role, in one organization.
func (w *tenantFixture) asAdministrator(t *testing.T, org string) *pgtest.DB {
	t.Helper()
	return w.As(t, "seedbed_org_admin", map[string]string{"seedbed.organization_id": id(org)})
}

// scopedTables returns the tables with a space_id, without partitions.
func (w *tenantFixture) scopedTables(t *testing.T) []string {
	t.Helper()
	all := queryColumn[string](t, w.DB, `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
		where a.attname = 'space_id' and c.relkind in ('r', 'p') and not c.relispartition
		and c.relnamespace = 'public'::regnamespace order by 1`)
	if len(all) < 15 {
		t.Fatalf("only %d scoped tables: %v", len(all), all)
	}
	return all
}

// queryColumn returns the values of a query's only column.
func queryColumn[T any](t *testing.T, db seedbed.DB, sql string, args ...any) []T {
	t.Helper()
	return testpg.List[T](t, db, sql, args...)
}

// refusalOf returns the SQLSTATE and the constraint with which Postgres refuses
// statements, at the latest when it checks deferred constraints; "" if it accepts them. It
// rolls back.
func refusalOf(t *testing.T, db seedbed.DB, sql string, args ...any) (code, constraint string, err error) {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err = tx.Exec(t.Context(), sql, args...); err == nil {
		_, err = tx.Exec(t.Context(), "set constraints all immediate")
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code, pg.ConstraintName, err
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return "", "", nil
}

// mustRefuseWith requires a refusal with that SQLSTATE, and with that constraint unless it
// is "".
func mustRefuseWith(t *testing.T, db seedbed.DB, code, constraint, sql string, args ...any) {
	t.Helper()
	gotCode, gotConstraint, err := refusalOf(t, db, sql, args...)
	if gotCode != code || constraint != "" && gotConstraint != constraint {
		t.Errorf("%s\n\twant %s %s, got %v", sql, code, constraint, err)
	}
}

// mustAccept requires that statements succeed: it is the control for mustRefuseWith.
func mustAccept(t *testing.T, db seedbed.DB, sql string, args ...any) {
	t.Helper()
	if _, _, err := refusalOf(t, db, sql, args...); err != nil {
		t.Errorf("%s\n\t%v", sql, err)
	}
}

const (
	foreignKey = "23503"
	unique     = "23505"
	check      = "23514"
	notNull    = "23502"
	privilege  = "42501"
	generated  = "428C9"
)
