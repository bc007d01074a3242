package server_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/qarion/seedbed/internal/server"
)

// BenchmarkBoot is a boot with everything cached, beside embedded-postgres's own
// default Start with its archive cached: it unpacks, runs initdb and starts. That
// refuses root, so run it as another user.
func BenchmarkBoot(b *testing.B) {
	if os.Getuid() == 0 {
		b.Skip("embedded-postgres does not start as root: run the benchmark as an ordinary user")
	}
	cache := b.TempDir()
	boot := func() *server.Server {
		c, err := server.Acquire(b.Context(), server.Config{Cache: cache})
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	first := boot() // initdb
	prefix := first.Installation().Prefix
	stop(b, first)
	if _, err := os.Stat(filepath.Join(prefix, "share")); err != nil {
		b.Skipf("%v: embedded-postgres's archive is made of an installation that is in one directory, such as SEEDBED_BINARIES can name", err)
	}
	theirs := median(5, func() { defaultStart(b, prefix) })
	var ours []time.Duration
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		c := boot()
		ours = append(ours, time.Since(start))
		stop(b, c)
	}
	slices.Sort(ours)
	own := ours[len(ours)/2]
	b.ReportMetric(float64(own.Milliseconds()), "ours-ms")
	b.ReportMetric(float64(theirs.Milliseconds()), "default-Start-ms")
	b.ReportMetric(float64(theirs)/float64(own), "x")
}

func stop(b *testing.B, c *server.Server) {
	b.Helper()
	if err := c.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func median(n int, do func()) time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		start := time.Now()
		do()
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[n/2]
}

// archive outlives one call of the benchmark: the first is only a trial.
var archive string

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(archive)
	os.Exit(code)
}

// defaultStart is NewDatabase(DefaultConfig()).Start(), with the archive where its
// download would have put it; stopping is not counted by being asked to be quick.
func defaultStart(b *testing.B, prefix string) {
	b.Helper()
	if archive == "" {
		archive = packArchive(b, prefix)
	}
	free, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		b.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	db := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().CachePath(archive).
		RuntimePath(filepath.Join(b.TempDir(), "extracted")).Port(uint32(port)).Logger(io.Discard))
	if err := db.Start(); err != nil {
		b.Fatal(err)
	}
	if err := db.Stop(); err != nil {
		b.Fatal(err)
	}
}

// packArchive makes the archive that embedded-postgres would have downloaded out of
// an installation that has the same layout.
func packArchive(b *testing.B, prefix string) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "seedbed-archive-")
	if err != nil {
		b.Fatal(err)
	}
	arch := runtime.GOARCH
	if arch == "arm64" {
		arch += "v8"
	}
	name := "embedded-postgres-binaries-" + runtime.GOOS + "-" + arch + "-" + string(embeddedpostgres.V18) + ".txz"
	cmd := exec.Command("tar", "-C", prefix, "-cJf", filepath.Join(dir, name), "bin", "lib", "share")
	cmd.Env = append(os.Environ(), "XZ_OPT=-1")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("pack %s: %v\n%s", prefix, err, out)
	}
	return dir
}
