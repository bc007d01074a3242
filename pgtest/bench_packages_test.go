//go:build unix

package pgtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/qarion/seedbed/pgtest"
)

// BenchmarkTenPackages runs the prebuilt tests of ten packages, five database
// tests each, two packages at a time: with Seedbed, with a clone each on a server
// that runs already (pgtestdb's way), and with a server each (embedded-postgres's,
// which refuses root and is left out then).
func BenchmarkTenPackages(b *testing.B) {
	bin := filepath.Join(b.TempDir(), "competitors.test")
	if out, err := exec.Command("go", "test", "-c", "-o", bin, "./testdata/competitors").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	server := &pgtest.Server{Migrations: pg.Migrations}
	db := server.DB(b)
	ten := func(pattern string, env ...string) time.Duration {
		start := time.Now()
		var all sync.WaitGroup
		room := make(chan struct{}, 2)
		for range 10 {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				cmd := exec.Command(bin, "-test.run", "^"+pattern+"$")
				cmd.Env = append(os.Environ(), env...)
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Errorf("%s: %v\n%s", pattern, err, out)
				}
			})
		}
		all.Wait()
		return time.Since(start)
	}
	url := "COMPETITOR_URL=" + db.AdminURL("postgres")
	ten("TestSeedbed")
	ten("TestClone", url)
	var ours, clones, embedded time.Duration
	b.ResetTimer()
	for range b.N {
		ours += ten("TestSeedbed")
		clones += ten("TestClone", url)
		if os.Getuid() != 0 {
			embedded += ten("TestEmbedded", "COMPETITOR_BINARIES="+db.Prefix())
		}
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "ours-s")
	b.ReportMetric(float64(clones)/float64(ours), "x-clone-each")
	b.ReportMetric(float64(embedded)/float64(ours), "x-server-each")
}
