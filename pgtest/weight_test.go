package pgtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

// A test binary with pgtest alone is at most 1.7 times one that connects with pgx. What makes
// it jump is a package that calls methods by name, as html/template does: the linker then
// keeps all methods.
func TestWeightOfATestBinary(t *testing.T) {
	testkit.SkipShort(t, "links two test binaries")
	t.Parallel()
	module := testkit.NewModule(t, map[string]string{
		"bare/a_test.go": `package bare
import ("context"; "testing"; "github.com/jackc/pgx/v5")
func Test(t *testing.T) { conn, err := pgx.Connect(context.Background(), ""); if err != nil { t.Fatal(err) }; conn.QueryRow(t.Context(), "SELECT 1").Scan() }
`,
		"ours/a_test.go": `package ours
import ("testing"; "github.com/qarion/seedbed/pgtest")
var pg = &pgtest.Server{}
func Test(t *testing.T) { pg.DB(t) }
`,
	})
	size := func(pkg string) float64 {
		binary := filepath.Join(module.Dir, pkg+".test")
		module.Go(t, "test", "-c", "-o", binary, "./"+pkg)
		info, err := os.Stat(binary)
		if err != nil {
			t.Fatal(err)
		}
		return float64(info.Size())
	}
	bare, ours := size("bare"), size("ours")
	t.Logf("pgx %.1f MB, pgtest %.1f MB: %.2f times", bare/1e6, ours/1e6, ours/bare)
	if ours > 1.7*bare {
		t.Errorf("a test binary with pgtest has %.1f MB, %.2f times the %.1f MB of one with pgx", ours/1e6, ours/bare, bare/1e6)
	}
	for _, line := range strings.Split(module.Go(t, "list", "-deps", "-test", "./ours"), "\n") {
		for _, heavy := range []string{"gofakeit", "go-yaml", "cobra", "klauspost", "modernc.org"} {
			if strings.Contains(line, heavy) {
				t.Errorf("pgtest imports %s", line)
			}
		}
	}
}
