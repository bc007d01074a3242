package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/report"
)

// review is one of two migrations, with names that an attacker chose to break us.
func review() *report.Review {
	at := func(line, number int, lock string) *report.Statement {
		return &report.Statement{File: "2_i.sql", Version: 2, Line: line, Number: number, SQL: "create index on \"</pre>\x1b[2J\" (a)", Lock: lock}
	}
	return &report.Review{
		Set: "2 goose migrations in db/migrate", Total: 3, Majors: []int{15, 18},
		Migrations: []report.Migration{
			{Version: 1, File: "1_t.sql"},
			{Version: 2, File: "2_i.sql", Locks: []report.LockSpan{{Relation: "public.t", Lock: "SHARE", From: 1, To: 2, Writes: true, DDL: true}},
				Access: []report.AccessChange{{Kind: "table", Object: "public.t", Role: "app", Command: "SELECT", Before: "no row", After: "every row", Effect: "widening",
					Rows: []report.RowReach{{Tenant: "org 7", Before: report.Refused, After: 6, Total: 6}}}}},
		},
		Findings: []report.Finding{
			{Rule: "lock-timeout-missing", Severity: report.Policy, Object: "public.t", Message: "waits for as long as it takes", Fix: "SET LOCAL lock_timeout = '3s'", Statement: at(3, 1, "SHARE")},
			{Rule: "lock-timeout-missing", Severity: report.Policy, Object: "public.u", Message: "waits for as long as it takes", Fix: "SET LOCAL lock_timeout = '3s'", Statement: at(4, 2, "SHARE")},
			{Rule: "index-not-concurrent", Severity: report.Hazard, Object: "public.t", Message: "building <b> blocks writes", Fix: "create index CONCURRENTLY", Statement: at(3, 1, "SHARE")},
			{Rule: "down-missing", Severity: report.Hazard, Message: "there is no way back", Fix: "write it", Statement: &report.Statement{File: "2_i.sql", Version: 2, Number: -1, Majors: []int{18}}},
		},
		Accepted: []report.Finding{{Rule: "drop-table", Severity: report.Hazard, Object: "public.old", Message: "drops it", Excused: "empty", Statement: at(9, 3, "")}},
	}
}

// A review in text and as a page has the look of a check: one form of finding, one way
// to fold what the same fix is for.
func TestReview(t *testing.T) {
	golden(t, "review.txt", review().Text())
	var b bytes.Buffer
	if err := review().HTML(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "review.html", style.ReplaceAllString(b.String(), "<$1></$1>"))
}

// The section of a review stands in the page of a check as it does in its own.
func TestSectionOfAReviewInAPage(t *testing.T) {
	p := found()
	section, err := review().Section()
	if err != nil {
		t.Fatal(err)
	}
	p.Migrations = section
	if page := html(t, p); !strings.Contains(page, section) || !strings.Contains(page, `<a href="#migrations">`) {
		t.Errorf("the page is\n%s", page)
	}
}

// What the severities are called in a check and in a review comes to the same for code
// hosts.
func TestSeveritiesOfCodeHosts(t *testing.T) {
	var b bytes.Buffer
	if err := review().Run("db").SARIF(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Suppressions  []struct{ Kind string }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	levels := ""
	for _, r := range doc.Runs[0].Results {
		levels += r.Level + " "
		if (len(r.Suppressions) == 1 && r.Suppressions[0].Kind == "inSource") != (r.RuleID == "drop-table") {
			t.Errorf("suppressions of %s: %v", r.RuleID, r.Suppressions)
		}
	}
	if levels != "warning warning error error error " {
		t.Errorf("the levels are %s", levels)
	}
	b.Reset()
	if err := review().Comments("db").GitHub(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Count(text, "\n") != 3 || !strings.HasPrefix(text, "::error file=db/2_i.sql,line=3,title=index-not-concurrent::public.t: building <b> blocks writes%0A") {
		t.Errorf("the comments are\n%s", text)
	}
	b.Reset()
	if err := found().Run(nil).GitHub(&b); err != nil || !strings.HasPrefix(b.String(), "::error file=database/orders,line=1,title=pair-orphan::") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// A rule has one name in its set, a severity of it, and says what must hold and why.
func TestRulesAreWhole(t *testing.T) {
	for set, severities := range map[*report.RuleSet][]report.Severity{
		&report.DatabaseRules:  {report.Breach, report.Risk, report.Advice},
		&report.MigrationRules: {report.Hazard, report.Policy, report.Style},
	} {
		seen := map[string]bool{}
		for _, r := range *set {
			known := false
			for _, s := range severities {
				known = known || r.Severity == s
			}
			if seen[r.Name] || !known || !strings.HasSuffix(r.Holds, ".") || !strings.HasSuffix(r.Why, ".") {
				t.Errorf("the rule %+v", r)
			}
			seen[r.Name] = true
			for _, vague := range []string{"somebody", "nobody", "anybody", "everybody", "anyone", "everyone", "someone", "whoever"} {
				if strings.Contains(strings.ToLower(r.Holds+" "+r.Why), vague) {
					t.Errorf("%s says %q: name the actor", r.Name, vague)
				}
			}
		}
	}
}
