package pgtest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// The child's tests have this schema too: see testdata/child.
var things = &pgtest.Server{Migrations: os.DirFS("testdata/child/artifacts")}

func TestArtifactsOfAFailedTest(t *testing.T) {
	testkit.SkipShort(t, "builds a test binary")
	out := t.TempDir()
	cmd := testkit.Command(t, "./testdata/child", "TestArtifacts", "-test.artifacts", "-test.outputdir", out)
	log, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the test passed:\n%s", log)
	}
	testkit.Mention(t, string(log), "=== ATTR  TestArtifacts pgtest.database sb_", "=== ATTR  TestArtifacts pgtest.url postgres://", "report.html")
	// Each line of the log is the test's own.
	for _, m := range regexp.MustCompile(`(?m)^ +(\w+\.go):\d+:`).FindAllStringSubmatch(string(log), -1) {
		if m[1] != "child_test.go" {
			t.Errorf("the log has a line of %s:\n%s", m[1], log)
		}
	}
	var dirs []string
	filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "card.txt" {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if len(dirs) != 1 {
		t.Fatalf("the artifacts are in %v, want one directory\n%s", dirs, log)
	}
	dir := os.DirFS(dirs[0])
	testkit.Mention(t, testkit.ReadFile(t, filepath.Join(dirs[0], "card.txt")), "its database is kept", "psql 'postgres://")
	testkit.Mention(t, testkit.ReadFile(t, filepath.Join(dirs[0], "server.log")), `invalid input syntax for type integer: "x"`, "SELECT 'x'::int")
	testkit.Mention(t, testkit.ReadFile(t, filepath.Join(dirs[0], "report.html")), "TestArtifacts", "&lt;b&gt;", "events")

	// The rows come back, and are the test's alone: not the template's.
	rows := testkit.ReadFile(t, filepath.Join(dirs[0], "rows.yaml"))
	if strings.Contains(rows, "of the template") {
		t.Errorf("rows.yaml has rows that the test began with:\n%s", rows)
	}
	db := things.DB(t)
	fixtures.Load(t, db, dir, "rows.yaml")
	got := testpg.One[string](t, db, `SELECT jsonb_agg(to_jsonb(k) ORDER BY id)::text FROM kinds k WHERE id > 1`)
	if want := `[{"id": 7, "doc": {"a": [1, "x"]}, "name": "tab\tand \"quotes\" <b> \\N", "tags": ["a b", "c"], "score": -1.50, "active": true}, {"id": 8, "doc": null, "name": null, "tags": null, "score": null, "active": null}]`; got != want {
		t.Errorf("kinds:\n got %s\nwant %s", got, want)
	}
	if n := testpg.One[int](t, db, "SELECT count(*) FROM events WHERE kind IN (1, 7) AND at IN ('2024-05-05', '2030-01-01')"); n != 2 {
		t.Errorf("%d events of partitions came back\n%s", n, rows)
	}
}

func TestNoArtifactsWithoutTheFlag(t *testing.T) {
	testkit.SkipShort(t, "builds a test binary")
	out := t.TempDir()
	if log, err := testkit.Command(t, "./testdata/child", "TestArtifacts", "-test.outputdir", out).CombinedOutput(); err == nil {
		t.Fatalf("the test passed:\n%s", log)
	}
	if left, _ := os.ReadDir(out); len(left) > 0 {
		t.Errorf("%v was written", left)
	}
}
