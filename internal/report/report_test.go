package report_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/qarion/seedbed/internal/look"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/testkit"
)

// found is a report with something of each kind, and with names that an attacker chose
// to break us.
func found() report.Page {
	denied, own, all := report.Denied, report.OfTenant, report.Everything
	return report.Page{
		Database: "orders", Title: "Orders <staging>", Server: "18.1", Made: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC), Probed: true,
		Audit: &report.Report{
			Access: &report.Access{
				Roles: []report.AccessRole{{Name: "app", Part: "application"}, {Name: "owner", Part: "owner"}},
				Tables: []report.AccessTable{
					{Name: "comments", Scope: "team", Reach: [][]report.Reach{{own, own, denied, denied, denied}, {all, all, all, all, all}}},
					{Name: `"><img src=x onerror=alert(1)>`, Scope: "team", Aggregate: true, Reach: [][]report.Reach{{own, denied, denied, denied, denied}, {all, all, all, all, all}}},
					{Name: "countries", Reach: [][]report.Reach{{all, denied, denied, denied, denied}, {all, all, all, all, all}}},
				},
			},
			Tables: 3, Rules: 72, Elapsed: 1234 * time.Millisecond,
			Findings: []report.Finding{
				{Rule: "pair-orphan", Severity: report.Breach, Object: "comments.resource_id", Message: "5 rows point nowhere", Rows: 5, Sample: []string{"id=1", `id=</pre><script>alert(1)</script>`}, Fix: "delete them"},
				{Rule: "probe-read", Severity: report.Breach, Object: "comments", Table: "comments", Role: "app", Message: "as app of team 1, 3 rows of other tenants can be read", Evidence: []string{"SELECT count(*) FROM comments", "→ succeeded"}, Fix: "see the policies"},
			},
			Excused:   []report.Finding{{Rule: "constraint-not-valid", Object: "comments.body_check", Message: "is not validated", Severity: report.Advice, Excused: "validated in May"}},
			Unchecked: []report.Gap{{Part: "the moon", Reason: "what it does"}},
		},
		Drawing: `<svg xmlns="http://www.w3.org/2000/svg" class="seedbed-diagram"></svg>`,
	}
}

func html(t *testing.T, p report.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	testkit.Golden(t, filepath.Join("testdata", name), got)
}

var style = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`)

func TestHTML(t *testing.T) {
	golden(t, "findings.html", style.ReplaceAllString(html(t, found()), "<$1></$1>"))
}

// What the review of the migrations has found is counted at the head, which is green only
// where there is nothing; the gravest rules come first.
func TestHTMLCountsHazards(t *testing.T) {
	p := found()
	p.Audit.Findings = append([]report.Finding{{Rule: "tenant-index", Severity: report.Advice, Object: "orders", Message: "no index"}}, p.Audit.Findings...)
	page := html(t, p)
	if a, b := strings.Index(page, `id="tenant-index"`), strings.Index(page, `id="pair-orphan"`); a < b || b < 0 {
		t.Errorf("advice at %d, the breach at %d", a, b)
	}
	p.Audit.Findings, p.Hazards = nil, 2
	testkit.Mention(t, html(t, p), `<header class="unclean">`, `<span>No findings in the database</span> <b>2 hazards in the migrations</b>`)
	p.Hazards = 0
	testkit.Mention(t, html(t, p), `<header class="clean">`)
}

// The page runs nothing but its own script and sends no request, whatever names
// say.
func TestHTMLIsSelfContained(t *testing.T) {
	page := strings.ReplaceAll(html(t, found()), `xmlns="http://www.w3.org/2000/svg"`, "")
	if !strings.Contains(page, "<script>"+look.Script+"</script>") {
		t.Error("the page has not the script")
	}
	page = strings.Replace(page, "<script>"+look.Script, "", 1)
	for _, never := range []string{"<script", "<img", "<link", "<iframe", "http:", "https:", "url(", "@import", "javascript:"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
}

// Every link leads somewhere in the page, and no two things have one name.
func TestHTMLLinksLead(t *testing.T) {
	page := html(t, found())
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two things are called %s", m[1])
		}
		ids[m[1]] = true
	}
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 5 {
		t.Errorf("there are only %d links", len(links))
	}
	for _, m := range links {
		if !ids[m[1]] {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
}

// A cell that a probe broke says so and leads to the finding; its neighbours do not.
func TestMatrixShowsWhatWasTried(t *testing.T) {
	page := html(t, found())
	for _, want := range []string{
		`<a class="c broken" href="#f2" title="app: SELECT on comments reaches rows of its own tenant, and should not: see the finding">S</a>`,
		`<i class="c tenant" title="app: INSERT on comments reaches rows of its own tenant">I</i>`,
		`<i class="c everything" title="owner: TRUNCATE on comments reaches every row">T</i>`,
		`<i class="c shared" title="app: SELECT on countries reaches every row">S</i>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

// A clean report says so, and has no empty sections.
func TestHTMLOfNothing(t *testing.T) {
	page := html(t, report.Page{Database: "orders", Audit: &report.Report{}})
	if !strings.Contains(page, "<b>No findings</b>") || strings.Contains(page, "<section") {
		t.Errorf("the page is\n%s", page)
	}
}

// Many findings of a rule are folded; the rest stays in the page, for links.
func TestManyFindingsAreFolded(t *testing.T) {
	p := report.Page{Database: "orders", Audit: &report.Report{}}
	for range 20 {
		p.Audit.Findings = append(p.Audit.Findings, report.Finding{Rule: "rls-enabled", Object: "t"})
	}
	page := html(t, p)
	if !strings.Contains(page, "<summary>and 14 more</summary>") || strings.Count(page, `class="finding `) != 20 {
		t.Errorf("the page is\n%s", page)
	}
}

func TestSARIF(t *testing.T) {
	files := &report.Files{Prefix: "db/migrate", FS: fstest.MapFS{
		"1_a.sql": {Data: []byte("-- comments are made here\nCREATE TABLE other ();\n")},
		"2_b.sql": {Data: []byte("-- +goose Up\nCREATE TABLE comments (\n  id int,\n  resource_id uuid\n);\n")},
	}}
	var b bytes.Buffer
	if err := found().Run(files).SARIF(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []map[string]any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	run := doc.Runs[0]
	if len(run.Tool.Driver.Rules) != len(report.DatabaseRules) {
		t.Errorf("%d rules of %d", len(run.Tool.Driver.Rules), len(report.DatabaseRules))
	}
	for _, r := range run.Results {
		if i := int(r["ruleIndex"].(float64)); run.Tool.Driver.Rules[i].ID != r["ruleId"] {
			t.Errorf("ruleIndex of %s leads to %s", r["ruleId"], run.Tool.Driver.Rules[i].ID)
		}
		delete(r, "ruleIndex") // of no interest to a reader of the golden file
	}
	text, err := json.MarshalIndent(run.Results, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "results.sarif", string(text)+"\n")
}

// Without migrations there is no line to point at, and the object's name stands alone.
func TestSARIFWithoutFiles(t *testing.T) {
	var b bytes.Buffer
	if err := found().Run(nil).SARIF(&b); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Contains(s, "physicalLocation") || !strings.Contains(s, `"fullyQualifiedName": "orders.comments.resource_id"`) {
		t.Errorf("the report is\n%s", s)
	}
}

func TestSplinterIDsAreOfRules(t *testing.T) {
	for name := range report.Splinter {
		if _, known := report.DatabaseRules.Named(name); !known {
			t.Errorf("there is no rule %s", name)
		}
	}
}
