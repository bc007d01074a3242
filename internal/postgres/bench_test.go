package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
)

// What a server costs beyond its programs: a copy of the image, and a start.
// SEEDBED_BENCH_DIR says where the data directories lie.
func BenchmarkServer(b *testing.B) {
	cache, err := postgres.OpenCache("")
	if err != nil {
		b.Fatal(err)
	}
	inst, err := postgres.Find(b.Context(), postgres.Request{Cache: cache})
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.MkdirTemp(os.Getenv("SEEDBED_BENCH_DIR"), "sb")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	n := 0
	create := func(b *testing.B) *home {
		n++
		h := &home{cache: cache, inst: inst, dir: filepath.Join(dir, fmt.Sprint(n))}
		if err := os.Mkdir(h.dir, 0o755); err != nil {
			b.Fatal(err)
		}
		if _, err := inst.CreateData(b.Context(), h.data(), postgres.DataOptions{Cache: cache}); err != nil {
			b.Fatal(err)
		}
		return h
	}
	create(b) // makes the image
	b.Run("copy", func(b *testing.B) {
		for b.Loop() {
			h := create(b)
			b.StopTimer()
			os.RemoveAll(h.dir)
			b.StartTimer()
		}
	})
	b.Run("start", func(b *testing.B) {
		h := create(b)
		for b.Loop() {
			p, err := postgres.Start(b.Context(), h.options())
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := p.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			if _, err := postgres.Find(b.Context(), postgres.Request{Cache: cache}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
