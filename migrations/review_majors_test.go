package migrations_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

// What only some majors do is said to be theirs. It wants a second installation,
// another than the first, in SEEDBED_OTHER_BINARIES.
func TestReviewOnSeveralMajors(t *testing.T) {
	dir := os.Getenv("SEEDBED_OTHER_BINARIES")
	if dir == "" {
		t.Skip("SEEDBED_OTHER_BINARIES names no second Postgres")
	}
	other := (&pgtest.Server{Binaries: dir}).DB(t)
	fsys := files("00001_t.sql", plainT, "00002_v.sql", "-- +goose Up\nset local lock_timeout = '1s';\n"+
		"alter table t add column v int generated always as (a * 2) virtual;\n-- +goose Down\nalter table t drop column v;\n")
	report := reviewed(t, fsys, migrations.ReviewOptions{Also: []seedbed.DB{other}})
	if len(report.Majors) != 2 || report.Majors[0] == report.Majors[1] {
		t.Skipf("both are Postgres %v", report.Majors)
	}
	if len(report.Findings) != 1 || report.Findings[0].Rule != "fails" || !slices.Equal(report.Findings[0].Majors, []int{15}) {
		t.Errorf("found %+v", report.Findings)
	}
	var b strings.Builder
	if err := report.WriteText(&b); err != nil || !strings.Contains(b.String(), "(only on Postgres 15)") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
