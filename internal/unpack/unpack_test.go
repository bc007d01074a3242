package unpack_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/qarion/seedbed/internal/unpack"
)

type entry struct {
	name, body, link string
	kind             byte
	mode             int64
	size             int64 // claimed without a body
}

func pack(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: e.mode, Size: int64(len(e.body))}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if e.size > 0 {
			h.Size = e.size
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return buf.Bytes()
}

func TestUnpacksBelowTop(t *testing.T) {
	data := pack(t,
		entry{name: "package/package.json", body: "{}"},
		entry{name: "package/native/", kind: tar.TypeDir, mode: 0o700},
		entry{name: "package/native/bin/postgres", body: "x", mode: 0o700},
		entry{name: "./package/native/lib/a.so.5", body: "lib", mode: 0o600},
		entry{name: "package/native/lib/a.so", kind: tar.TypeSymlink, link: "a.so.5"},
		entry{name: "package/native/lib/pg/up.so", kind: tar.TypeSymlink, link: "../a.so.5"},
	)
	dir := t.TempDir()
	if err := unpack.Into(dir, "package/native", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "lib", "pg", "up.so")); err != nil || string(got) != "lib" {
		t.Errorf("through the link: %q, %v", got, err)
	}
	for name, want := range map[string]os.FileMode{"bin/postgres": 0o755, "lib/a.so.5": 0o644, "bin": 0o755} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %v", name, info, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
		t.Error("unpacked what is not below top")
	}
}

func TestRefusesWhatLeadsOutside(t *testing.T) {
	for name, entries := range map[string][]entry{
		"parent":            {{name: "../x", body: "x"}},
		"parent inside":     {{name: "a/../../x", body: "x"}},
		"absolute":          {{name: "/etc/x", body: "x"}},
		"absolute link":     {{name: "l", kind: tar.TypeSymlink, link: "/etc"}},
		"link out":          {{name: "a/l", kind: tar.TypeSymlink, link: "../../etc"}},
		"link to parent":    {{name: "l", kind: tar.TypeSymlink, link: ".."}},
		"file behind link":  {{name: "l", kind: tar.TypeSymlink, link: "d"}, {name: "l/x", body: "x"}},
		"file over link":    {{name: "l", kind: tar.TypeSymlink, link: "d"}, {name: "l", body: "x"}},
		"link through link": {{name: "d/e/f", body: "x"}, {name: "l", kind: tar.TypeSymlink, link: "d/e"}, {name: "m", kind: tar.TypeSymlink, link: "l/../../../x"}},
		"hard link":         {{name: "h", kind: tar.TypeLink, link: "/etc/passwd"}},
		"device":            {{name: "n", kind: tar.TypeChar}},
		"backslash":         {{name: `..\x`, body: "x"}},
		"huge":              {{name: "big", size: 5 << 30}},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			dir := filepath.Join(top, "in")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			data := pack(t, entries...)
			if err := unpack.Into(dir, "", bytes.NewReader(data)); !errors.Is(err, unpack.ErrUnsafe) {
				t.Errorf("Into: %v, want ErrUnsafe", err)
			}
			if err := unpack.Check(bytes.NewReader(data)); !errors.Is(err, unpack.ErrUnsafe) {
				t.Errorf("Check: %v, want ErrUnsafe", err)
			}
			if left, _ := os.ReadDir(top); len(left) != 1 {
				t.Errorf("written outside: %v", left)
			}
		})
	}
}

// Failure mode 2: an archive that ends early is not one that is small.
func TestTruncatedArchiveIsAnError(t *testing.T) {
	data := pack(t, entry{name: "a", body: string(make([]byte, 4000))})
	if err := unpack.Check(bytes.NewReader(data[:2000])); err == nil {
		t.Error("accepted half an archive")
	}
}

func TestOpenUp(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "d"), 0o700),
		os.WriteFile(filepath.Join(dir, "d", "run"), nil, 0o700),
		os.WriteFile(filepath.Join(dir, "d", "read"), nil, 0o400),
		unpack.OpenUp(dir)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"d": 0o755, "d/run": 0o755, "d/read": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info, err, want)
		}
	}
}
