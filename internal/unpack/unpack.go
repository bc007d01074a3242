// Package unpack reads tar archives that came over a network. It trusts nothing
// in them: a name that leads outside, a link that does, a device, an archive that
// unpacks to more than a Postgres can be, each is an error before the entry is
// written.
package unpack

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A Postgres with everything has 2,500 files and 400 MB.
const (
	maxEntries = 50_000
	maxBytes   = 4 << 30
)

// ErrUnsafe is wrapped by every refusal of an entry.
var ErrUnsafe = errors.New("unsafe archive")

// Check reads an archive to its end and says whether Into would take it.
func Check(r io.Reader) error {
	return each(r, func(_ *tar.Header, _ string, body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		return err
	})
}

// Into unpacks what the archive has below its directory top ("" for all) into
// dir, which must be empty and the caller's own. Files are readable, and
// executable where the archive says so, for everybody.
func Into(dir, top string, r io.Reader) error {
	return each(r, func(h *tar.Header, name string, body io.Reader) error {
		rest, ok := below(name, top)
		if !ok {
			return nil
		}
		return write(filepath.Join(dir, filepath.FromSlash(rest)), h, body)
	})
}

func below(name, top string) (string, bool) {
	if top == "" {
		return name, name != "."
	}
	return strings.CutPrefix(name, top+"/")
}

// each calls visit for every entry that is safe, with its clean name.
func each(r io.Reader, visit func(h *tar.Header, name string, body io.Reader) error) error {
	g := guard{links: map[string]bool{}}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		name, err := g.admit(h)
		if err != nil {
			return err
		}
		if err := visit(h, name, t); err != nil {
			return fmt.Errorf("unpack %s: %w", h.Name, err)
		}
	}
}

// guard remembers what was admitted so far.
type guard struct {
	entries int
	bytes   int64
	links   map[string]bool
}

func (g *guard) admit(h *tar.Header) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fmt.Errorf("%w: %q %s", ErrUnsafe, h.Name, why)
	}
	g.entries++
	g.bytes += max(h.Size, 0)
	name := path.Clean(h.Name)
	switch {
	case g.entries > maxEntries:
		return refuse(fmt.Sprintf("is entry %d", g.entries))
	case g.bytes > maxBytes || h.Size < 0:
		return refuse("is too large")
	case !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\\x00"):
		return refuse("leads outside")
	case g.behindLink(name):
		return refuse("lies behind a link")
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
	case tar.TypeSymlink:
		if !staysInside(name, h.Linkname) {
			return refuse("links outside, to " + h.Linkname)
		}
		g.links[name] = true
	default:
		return refuse(fmt.Sprintf("is of type %q", h.Typeflag))
	}
	return name, nil
}

// behindLink also holds for an entry that takes a link's own name.
func (g *guard) behindLink(name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if g.links[name] {
			return true
		}
	}
	return false
}

// staysInside allows .. at the beginning of a target only: behind a directory
// that is itself a link it would not lead where it seems to.
func staysInside(name, target string) bool {
	if path.IsAbs(target) || strings.ContainsAny(target, "\\:") || target == "" {
		return false
	}
	rest := target
	for strings.HasPrefix(rest, "../") {
		rest = rest[3:]
	}
	if rest == ".." || strings.Contains("/"+rest+"/", "/../") {
		return false
	}
	joined := path.Join(path.Dir(name), target)
	return joined != ".." && !strings.HasPrefix(joined, "../")
}

func write(to string, h *tar.Header, body io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return os.MkdirAll(to, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeSymlink {
		return os.Symlink(filepath.FromSlash(h.Linkname), to)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(to, openMode(h.FileInfo().Mode()))
	}
	return err
}

// openMode lets everybody read, and execute what the owner may: as root, the
// server runs as somebody else.
func openMode(mode fs.FileMode) fs.FileMode {
	if mode&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

// OpenUp gives a tree that somebody else unpacked the modes that Into gives.
func OpenUp(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := openMode(info.Mode())
		if d.IsDir() {
			want = 0o755
		}
		if info.Mode().Perm() == want {
			return nil
		}
		return os.Chmod(p, want)
	})
}
