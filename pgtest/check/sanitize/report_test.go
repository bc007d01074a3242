package sanitize_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check/sanitize"
)

// TestReports holds the page that a user reads to its golden file: one for each
// rule, and one of many findings.
func TestReports(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, d := range sanitize.Rules() {
		fmt.Fprintf(&b, "-- %s --\n%s\n", d.Rule, sanitize.Report("a page", findingsOf(d.Rule)))
	}
	many := map[string]any{
		"items":                       []article{{&author{Bio: "ok"}}, {&author{Bio: "a\x00b\x00 \u202e" + strings.Repeat("long ", 40) + "\x00"}}},
		strings.Repeat("key\xff", 40): map[string]any{"n": int64(1) << 60, "m": int64(1) << 61},
	}
	fmt.Fprintf(&b, "-- many --\n%s", sanitize.Report("GET /v1/comments", sanitize.Inspect(many, sanitize.Policy{})))
	testkit.Golden(t, "testdata/reports.golden", b.String())
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// findingsOf returns what Inspect says of the first fault of a rule.
func findingsOf(rule sanitize.Rule) []sanitize.Finding {
	for _, f := range faults {
		if f.rule == rule {
			return sanitize.Inspect(asValue(f.build()), sanitize.Policy{})
		}
	}
	return sanitize.Inspect(iotest.ErrReader(errors.New("connection reset")), sanitize.Policy{})
}

func TestFindingOnOneLine(t *testing.T) {
	t.Parallel()
	found := sanitize.Inspect(map[string]string{"s": "ab\u202e"}, sanitize.Policy{})
	want := "bidi-control at $.s: U+202E RIGHT-TO-LEFT OVERRIDE, at byte 2 of the string (e2 80 ae)"
	if got := found[0].String(); got != want {
		t.Errorf("got %s", got)
	}
	if got := sanitize.Report("nothing", nil); got != "" {
		t.Errorf("no findings: %q", got)
	}
}
