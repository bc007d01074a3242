package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest/check"
)

// guardedOrders is a history's first file: orgs, and orders that policies keep apart.
const guardedOrders = `-- +goose Up
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs, public boolean NOT NULL DEFAULT false);
CREATE INDEX orders_org_id ON orders (org_id);
-- +goose StatementBegin
DO $$ BEGIN CREATE ROLE reach_app; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION mine(org bigint) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT org = nullif(current_setting('app.org_id', true), '')::bigint $$;
-- +goose StatementEnd
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON orders TO reach_app USING (%s);
GRANT SELECT, INSERT, DELETE ON orders TO reach_app;
-- +goose Down
DROP TABLE orders; DROP FUNCTION mine; DROP TABLE orgs;
`

const bySetting = "org_id = nullif(current_setting('app.org_id', true), '')::bigint"

// What a migration does to who reaches what is counted on rows of two tenants, before
// and after it.
func TestReviewCountsOnRows(t *testing.T) {
	conn := pg.DB(t)
	for _, c := range []struct {
		name, policy, up string
		rule             string // of a finding that quotes rows; "": no finding of isolation
		effect, rows     string // of the change of reach_app's SELECT; "": no change
	}{
		{"policy made true", bySetting, "ALTER POLICY own ON orders USING (true);", "policy-widened", "widening", "6 of 12 rows before, 12 after"},
		{"row-level security off", bySetting, "ALTER TABLE orders DISABLE ROW LEVEL SECURITY;", "rls-dropped", "widening", "6 of 12 rows before, 12 after"},
		{"a helper function says yes", "mine(org_id)",
			"-- +goose StatementBegin\nCREATE OR REPLACE FUNCTION mine(org bigint) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT org IS NOT NULL $$;\n-- +goose StatementEnd",
			"policy-widened", "widening", "6 of 12 rows before, 12 after"},
		{"a view that runs as its owner", bySetting, "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY; CREATE VIEW all_orders AS SELECT * FROM orders; GRANT SELECT ON all_orders TO reach_app;",
			"view-bypasses-rls", "widening", "refused before, 12 of 12 rows after"},
		{"a condition that the text does not tell of", bySetting, "ALTER POLICY own ON orders USING (CASE WHEN org_id > 0 THEN true ELSE false END);",
			"policy-widened", "widening", "6 of 12 rows before, 12 after"},
		{"another setting", bySetting, "ALTER POLICY own ON orders USING (org_id = nullif(current_setting('app.other', true), '')::bigint);",
			"policy-widened", "changed", "6 of 12 rows before, 0 after"},
		{"rewritten, and the same", bySetting, "ALTER POLICY own ON orders USING (org_id::text = current_setting('app.org_id', true));", "", "neutral", "6 of 12 rows before, 6 after"},
		{"restricted", bySetting, "CREATE POLICY none ON orders AS RESTRICTIVE TO reach_app USING (false);", "", "narrowing", "6 of 12 rows before, 0 after"},
		{"a helper function written anew, and the same", "mine(org_id)",
			"-- +goose StatementBegin\nCREATE OR REPLACE FUNCTION mine(org bigint) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT coalesce(org::text = current_setting('app.org_id', true), false) $$;\n-- +goose StatementEnd",
			"", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{
				"00001_base.sql": {Data: fmt.Appendf(nil, guardedOrders, c.policy)},
				"00002_case.sql": {Data: []byte("-- +goose Up\nSET LOCAL lock_timeout = '1s';\n" + c.up + "\n")},
			}
			report, err := migrations.Review(t.Context(), conn, fsys, migrations.ReviewOptions{From: 2, SkipDown: true, Sessions: check.Sessions})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			_ = report.WriteText(&text)
			var found string
			for _, f := range report.Findings {
				if slices.Contains([]string{"policy-widened", "rls-dropped", "rls-unforced", "grant-widened", "view-bypasses-rls", "definer-function-public"}, f.Rule) {
					found += f.Rule + ": " + f.Message + "\n"
				}
			}
			if c.rule == "" && found != "" || c.rule != "" && (!strings.Contains(found, c.rule) || !strings.Contains(found, c.rows)) {
				t.Errorf("found %q, not %s with %q\n%s", found, c.rule, c.rows, &text)
			}
			effect, rows := "", ""
			for _, a := range report.Migrations[0].Access {
				if a.Role == "reach_app" && a.Command == "SELECT" {
					effect = a.Effect
					for _, r := range a.Rows {
						rows += r.String() + "\n"
					}
				}
			}
			if effect != c.effect || !strings.Contains(rows, c.rows) || !strings.Contains(text.String(), c.rows) || report.Migrations[0].Uncounted != "" {
				t.Errorf("reach_app's SELECT: %q, rows %q, not counted: %q; want %q, %q\n%s", effect, rows, report.Migrations[0].Uncounted, c.effect, c.rows, &text)
			}
		})
	}
}
