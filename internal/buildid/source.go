package buildid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"hash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Function identifies the code of a function: by the sources of its package and of all
// that this imports from its module, where they are there and older than the running
// binary. Then two binaries that share the package get one answer. Otherwise, and for a
// closure that may have captured anything, it is the build of the running binary.
//
// Files beside the sources and in testdata count too: such functions read them.
func Function(f any) (string, error) {
	pc := reflect.ValueOf(f).Pointer()
	fn := runtime.FuncForPC(pc)
	file, _ := fn.FileLine(pc)
	if packageLevel(fn.Name()) && filepath.IsAbs(file) {
		if sum, err := sourceSum(file); err == nil {
			return fn.Name() + " " + sum, nil
		}
	}
	id, err := Running()
	if err != nil {
		return "", err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	t := tree{Hash: h}
	if err := errors.Join(t.files(dir, true), t.below(filepath.Join(dir, "testdata"))); err != nil {
		return id, nil // too many files to be input
	}
	return id + " " + hex.EncodeToString(h.Sum(nil)), nil
}

// Files identifies the names and contents of all files. Nil has none.
func Files(fsys fs.FS) (string, error) {
	h := sha256.New()
	if fsys == nil {
		return "", nil
	}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		put(h, name, content)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func put(h hash.Hash, name string, content []byte) {
	fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(content))
	h.Write(content)
}

// atPackageLevel matches functions that have captured nothing but what their package
// has: declared ones, and literals in init and in the values of package variables.
var atPackageLevel = regexp.MustCompile(`^(\w+|(init(\.\d+)?|glob\.)\.func\d+)$`)

func packageLevel(name string) bool {
	_, inPackage, ok := strings.Cut(path.Base(name), ".")
	return ok && atPackageLevel.MatchString(inPackage)
}

// errUnknown is why sources are not used.
var errUnknown = errors.New("the sources cannot be told to be those of the binary")

// sourceSum hashes what the function in file is made of.
func sourceSum(file string) (string, error) {
	binary, err := executableTime()
	if err != nil {
		return "", err
	}
	main, err := readModule(".")
	if err != nil {
		return "", err
	}
	own, err := readModule(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildSettings())
	put(h, "main module", main.text)
	put(h, "module", own.text)
	s := sources{tree: tree{Hash: h, newest: binary}, modules: append(main.replaced, own, main), seen: map[string]bool{}}
	dir := filepath.Dir(file)
	if err := s.below(filepath.Join(dir, "testdata")); err != nil {
		return "", err
	}
	if err := s.add(dir, strings.HasSuffix(file, "_test.go")); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func executableTime() (time.Time, error) {
	name, err := os.Executable()
	if err != nil {
		return time.Time{}, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// buildSettings are the flags that shape what is compiled.
func buildSettings() (settings []string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" || s.Key == "-ldflags" || strings.HasPrefix(s.Key, "CGO_") || strings.HasPrefix(s.Key, "GO") {
			settings = append(settings, s.Key+"="+s.Value)
		}
	}
	return settings
}

// A module is a directory with a go.mod.
type module struct {
	path, dir string
	text      []byte // of go.mod and go.sum: the versions of what is imported
	replaced  []module
}

var (
	moduleLine  = regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`)
	replaceLine = regexp.MustCompile(`(?m)^\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+(\.{1,2}/\S*|/\S+|\.{1,2})\s*(?://.*)?$`)
)

// readModule finds the module that a directory is in. Workspaces are not looked through.
func readModule(dir string) (m module, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return m, err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil && os.Getenv("GOWORK") != "off" {
			return m, errUnknown
		}
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if name := moduleLine.FindSubmatch(text); err == nil && name != nil {
			m.path, m.dir = string(name[1]), dir
			sum, _ := os.ReadFile(filepath.Join(dir, "go.sum"))
			m.text = append(text, sum...)
			for _, r := range replaceLine.FindAllSubmatch(text, -1) {
				to := string(r[2])
				if !filepath.IsAbs(to) {
					to = filepath.Join(dir, to)
				}
				m.replaced = append(m.replaced, module{path: string(r[1]), dir: to})
			}
			return m, nil
		}
		if filepath.Dir(dir) == dir {
			return m, errUnknown
		}
		dir = filepath.Dir(dir)
	}
}

// sources hashes packages and what they import from modules whose sources can change
// without a version.
type sources struct {
	tree
	modules []module
	seen    map[string]bool
}

func (s *sources) add(dir string, tests bool) error {
	if s.seen[dir] {
		return nil
	}
	s.seen[dir] = true
	if err := s.files(dir, tests); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if !tests && strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if from := s.dirOf(imported); from != "" {
				if err := s.add(from, false); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// dirOf is where an imported package lies; "" for one of another module.
func (s *sources) dirOf(imported string) string {
	for _, m := range s.modules {
		if rest, ok := strings.CutPrefix(imported, m.path); ok && (rest == "" || rest[0] == '/') {
			return filepath.Join(m.dir, filepath.FromSlash(rest))
		}
	}
	return ""
}

// A tree hashes files, up to limits beyond which they are no input of a test.
type tree struct {
	hash.Hash
	newest      time.Time // of a source; zero is any
	count, size int64
}

const (
	treeFiles = 20_000
	treeBytes = 64 << 20
)

var embed = []byte("//go:embed")

// files hashes the files of a package, and what it embeds.
func (t *tree) files(dir string, tests bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	embeds := false
	for _, e := range entries {
		if !e.Type().IsRegular() || !tests && strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		content, err := t.file(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		embeds = embeds || strings.HasSuffix(e.Name(), ".go") && bytes.Contains(content, embed)
	}
	if embeds {
		return t.below(dir)
	}
	return nil
}

// below hashes all files in a directory, which may not be there.
func (t *tree) below(dir string) error {
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != dir && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.Type().IsRegular() || strings.HasSuffix(name, ".go"):
			return nil
		}
		_, err = t.file(name)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (t *tree) file(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	t.count, t.size = t.count+1, t.size+info.Size()
	if t.count > treeFiles || t.size > treeBytes {
		return nil, errUnknown
	}
	if strings.HasSuffix(name, ".go") && !t.newest.IsZero() && info.ModTime().After(t.newest) {
		return nil, errUnknown
	}
	content, err := os.ReadFile(name)
	put(t.Hash, filepath.Base(name), content)
	return content, err
}
