package postgres

import (
	"archive/tar"
	"archive/zip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/xi2/xz"
)

// A Postgres with everything has 2,500 files and 400 MB.
const (
	maxEntries = 50_000
	maxBytes   = 4 << 30
)

// readJar walks a jar as embedded-postgres downloads it and returns what the one
// archive in it holds. The library takes the first archive that it finds and
// unpacks whatever that says; what this function refuses it never sees.
func readJar(jar io.ReaderAt, size int64) (manifest, error) {
	z, err := zip.NewReader(jar, size)
	if err != nil {
		return nil, fmt.Errorf("not a jar, or a damaged one: %w", err)
	}
	var payload *zip.File
	for _, f := range z.File {
		if !strings.HasSuffix(strings.ToLower(f.Name), ".txz") {
			continue
		}
		if payload != nil || !f.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: more than one .txz in the jar, or one that is no plain file", ErrUnsafe)
		}
		payload = f
	}
	if payload == nil {
		return nil, errors.New("no .txz in the jar")
	}
	body, err := payload.Open()
	if err != nil {
		return nil, fmt.Errorf("damaged jar: %w", err)
	}
	defer body.Close()
	plain, err := xz.NewReader(body, 0)
	if err != nil {
		return nil, fmt.Errorf("damaged archive %s: %w", payload.Name, err)
	}
	return readArchive(plain, "", nil)
}

// readArchive walks a tar archive to its end and returns what it holds below its
// directory top ("" for all). With a root, it unpacks that into it; what it makes
// is readable by everyone. A name or a link that leads outside, a device, a pipe,
// a name that comes twice: the first entry of the kind is an error that wraps
// ErrUnsafe, and nothing of it has been written.
func readArchive(r io.Reader, top string, into *os.Root) (manifest, error) {
	m, g, t := manifest{}, guardedNames{}, tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		name, err := g.admit(h)
		if err != nil {
			return nil, err
		}
		if top != "" {
			var below bool
			if name, below = strings.CutPrefix(name, top+"/"); !below {
				continue
			}
		}
		if name == "." {
			continue
		}
		m.addParents(name)
		if m[name], err = unpackEntry(t, h, name, into); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", h.Name, err)
		}
	}
}

// addParents lists the directories that an archive does not name itself.
func (m manifest) addParents(name string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		m[dir] = entry{Dir: true}
	}
}

func unpackEntry(body io.Reader, h *tar.Header, name string, into *os.Root) (entry, error) {
	file := filepath.FromSlash(name)
	e := entry{Exec: h.FileInfo().Mode()&0o100 != 0}
	var out io.WriteCloser = discard{}
	if into != nil {
		dir := filepath.Dir(file)
		if h.Typeflag == tar.TypeDir {
			dir = file
		}
		if err := into.MkdirAll(dir, 0o755); err != nil {
			return e, err
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return entry{Dir: true}, nil
	case tar.TypeSymlink:
		if into != nil {
			if err := into.Symlink(filepath.FromSlash(h.Linkname), file); err != nil {
				return e, err
			}
		}
		return entry{Link: h.Linkname}, nil
	}
	if into != nil {
		f, err := into.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return e, err
		}
		out = f
	}
	sum := strongDigest()
	var err error
	e.Size, err = io.Copy(io.MultiWriter(sum, out), body)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	e.Sum = hex.EncodeToString(sum.Sum(nil))
	return e, err
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// guardedNames remembers what was admitted so far.
type guardedNames struct {
	entries int
	bytes   int64
	kinds   map[string]byte // by name
}

func (g *guardedNames) admit(h *tar.Header) (string, error) {
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
	case g.behindFile(name):
		return refuse("lies behind a link or a file")
	}
	switch known, twice := g.kinds[name]; {
	case twice && (known != tar.TypeDir || h.Typeflag != tar.TypeDir):
		return refuse("comes twice")
	case h.Typeflag == tar.TypeSymlink && !staysInside(name, h.Linkname):
		return refuse("links outside, to " + h.Linkname)
	case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir && h.Typeflag != tar.TypeSymlink:
		return refuse(fmt.Sprintf("is of type %q", h.Typeflag))
	}
	if g.kinds == nil {
		g.kinds = map[string]byte{}
	}
	g.kinds[name] = h.Typeflag
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		g.kinds[dir] = tar.TypeDir
	}
	return name, nil
}

func (g *guardedNames) behindFile(name string) bool {
	for name = path.Dir(name); name != "."; name = path.Dir(name) {
		if kind, ok := g.kinds[name]; ok && kind != tar.TypeDir {
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
