package check_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
)

// Who injects a fault.
const (
	owner  = "seedbed_owner" // DDL
	loader = "seedbed_seeder"
	super  = "postgres"
)

type engine func(context.Context, seedbed.DB, audit.Options) (*report.Report, error)

// fault is one thing broken in the reference schema or its data.
type fault struct {
	name   string
	check  engine
	as     string
	sql    string
	rule   string
	object string
	// since is the first major version that has the feature; 0 all.
	since int
}

// TestFaults breaks one thing at a time, in a transaction that is rolled back, wants the rule
// and the object of each, and runs one fix of each rule whose fixes are SQL.
func TestFaults(t *testing.T) {
	t.Parallel()
	db := reference(t)
	found, err := seedbed.Discover(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	admin := db.As(t, super, nil)
	var version int
	if err := db.QueryRow(t.Context(), "select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	fixed := map[string]bool{}
	for i, f := range someFaults(t) {
		discover := testkit.Long() || i%6 == 0 // the Model out of the broken schema, too
		t.Run(f.name, func(t *testing.T) {
			if version < f.since {
				t.Skipf("Postgres %d has no such thing", version)
			}
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			f.inject(t, tx)
			message, fix := f.expect(t, tx, audit.Options{Model: &found.Model})
			if discover {
				f.expect(t, tx, audit.Options{})
			}
			if f.since > 0 {
				return
			}
			fmt.Fprintf(&said, "# %s\n%s\n", f.name, message)
			if !fixed[f.rule] && !slices.Contains(proseRules, f.rule) {
				fixed[f.rule] = f.fixed(t, tx, &found.Model, fix)
			}
		})
	}
	for _, f := range faults {
		if testkit.Long() && f.since == 0 && !fixed[f.rule] && !slices.Contains(proseRules, f.rule) {
			t.Errorf("no fault of %s has a fix that is SQL", f.rule)
			fixed[f.rule] = true
		}
	}
	goldenParts(t, "faults", said.String())
}

// someFaults are the first of each rule; all with -long.
func someFaults(t *testing.T) (some []fault) {
	t.Helper()
	all := slices.Concat(faults, later)
	if testkit.Long() {
		return all
	}
	tried := map[string]bool{}
	for _, f := range all {
		if !tried[f.rule] {
			tried[f.rule], some = true, append(some, f)
		}
	}
	t.Logf("%d of %d faults, one of each rule; -long runs all", len(some), len(all))
	return testkit.Sample(t, some, 1)
}

// Two ways for Postgres to find rows. The second moves the first two of every table
// behind the others, too: they would come first otherwise by either way.
const (
	byIndex = "SET LOCAL enable_seqscan = off"
	byTable = `SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off;
SET LOCAL ROLE ` + super + `; SET LOCAL session_replication_role = replica;
DO $$
DECLARE r record;
BEGIN
	FOR r IN SELECT DISTINCT ON (c.oid) c.oid::regclass AS name, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = '' LOOP
		EXECUTE format('UPDATE %s SET %I = %2$I WHERE ctid IN (SELECT ctid FROM %1$s ORDER BY ctid LIMIT 2)', r.name, r.attname);
	END LOOP;
END $$;
SET LOCAL session_replication_role = origin; SET LOCAL ROLE ` + owner
)

// TestFindingsWhateverThePlan wants the same report of the same rows, whichever way
// Postgres finds them: autovacuum may analyze a table in the middle of a test.
func TestFindingsWhateverThePlan(t *testing.T) {
	testkit.SkipShort(t, "checks twice what TestFaults checks")
	t.Parallel()
	db := reference(t)
	admin := db.As(t, super, nil)
	tried, most := map[string]int{}, testkit.Rounds(1, 2)
	for _, f := range append(slices.Clone(faults), later...) {
		if tried[f.rule]++; !strings.HasPrefix(f.rule, "probe-") || f.since > 0 || tried[f.rule] > most {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			tx, err := admin.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.Background())
			f.inject(t, tx)
			var said []string
			for _, plan := range []string{byIndex, byTable} {
				if err := simple(t.Context(), tx, plan); err != nil {
					t.Fatal(err)
				}
				got, err := f.check(t.Context(), tx, audit.Options{})
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, elapsed.ReplaceAllString(got.Text(), ")"))
			}
			if diff := cmp.Diff(said[0], said[1]); diff != "" {
				t.Errorf("by index, and by reading the table:\n%s", diff)
			}
		})
	}
}

func (f fault) inject(t *testing.T, tx pgx.Tx) {
	t.Helper()
	before, after := "SET LOCAL ROLE "+f.as+";\n", ";\nSET LOCAL ROLE "+owner
	if f.as == loader {
		before += "SET LOCAL session_replication_role = replica;\n"
		after = ";\nSET LOCAL session_replication_role = origin" + after
	}
	if err := simple(t.Context(), tx, before+f.sql+after); err != nil {
		t.Fatalf("inject: %v", err)
	}
}

// expect wants the rule and the object. A Model that is read from the broken
// schema may lead another rule to the fault, but must not be fooled.
func (f fault) expect(t *testing.T, tx pgx.Tx, opt audit.Options) (message, fix string) {
	t.Helper()
	opt.NoProbes = !strings.HasPrefix(f.rule, "probe-") // the slowest part
	checked, err := f.check(t.Context(), tx, opt)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range each(checked) {
		if found.Rule == f.rule && found.Object == f.object {
			scrub(found.Sample)
			scrub(found.Evidence)
			fix = found.Fix
			found.Message, found.Fix = databases.ReplaceAllString(found.Message, "sb_test"), databases.ReplaceAllString(found.Fix, "sb_test")
			return (&report.Report{Findings: []report.Finding{found}}).Text(), fix
		}
		got = append(got, found.Rule+" "+found.Object)
	}
	if opt.Model == nil && len(got) > 0 {
		return "", ""
	}
	t.Errorf("want %s %s (Model given: %t), got [%s]", f.rule, f.object, opt.Model != nil, strings.Join(got, "; "))
	return "", ""
}

// wantHealthy wants a report to have looked at everything and to have found nothing.
func wantHealthy(t *testing.T, r *report.Report) {
	t.Helper()
	for _, f := range each(r) {
		t.Errorf("%s: %s: %s %q", f.Rule, f.Object, f.Message, f.Evidence)
	}
	for _, note := range r.Unchecked {
		t.Errorf("could not check: %s", note)
	}
}

// each is every finding, also those that follow from another.
func each(r *report.Report) (all []report.Finding) {
	for _, cause := range r.Findings {
		all = append(all, cause.All()...)
	}
	return all
}

var (
	databases = regexp.MustCompile(`sb_[0-9a-f]+_\d+`)
	moments   = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00`)
	uuids     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// scrub makes the moments and random keys of a run those of every run.
func scrub(lines []string) {
	for i, line := range lines {
		line = moments.ReplaceAllString(line, "2026-01-01 00:00:00+00")
		lines[i] = uuids.ReplaceAllStringFunc(line, func(id string) string {
			if strings.HasSuffix(id, "-0000-4000-8000-000000000000") || strings.HasPrefix(id, "5eedbed0") {
				return id
			}
			return "5eed0000-1111-4111-8111-111111111111"
		})
	}
}
