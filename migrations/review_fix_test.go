package migrations_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/migrations"
)

// What a review says to write in a statement's place applies, and the rule is silent: each
// statement on a line of its own, in a file without a transaction.
func TestReviewFixesApply(t *testing.T) {
	t.Parallel()
	const base = "-- +goose Up\ncreate table u (id bigint primary key);\ncreate table t (id bigint primary key, a int, b text);\ncreate index t_b on t (b);\n" +
		"create table p (k int, at int) partition by list (k);\ncreate table p1 partition of p for values in (1);\ncreate materialized view m as select id from t;\ncreate unique index on m (id);\n-- +goose Down\ndrop materialized view m;\ndrop table p, t, u;\n"
	sql := regexp.MustCompile(`^(?i)(ALTER|CREATE|DROP|REINDEX|REFRESH) `)
	for rule, statement := range map[string]string{
		"index-not-concurrent":                "create index \"by A\" on t (a);",
		"drop-index-not-concurrent":           "drop index t_b;",
		"reindex-not-concurrent":              "reindex index t_b;",
		"add-unique-builds-index":             "alter table t add constraint t_once unique (a, b);",
		"add-check-validating":                "alter table t add constraint small check (a < 10 or b is null);",
		"add-fk-validating":                   "alter table t add column u_id bigint; alter table t add constraint t_u foreign key (u_id) references u on delete cascade;",
		"set-not-null-scan":                   "alter table t alter a set not null;",
		"add-column-volatile-default-rewrite": "alter table t add column token uuid default gen_random_uuid();",
		"add-column-serial-rewrite":           "alter table t add column \"No\" bigserial;",
		"add-column-generated-stored-rewrite": "alter table t add column twice int generated always as (a * 2) stored;",
		"alter-type-rewrite":                  "alter table t alter a type bigint;",
		"detach-partition-blocking":           "alter table p detach partition p1;",
		"refresh-matview-blocking":            "refresh materialized view m;",
		"fk-without-index":                    "alter table t add column u_id bigint references u;",
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			review := func(up string) []migrations.Finding {
				report := reviewed(t, files("00001_t.sql", base, "00002_x.sql", up), migrations.ReviewOptions{SkipDown: true})
				return slices.DeleteFunc(report.Findings, func(f migrations.Finding) bool { return f.Rule != rule && f.Rule != "fails" })
			}
			found := review("-- +goose Up\n" + statement + "\n")
			if len(found) == 0 || !sql.MatchString(found[0].Fix) {
				t.Fatalf("no finding with SQL for a fix: %+v", found)
			}
			fix := strings.ReplaceAll(found[0].Fix, "; ", ";\n")
			if rule == "fk-without-index" || rule == "add-fk-validating" { // the column is made before
				column, _, _ := strings.Cut(statement, " references")
				column, _, _ = strings.Cut(column, ";")
				fix = column + ";\n" + fix
			}
			if left := review("-- +goose NO TRANSACTION\n-- +goose Up\n" + fix + "\n;\n"); len(left) > 0 {
				t.Errorf("after the fix\n%s\nthere is %+v", fix, left)
			}
		})
	}
}
