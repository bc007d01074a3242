package scenario_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/scenario"
)

// The two tenants have the same rows, except for keys and canaries, and no row of one holds
// the canary of the other.
func TestTwoTenantsMirror(t *testing.T) {
	db := pg.DB(t)
	fill(t, db, "two-tenants", scenario.Options{Seed: 1})
	asSeeder(t, db, func(tx pgx.Tx) {
		left := one[string](t, tx, "SELECT s.id::text FROM spaces s JOIN organizations o ON o.id = organization_id WHERE o.slug = 'left'")
		for _, table := range []string{"space_memberships", "source_systems", "snowflake_systems", "datasets", "quality_checks",
			"check_runs", "check_results", "alerts", "comments", "attachments", "annotations", "audit_logs"} {
			// Rows as text, without what is a tenant's own.
			of := `SELECT string_agg(row, chr(10) ORDER BY row) FROM (SELECT regexp_replace(replace(replace(replace(replace(
				(to_jsonb(t) - 'sha256' - 'byte_size')::text, 'canary-left', 'C'), 'canary-right', 'C'), encode('canary-left', 'hex'), 'C'), encode('canary-right', 'hex'), 'C'),
				'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'K', 'g') AS row FROM ` + table + ` t WHERE (space_id = $1::uuid) = $2) x`
			l, r := one[*string](t, tx, of, left, true), one[*string](t, tx, of, left, false)
			if l == nil || r == nil || *l != *r {
				t.Errorf("%s: the two tenants differ, or have nothing", table)
			}
			crossed := one[int](t, tx, `SELECT count(*) FROM `+table+` t WHERE t::text LIKE '%' || CASE WHEN space_id = $1::uuid THEN 'canary-right' ELSE 'canary-left' END || '%'`, left)
			if crossed > 0 {
				t.Errorf("%s: %d rows hold the other tenant's canary", table, crossed)
			}
		}
		for _, column := range []string{"datasets.name", "comments.body", "alerts.title", "source_systems.name", "quality_checks.name"} {
			table, name, _ := strings.Cut(column, ".")
			if n := one[int](t, tx, "SELECT count(*) FROM "+table+" WHERE "+name+" NOT LIKE '%canary-%'"); n > 0 {
				t.Errorf("%s: %d rows have no canary", column, n)
			}
		}
		if n := one[int](t, tx, "SELECT count(*) FROM attachments WHERE position('canary-left'::bytea in content) = 0 AND position('canary-right'::bytea in content) = 0"); n > 0 {
			t.Errorf("attachments.content: %d rows have no canary", n)
		}
	})
}

// two-tenants refuses a database with rows: tests that count rows would count those, too.
func TestTwoTenantsWantAnEmptyDatabase(t *testing.T) {
	db := pg.DB(t)
	fill(t, db, "empty-states", scenario.Options{})
	s, _ := scenario.Named("two-tenants")
	if _, err := s.Fill(t.Context(), db, scenario.Options{}); err == nil || !strings.Contains(err.Error(), "it wants an empty one") {
		t.Errorf("the error is %v", err)
	}
}

// Each hostile class is in a column of each type that can hold it.
func TestHostileHasEveryClass(t *testing.T) {
	db := pg.DB(t)
	fill(t, db, "hostile", scenario.Options{})
	asSeeder(t, db, func(tx pgx.Tx) {
		for _, column := range []string{"comments.body", "datasets.description", "alerts.title"} {
			table, name, _ := strings.Cut(column, ".")
			have := one[[]string](t, tx, "SELECT array_agg("+name+") FROM "+table)
			for _, class := range fake.HostileTexts {
				if !slices.Contains(have, class) {
					t.Errorf("%s has no %q", column, class)
				}
			}
		}
		have := one[[][]byte](t, tx, "SELECT array_agg(content) FROM attachments")
		for _, class := range fake.HostileBytes {
			if !slices.ContainsFunc(have, func(b []byte) bool { return string(b) == string(class) }) {
				t.Errorf("attachments.content has no %q", class)
			}
		}
		for _, class := range fake.HostileJSON {
			if one[int](t, tx, "SELECT count(*) FROM audit_logs WHERE details = $1::jsonb", class) == 0 {
				t.Errorf("audit_logs.details has no %s", class)
			}
		}
	})
}

// scale makes as many rows as follow from the spaces, or as a volume asks for.
func TestScaleIsAsLargeAsAsked(t *testing.T) {
	db := pg.DB(t)
	fill(t, db, "scale", scenario.Options{Spaces: 7, Rows: []scenario.Rows{{Table: "comments", N: 1234}}})
	asSeeder(t, db, func(tx pgx.Tx) {
		for table, want := range map[string]int{"spaces": 7, "datasets": 140, "comments": 1234, "audit_logs": 1050} {
			if n := one[int](t, tx, "SELECT count(*) FROM "+table); n != want {
				t.Errorf("%s has %d rows, want %d", table, n, want)
			}
		}
	})
}

// Each space of empty-states is in the state that its name says.
func TestEmptyStates(t *testing.T) {
	db := pg.DB(t)
	fill(t, db, "empty-states", scenario.Options{})
	count := func(tx pgx.Tx, table, slug, where string) int {
		return one[int](t, tx, "SELECT count(*) FROM "+table+" t JOIN spaces s ON s.id = t.space_id WHERE s.slug = $1 AND "+where, slug)
	}
	asSeeder(t, db, func(tx pgx.Tx) {
		if one[int](t, tx, "SELECT count(*) FROM organizations o WHERE NOT EXISTS (SELECT FROM spaces WHERE organization_id = o.id)") != 1 {
			t.Error("there is no organization without spaces")
		}
		if one[int](t, tx, "SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT FROM space_memberships WHERE user_id = u.id) AND NOT EXISTS (SELECT FROM organization_memberships WHERE user_id = u.id)") != 1 {
			t.Error("there is no user without memberships")
		}
		tables := []string{"space_memberships", "source_systems", "datasets", "quality_checks", "check_runs", "check_results", "alerts", "comments", "attachments", "annotations", "audit_logs"}
		for _, table := range tables {
			for slug, want := range map[string]int{"nothing": 0, "one-of-each": 1, "archived": 1} {
				if n := count(tx, table, slug, "true"); n != want {
					t.Errorf("space %s has %d %s, want %d", slug, n, table, want)
				}
			}
			if n := count(tx, table, "cleared", "true"); n > 0 && table != "audit_logs" && table != "space_memberships" {
				t.Errorf("the cleared space has %d %s", n, table)
			}
		}
		for what, n := range map[string]int{
			"members who stayed":        count(tx, "space_memberships", "all-left", "t.left_at IS NULL"),
			"live systems":              count(tx, "source_systems", "switched-off", "t.active"),
			"enabled checks":            count(tx, "quality_checks", "switched-off", "t.enabled"),
			"open alerts":               count(tx, "alerts", "switched-off", "t.status <> 'resolved'"),
			"results of childless runs": count(tx, "check_results", "childless", "true"),
		} {
			if n > 0 {
				t.Errorf("there are %d %s", n, what)
			}
		}
		for what, n := range map[string]int{
			"a dataset without checks": count(tx, "datasets", "childless", "NOT EXISTS (SELECT FROM quality_checks q WHERE q.dataset_id = t.id)"),
			"a check without runs":     count(tx, "quality_checks", "childless", "NOT EXISTS (SELECT FROM check_runs r WHERE r.quality_check_id = t.id)"),
			"a run without results":    count(tx, "check_runs", "childless", "true"),
			"the audit trail":          count(tx, "audit_logs", "cleared", "true"),
			"an archived space's rows": count(tx, "datasets", "archived", "s.archived_at IS NOT NULL"),
		} {
			if n == 0 {
				t.Errorf("%s is missing", what)
			}
		}
	})
}
