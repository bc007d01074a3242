package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/report"
)

// A baseline takes out what it has. What is new leads, also where the cause is known.
func TestBaseline(t *testing.T) {
	t.Parallel()
	off := func(table string) report.Finding {
		return report.Finding{Rule: "rls-enabled", Object: table, Table: table, Cause: "no row-level security", Message: "off"}
	}
	read := func(object, table string, through ...string) report.Finding {
		return report.Finding{Rule: "probe-read", Object: object, Table: table, Role: "app", Through: through, Message: "read"}
	}
	role := report.Finding{Rule: "role-bypassrls", Object: "app", Message: "bypasses"}
	before := []report.Finding{off("orders"), read("orders", "orders"), off("lines"), read("lines", "lines")}
	for _, c := range []struct {
		name        string
		known, now  []report.Finding
		heads, told []string // the findings, and with what follows from them
		aside       int
	}{
		{"nothing is new", before, before, nil, nil, 4},
		{"something is gone", before, before[:2], nil, nil, 2},
		{"nothing is known", nil, before[:2], []string{"rls-enabled orders"}, []string{"rls-enabled orders", "probe-read orders"}, 0},
		{"another table of a known cause", before, append(slices.Clone(before), off("bills"), read("bills", "bills")),
			[]string{"rls-enabled bills"}, []string{"rls-enabled bills", "probe-read bills"}, 4},
		{"two that follow from a known finding", before, append(slices.Clone(before), read("notes", "notes", "orders"), read("tags", "tags", "orders")),
			[]string{"probe-read notes"}, []string{"probe-read notes", "probe-read tags"}, 4},
		{"a known role, and a new table", []report.Finding{role, read("orders", "orders")}, []report.Finding{role, read("orders", "orders"), read("bills", "bills")},
			[]string{"probe-read bills"}, []string{"probe-read bills"}, 2},
		{"a new cause of what is known", []report.Finding{read("orders", "orders")}, []report.Finding{role, read("orders", "orders")},
			[]string{"role-bypassrls app"}, []string{"role-bypassrls app"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			none := func(report.Finding) string { return "" }
			found, _ := report.Conclude(c.known, nil, none)
			baseline, err := report.ReadBaseline(report.WriteBaseline(found, nil), "in the baseline")
			if err != nil {
				t.Fatal(err)
			}
			kept, aside := report.Conclude(c.now, baseline, none)
			var heads, told []string
			for _, f := range kept {
				heads = append(heads, f.Rule+" "+f.Object)
				for _, x := range f.All() {
					told = append(told, x.Rule+" "+x.Object)
				}
			}
			if !slices.Equal(heads, c.heads) || !slices.Equal(told, c.told) || len(aside) != c.aside {
				t.Errorf("findings %q, with what follows %q, and %d set aside", heads, told, len(aside))
			}
		})
	}
}

func TestBaselineFile(t *testing.T) {
	t.Parallel()
	statement := report.Finding{Rule: "drop-table", Object: "public.old", Statement: &report.Statement{File: "2_drop.sql", SQL: "DROP TABLE old"}}
	text := report.WriteBaseline([]report.Finding{statement, {Rule: "probe-read", Object: `"a"."b"`}}, []report.Gap{{Part: "tenancy"}})
	if lines := strings.Count(string(text), `{"rule":`); lines != 3 || strings.Count(string(text), "\n") != 8 {
		t.Errorf("not a line for each entry:\n%s", text)
	}
	b, err := report.ReadBaseline(text, "known")
	if err != nil {
		t.Fatal(err)
	}
	moved, changed := statement, statement
	moved.Statement = &report.Statement{File: "2_drop.sql", Line: 40, SQL: "DROP   TABLE old"}
	changed.Statement = &report.Statement{File: "2_drop.sql", SQL: "DROP TABLE old CASCADE"}
	if !b.Has(moved) || b.Has(changed) || !b.HasGap(report.Gap{Part: "tenancy", Reason: "any"}) || b.HasGap(report.Gap{Part: "roles"}) {
		t.Errorf("moved %v, changed %v, gap %v", b.Has(moved), b.Has(changed), b.HasGap(report.Gap{Part: "tenancy"}))
	}
	for broken, want := range map[string]string{
		"":                                       "line 1: this is no baseline: unexpected end of JSON input",
		"{\n  \"accepted\": [\n":                 "line 2: this is no baseline: unexpected end",
		"{\n\n  not json\n}":                     "line 3: this is no baseline: invalid character 'n'",
		`["orders"]`:                             `line 1: this is no baseline: array where there is to be an object with a list "accepted"`,
		"{\n  \"accepted\": \"orders\"\n}":       "line 2: this is no baseline: string as accepted",
		"{\"findings\": []}":                     `this is no baseline: it has no list "accepted"`,
		`{"accepted": [{"rule": "probe-read"}]}`: "an entry without rule or object",
		`{"accepted": [{"object": "orders"}]}`:   "an entry without rule or object",
	} {
		if _, err := report.ReadBaseline([]byte(broken), ""); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "struct") {
			t.Errorf("%s: %v, want %s", broken, err, want)
		}
	}
	if b, err := report.ReadBaseline(report.WriteBaseline(nil, nil), ""); err != nil || b.Has(statement) {
		t.Errorf("the baseline of no finding: %v, %v", b, err)
	}
}

func TestGravestFindingsComeFirst(t *testing.T) {
	found := []report.Finding{
		{Rule: "tenant-index", Table: "orders", Object: "orders.shop_id", Message: "no index"},
		{Rule: "reference-orphan", Table: "orders", Object: "orders.item_id", Message: "no such item"},
		{Rule: "rls-enabled", Table: "items", Object: "items", Message: "not enabled", Severity: report.Breach},
	}
	kept, _ := report.Conclude(found, nil, func(report.Finding) string { return "" })
	var got []string
	for _, f := range kept {
		got = append(got, string(f.Severity))
	}
	if want := []string{"breach", "risk", "advice"}; !slices.Equal(got, want) {
		t.Errorf("severities in the order %v, want %v", got, want)
	}
}
