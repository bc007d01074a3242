package migrations_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
)

// superuser is a handle that a review works with: on a server of ours the superuser
// is reachable over its socket.
func superuser(t *testing.T) *pgxpool.Pool {
	t.Helper()
	u, err := url.Parse(pg.DB(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.User("postgres"), "/postgres"
	pool, err := pgxpool.New(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	var super bool
	if err := pool.QueryRow(t.Context(), "select rolsuper from pg_roles where rolname = current_user").Scan(&super); err != nil || !super {
		t.Skipf("needs the superuser of a disposable server: %v", err)
	}
	return pool
}

// corpusCase is one migration of the corpus. want are the hazards that the server shows;
// the review may also find the allowed ones, and must not find those in never.
type corpusCase struct {
	file, name     string
	want           []ruleAt
	allowed        []string
	never          []string
	base, up, down string
}

func (c corpusCase) isSafe() bool { return len(c.want) == 0 }

func (c corpusCase) wants(rule string) bool {
	return slices.ContainsFunc(c.want, func(l ruleAt) bool { return l.rule == rule })
}

// ruleAt is a rule with its place. An empty target matches any, and so does statement -1.
type ruleAt struct {
	rule, target string
	statement    int
}

func parseRuleAt(t *testing.T, text string) ruleAt {
	rule, where, has := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	l := ruleAt{rule: rule, statement: -1}
	if !has {
		return l
	}
	target, n, numbered := strings.Cut(where, "#")
	l.target = target
	if numbered {
		var err error
		if l.statement, err = strconv.Atoi(n); err != nil {
			t.Fatalf("corpus: %s: %v", text, err)
		}
	}
	return l
}

func (l ruleAt) matches(f migrations.Finding) bool {
	return f.Rule == l.rule && (l.target == "" || f.Target == l.target) && (l.statement < 0 || f.Statement == l.statement)
}

// readCorpus reads testdata/corpus. A case is
//
//	=== name: rule rule (rule)
//	SQL of the base
//	---
//	SQL of Up; verbatim where it has annotations of its own
//	---
//	SQL of Down
//
// A rule for one major is written rule@15, a case for one and later since@18, one for a relation and a statement
// rule[public.t#0]; one in parentheses may be found, one after ! must not be though it is no hazard. A case whose name ends in -crlf
// is written with such lines.
func readCorpus(t *testing.T, major int) []corpusCase {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	var all []corpusCase
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split("\n"+string(content), "\n=== ")[1:] {
			head, body, _ := strings.Cut(block, "\n")
			name, rules, _ := strings.Cut(head, ":")
			c := corpusCase{file: strings.TrimSuffix(filepath.Base(f), ".txt"), name: name}
			since := 0
			for _, r := range strings.Fields(rules) {
				rule, only, limited := strings.Cut(strings.Trim(r, "()"), "@")
				switch {
				case rule == "since":
					since, _ = strconv.Atoi(only)
				case limited && only != fmt.Sprint(major):
				case strings.HasPrefix(r, "!"):
					c.never = append(c.never, strings.TrimPrefix(rule, "!"))
				case strings.HasPrefix(r, "("):
					c.allowed = append(c.allowed, rule)
				default:
					c.want = append(c.want, parseRuleAt(t, rule))
				}
			}
			if major < since {
				continue
			}
			parts := strings.Split("\n"+body, "\n---")
			c.base = strings.TrimSpace(parts[0])
			if len(parts) > 1 {
				c.up = strings.TrimSpace(parts[1])
			}
			if len(parts) > 2 {
				c.down = strings.TrimSpace(parts[2])
			}
			all = append(all, c)
		}
	}
	return all
}

func (c corpusCase) set() []string {
	var pairs []string
	if c.base != "" {
		pairs = append(pairs, "00001_base.sql", "-- +goose Up\n"+c.base+"\n")
	}
	up := c.up
	if !strings.Contains(strings.ToLower(up), "+goose up") {
		up = "-- +goose Up\n" + up + "\n-- +goose Down\n" + c.down + "\n"
	} else if c.down != "" {
		up += "\n-- +goose Down\n" + c.down + "\n"
	}
	if strings.HasSuffix(c.name, "-crlf") {
		up = strings.ReplaceAll(up, "\n", "\r\n")
	}
	return append(pairs, "00002_case.sql", up+"\n")
}

// tally counts how often a rule was wanted and found.
type tally struct{ wanted, found, false int }

// sample returns every fifteenth migration, and as many more as are needed to have each
// rule once. The whole corpus takes four minutes on two processors.
func sample(all []corpusCase) (some []corpusCase) {
	kept := map[string]int{}
	for i, c := range all {
		rare := slices.ContainsFunc(c.want, func(w ruleAt) bool { return kept[w.rule] < 1 })
		if i%15 != 0 && !rare {
			continue
		}
		some = append(some, c)
		for _, w := range c.want {
			kept[w.rule]++
		}
	}
	return some
}

func TestCorpus(t *testing.T) {
	testkit.SkipShort(t, "reviews dozens of migrations")
	db := superuser(t)
	major := queryValue[int](t, db, "select current_setting('server_version_num')::int / 10000")
	all := readCorpus(t, major)
	only := os.Getenv("CORPUS_CASE")
	if !testkit.Long() && only == "" {
		some := sample(all)
		t.Logf("%d of %d migrations; -long reviews all", len(some), len(all))
		all = some
	}
	var mu sync.Mutex
	tallies := map[string]*tally{}
	safe, falseSafe := 0, 0
	count := func(rule string) *tally {
		if tallies[rule] == nil {
			tallies[rule] = &tally{}
		}
		return tallies[rule]
	}
	gate := make(chan bool, 3)
	var wg sync.WaitGroup
	for _, c := range all {
		if only != "" && !strings.Contains(c.file+"/"+c.name, only) {
			continue
		}
		wg.Go(func() {
			gate <- true
			defer func() { <-gate }()
			report, err := migrations.Review(context.WithoutCancel(t.Context()), db, files(c.set()...), migrations.ReviewOptions{From: 1})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("%s/%s: %v", c.file, c.name, err)
				return
			}
			found := map[string]bool{}
			var details strings.Builder
			for _, f := range report.Findings {
				if only != "" {
					t.Logf("%s %s:%d #%d %s [%s] %s: %s FIX %s", f.Rule, f.File, f.Line, f.Statement, f.Target, f.Lock, f.Severity, f.Message, f.Fix)
				}
				if f.File == "00001_base.sql" && f.Severity == migrations.Hazard {
					t.Errorf("%s/%s: the base: %s %s", c.file, c.name, f.Rule, f.Message)
				}
				if f.File == "00002_case.sql" && (f.Severity == migrations.Hazard || c.wants(f.Rule) || slices.Contains(c.never, f.Rule)) {
					found[f.Rule] = true
					fmt.Fprintf(&details, "\n    %s %s #%d: %s", f.Rule, f.Target, f.Statement, f.Message)
				}
			}
			for _, want := range c.want {
				count(want.rule).wanted++
				if slices.ContainsFunc(report.Findings, func(f migrations.Finding) bool { return f.File == "00002_case.sql" && want.matches(f) }) {
					count(want.rule).found++
				} else {
					t.Errorf("%s/%s: %+v was not found, but:%s", c.file, c.name, want, details.String())
				}
			}
			wrong := false
			for rule := range found {
				if !c.wants(rule) && !slices.Contains(c.allowed, rule) {
					count(rule).false++
					wrong = true
					t.Errorf("%s/%s: %s is false:%s", c.file, c.name, rule, details.String())
				}
			}
			if c.isSafe() {
				safe++
				if wrong {
					falseSafe++
				}
			}
		})
	}
	wg.Wait()
	t.Log(table(major, len(all), safe, falseSafe, tallies))
}

func table(major, cases, safe, falseSafe int, tallies map[string]*tally) string {
	var b strings.Builder
	var sum tally
	fmt.Fprintf(&b, "Postgres %d: %d migrations, %d of them safe\n\n%-40s %6s %6s %6s\n", major, cases, safe, "rule", "wanted", "found", "false")
	for _, rule := range slices.SortedFunc(maps.Keys(tallies), cmp.Compare[string]) {
		x := tallies[rule]
		fmt.Fprintf(&b, "%-40s %6d %6d %6d\n", rule, x.wanted, x.found, x.false)
		sum.wanted, sum.found, sum.false = sum.wanted+x.wanted, sum.found+x.found, sum.false+x.false
	}
	fmt.Fprintf(&b, "\nrecall %.1f%%, safe files with a false alarm %.1f%%", 100*float64(sum.found)/float64(max(1, sum.wanted)), 100*float64(falseSafe)/float64(max(1, safe)))
	return b.String()
}

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
