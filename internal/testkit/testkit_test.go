package testkit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func TestRecord(t *testing.T) {
	var order []string
	r := testkit.Record(t, func(t testing.TB) {
		t.Helper()
		t.Cleanup(func() { order = append(order, "first") })
		t.Cleanup(func() {
			if t.Context().Err() == nil {
				order = append(order, "context lives")
			}
			order = append(order, "second")
			t.FailNow()
		})
		t.Log("a", 1)
		t.Errorf("wrong: %d", 2)
		t.Fatal("the", "end")
		order = append(order, "after the end")
	})
	if want := []string{"wrong: 2", "the end"}; !slices.Equal(r.Errors(), want) {
		t.Errorf("errors %q, want %q", r.Errors(), want)
	}
	if r.FatalMessage() != "the end" || !r.Failed() || r.Logged() != "a 1\n" || !r.CalledHelper() || r.Skipped() {
		t.Errorf("fatal %q, failed %t, log %q, helper %t, skipped %t", r.FatalMessage(), r.Failed(), r.Logged(), r.CalledHelper(), r.Skipped())
	}
	if want := []string{"second", "first"}; !slices.Equal(order, want) {
		t.Errorf("ran %q, want %q", order, want)
	}
}

func TestRecordSkipAndPanic(t *testing.T) {
	if r := testkit.Record(t, func(t testing.TB) { t.Skipf("no %s", "server") }); r.SkipMessage() != "no server" || r.Failed() {
		t.Errorf("skipped with %q, failed %t", r.SkipMessage(), r.Failed())
	}
	defer func() {
		if recover() != "mine" {
			t.Error("the panic is not the caller's")
		}
	}()
	testkit.Record(t, func(testing.TB) { panic("mine") })
}

func TestFences(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	testkit.WriteFile(t, page, "# A page\n\n```go a_test.go\npackage a\n```\n\nand\n\n```sh\nls\n```\n")
	want := []testkit.Fence{{"go", "a_test.go", "package a\n"}, {"sh", "", "ls\n"}}
	if got := testkit.Fences(t, page); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if prose := testkit.Prose(t, page); !strings.Contains(prose, "and") || strings.Contains(prose, "package") {
		t.Errorf("the prose is %q", prose)
	}
	testkit.WriteFile(t, page, "```\nno language\n```\n")
	if r := testkit.Record(t, func(t testing.TB) { testkit.Fences(t, page) }); !r.Failed() {
		t.Error("a fence without a language is accepted")
	}
}

func TestGolden(t *testing.T) {
	file := filepath.Join(t.TempDir(), "golden")
	testkit.WriteFile(t, file, "a\nb\n")
	testkit.Golden(t, file, "a\nb\n")
	r := testkit.Record(t, func(t testing.TB) { testkit.Golden(t, file, "a\nc\n") })
	testkit.Mention(t, r.Text(), file, "-update", `"b"`, `"c"`)
}

func TestSample(t *testing.T) {
	if testkit.Long() {
		t.Skip("takes all")
	}
	want := []int{1, 3, 5}
	if testing.Short() {
		want = []int{1, 5}
	}
	if got := testkit.Sample(t, []int{1, 2, 3, 4, 5}, 2); !slices.Equal(got, want) {
		t.Errorf("got %d", got)
	}
	if testkit.Rounds(2, 20) != 2 {
		t.Error("many rounds without -long")
	}
}

func TestModule(t *testing.T) {
	testkit.SkipShort(t, "compiles")
	m := testkit.NewModule(t, map[string]string{"a/a.go": "package a\n\nimport _ \"" + testkit.Path + "\"\n"})
	m.Go(t, "build", "./...")
	if _, err := os.Stat(filepath.Join(testkit.Root(t), "internal", "testkit")); err != nil {
		t.Error(err)
	}
	m.Write(t, "a/a.go", "package a\n\nvar _ = nothing\n")
	r := testkit.Record(t, func(t testing.TB) { m.Go(t, "build", "./...") })
	testkit.Mention(t, r.FatalMessage(), "go build ./...", "undefined: nothing")
}

func TestTestBinaryIsBuiltOnce(t *testing.T) {
	testkit.SkipShort(t, "compiles")
	if os.Getenv("TESTKIT_CHILD") != "" {
		return
	}
	first := testkit.TestBinary(t, ".")
	if again := testkit.TestBinary(t, "."); again != first {
		t.Errorf("built twice: %s, %s", first, again)
	}
	child := exec.Command(first, "-test.run=TestTestBinaryIsBuiltOnce", "-test.v")
	child.Env = append(os.Environ(), "TESTKIT_CHILD=1")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
	r := testkit.Record(t, func(t testing.TB) { testkit.TestBinary(t, "./no/such/package") })
	testkit.Mention(t, r.FatalMessage(), "build ./no/such/package")
}

func TestServersOfACache(t *testing.T) {
	cache := testkit.CacheDir(t)
	if running := testkit.Servers(cache); len(running) > 0 {
		t.Errorf("servers run in an empty cache: %v", running)
	}
	testkit.WriteFile(t, filepath.Join(cache, "data", "postmaster.pid"), "no number\n")
	if running := testkit.Servers(cache); len(running) > 0 {
		t.Errorf("a pid was read where there is none: %v", running)
	}
}
