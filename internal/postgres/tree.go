package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// manifest lists what belongs to a directory tree, by slash-separated path.
type manifest map[string]entry

type entry struct {
	Dir  bool   `json:"dir,omitempty"`
	Link string `json:"link,omitempty"` // a symbolic link's target
	Exec bool   `json:"exec,omitempty"`
	Size int64  `json:"size,omitempty"`
	Sum  string `json:"sum,omitempty"`
}

// names are the manifest's paths, directories before what is in them.
func (m manifest) names() []string { return slices.Sorted(maps.Keys(m)) }

// digests: an installation is held against the archive that it came from, which
// another user's write must not pass; an image is ours, and only has to show damage.
func strongDigest() hash.Hash { return sha256.New() }
func quickDigest() hash.Hash  { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }

// treeCopy copies a directory tree. Neither side's links are followed, so it is
// safe for root on what another user owns.
type treeCopy struct {
	from string
	to   string // does not exist yet; empty: the tree is only compared with want
	// want is what has to be there; the copy holds that and nothing else. Nil: all
	// that is there, plain files and directories.
	want   manifest
	skip   func(name string) bool // what to leave out; nil: nothing
	digest func() hash.Hash
	owner  *User       // whose the files must be; nil: anyone's
	give   *User       // whose the copy is to be
	mode   fs.FileMode // of directories and executables; files get it without the x bits
}

// copy returns the manifest of what it copied. The copy is ours until it is
// whole; its top is given away last.
func (c treeCopy) copy() (manifest, error) {
	from, err := os.OpenRoot(c.from)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	want := c.want
	if want == nil {
		if want, err = c.scan(from); err != nil {
			return nil, err
		}
	}
	if c.to == "" {
		return c.copyDirs(from, nil, want)
	}
	to, err := c.makeDirs(want)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	got, err := c.copyDirs(from, to, want)
	if err != nil {
		return nil, err
	}
	return got, c.handOver(to, got)
}

// makeDirs makes the copy's directories.
func (c treeCopy) makeDirs(want manifest) (*os.Root, error) {
	if err := os.Mkdir(c.to, 0o700); err != nil {
		return nil, err
	}
	to, err := os.OpenRoot(c.to)
	if err != nil {
		return nil, err
	}
	for _, name := range want.names() {
		if want[name].Dir {
			if err := to.Mkdir(filepath.FromSlash(name), 0o700); err != nil {
				to.Close()
				return nil, err
			}
		}
	}
	return to, nil
}

// copyDirs copies what is in each directory, several directories at a time.
func (c treeCopy) copyDirs(from, to *os.Root, want manifest) (manifest, error) {
	got := make(manifest, len(want))
	byDir := map[string][]string{}
	for _, name := range want.names() {
		if want[name].Dir {
			got[name] = want[name]
			continue
		}
		byDir[path.Dir(name)] = append(byDir[path.Dir(name)], name)
	}
	var mu sync.Mutex
	var failed error
	var workers sync.WaitGroup
	slots := make(chan struct{}, min(4, runtime.GOMAXPROCS(0)))
	for dir, names := range byDir {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			entries, err := c.copyDir(from, to, dir, names, want)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(got, entries)
			failed = errors.Join(failed, err)
		})
	}
	workers.Wait()
	return got, failed
}

// copyDir copies the named entries of one directory.
func (c treeCopy) copyDir(from, to *os.Root, dir string, names []string, want manifest) (manifest, error) {
	from, err := from.OpenRoot(filepath.FromSlash(dir))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer from.Close()
	if to != nil {
		if to, err = to.OpenRoot(filepath.FromSlash(dir)); err != nil {
			return nil, err
		}
		defer to.Close()
	}
	got := make(manifest, len(names))
	buf := make([]byte, 256<<10)
	for _, name := range names {
		if got[name], err = c.copyEntry(from, to, path.Base(name), want[name], buf); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(c.from, filepath.FromSlash(name)), err)
		}
	}
	return got, nil
}

// scan lists a tree that has no manifest.
func (c treeCopy) scan(from *os.Root) (manifest, error) {
	m := manifest{}
	err := fs.WalkDir(from.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case c.skip != nil && c.skip(name):
			return nil
		case d.IsDir():
			m[name] = entry{Dir: true}
		case d.Type().IsRegular():
			m[name] = entry{Size: -1}
		default:
			return fmt.Errorf("%s is neither a file nor a directory", filepath.Join(c.from, name))
		}
		return nil
	})
	return m, err
}

func (c treeCopy) copyEntry(from, to *os.Root, name string, want entry, buf []byte) (entry, error) {
	if want.Link != "" {
		if target, err := from.Readlink(name); err != nil || filepath.ToSlash(target) != want.Link {
			return want, errors.Join(ErrDamaged, err)
		}
		if to == nil {
			return want, nil
		}
		return want, to.Symlink(filepath.FromSlash(want.Link), name)
	}
	got, err := c.copyFile(from, to, name, want.Exec, buf)
	if err != nil {
		return got, err
	}
	if c.want != nil && got != want {
		return got, fmt.Errorf("%w: it is not what was put there (%d bytes, %d expected)", ErrDamaged, got.Size, want.Size)
	}
	return got, nil
}

func (c treeCopy) copyFile(from, to *os.Root, name string, executable bool, buf []byte) (entry, error) {
	in, err := c.openPlain(from, name)
	if err != nil {
		return entry{}, err
	}
	defer in.Close()
	sum := c.digest()
	got := entry{Exec: executable}
	if to == nil {
		got.Size, err = copyBuffer(io.Discard, sum, in, buf)
	} else {
		got.Size, err = c.write(to, name, executable, sum, in, buf)
	}
	got.Sum = hex.EncodeToString(sum.Sum(nil))
	return got, err
}

func (c treeCopy) write(to *os.Root, name string, executable bool, sum hash.Hash, in io.Reader, buf []byte) (int64, error) {
	out, err := to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := copyBuffer(out, sum, in, buf)
	mode := c.mode &^ 0o111
	if executable {
		mode = c.mode
	}
	if err == nil && mode != 0o600 {
		err = out.Chmod(mode)
	}
	if err == nil {
		err = c.give.giveFile(out)
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return n, err
}

func copyBuffer(out io.Writer, sum hash.Hash, in io.Reader, buf []byte) (int64, error) {
	var total int64
	for {
		n, err := in.Read(buf)
		if n > 0 {
			sum.Write(buf[:n])
			if _, err := out.Write(buf[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// openPlain opens a plain file that belongs to the tree's owner: no link, no
// pipe, no second name of another user's file.
func (c treeCopy) openPlain(from *os.Root, name string) (*os.File, error) {
	f, err := from.OpenFile(name, os.O_RDONLY|careful, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: it is missing", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: it is not a plain file", ErrDamaged)
	}
	if err == nil && c.owner != nil && !c.owner.owns(info) {
		err = fmt.Errorf("%w: it is not %s's", ErrDamaged, c.owner)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// handOver sets the directories' modes and gives them away, the innermost first.
func (c treeCopy) handOver(to *os.Root, m manifest) error {
	names := append([]string{"."}, m.names()...)
	for _, name := range slices.Backward(names) {
		if name != "." && !m[name].Dir {
			continue
		}
		dir, err := to.Open(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if c.mode != 0o700 {
			err = dir.Chmod(c.mode)
		}
		if err == nil {
			err = c.give.giveFile(dir)
		}
		dir.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// verify reads every file of a tree and returns an error that wraps ErrDamaged
// when one is not what the manifest says.
func (m manifest) verify(dir string, digest func() hash.Hash) error {
	_, err := treeCopy{from: dir, want: m, digest: digest}.copy()
	return err
}

// stamp changes when a file of the tree is written, replaced or removed. It costs
// a system call a file and reads none.
func (m manifest) stamp(dir string) (string, error) {
	h := sha256.New()
	for _, name := range m.names() {
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if m[name].Dir {
			continue
		}
		fmt.Fprintln(h, name, stamp(info))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
