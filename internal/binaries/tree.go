package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/qarion/seedbed/internal/unpack"
)

// A tree is one unpacked Postgres in the cache: binaries/<version>-<platform>.
// Its manifest is written last and lists what belongs to it.
const manifestName = "seedbed.json"

type manifest struct {
	Version  string            `json:"version"`
	Platform string            `json:"platform"`
	Source   string            `json:"source"`
	Files    map[string]string `json:"files"` // path to sha256, or to "-> target"
}

// cached takes the newest tree that fits. Broken ones are passed over here, and
// removed by the next fetch.
func (s *search) cached(ctx context.Context) *Installation {
	if s.req.Cache == "" {
		return nil
	}
	var best *Installation
	for _, dir := range s.trees() {
		if why := s.foreign(dir); why != "" {
			s.reject(Cached, dir, "", why)
			continue
		}
		if err := s.whole(dir); err != nil {
			s.reject(Cached, dir, "", err.Error())
			continue
		}
		inst, _ := s.inspect(ctx, filepath.Join(dir, "bin"), Cached)
		if inst != nil && (best == nil || inst.version().newer(best.version())) {
			best = inst
		}
	}
	return best
}

func (s *search) root() string { return filepath.Join(s.req.Cache, "binaries") }

func (s *search) trees() []string {
	entries, _ := os.ReadDir(s.root())
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			dirs = append(dirs, filepath.Join(s.root(), e.Name()))
		}
	}
	return dirs
}

func (s *search) foreign(dir string) string {
	_, built, _ := strings.Cut(filepath.Base(dir), "-")
	if built == platform() {
		return ""
	}
	return "built for " + built + ", this is " + platform()
}

// whole reads every file of a tree once, and then remembers for as long as the
// manifest is the same file: a tree that was copied here, cut short or not, is
// another.
func (s *search) whole(dir string) error {
	path := filepath.Join(dir, manifestName)
	for _, name := range programs {
		if !isProgram(filepath.Join(dir, "bin", name+exe)) {
			return fmt.Errorf("damaged: no %s", name)
		}
	}
	_, err := s.memo.ask(path, func() (string, error) { return "whole", compare(dir) })
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("unfinished: no manifest")
	}
	return err
}

func compare(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return err
	}
	var want manifest
	if err := json.Unmarshal(text, &want); err != nil {
		return fmt.Errorf("damaged manifest: %w", err)
	}
	if want.Platform != platform() {
		return fmt.Errorf("built for %s, this is %s", want.Platform, platform())
	}
	got, err := list(dir)
	if err != nil {
		return err
	}
	for name, sum := range want.Files {
		if got[name] != sum {
			return fmt.Errorf("damaged: %s is not what was unpacked", name)
		}
	}
	return nil
}

// list is what a manifest says of the files below dir.
func list(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil || rel == manifestName {
			return err
		}
		files[filepath.ToSlash(rel)], err = describe(p, d)
		return err
	})
	return files, err
}

func describe(p string, d fs.DirEntry) (string, error) {
	if d.Type()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(p)
		return "-> " + filepath.ToSlash(target), err
	}
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// admit makes an unpacked directory a tree of the cache, if it runs here and is
// what was wanted, and returns it.
func (s *search) admit(ctx context.Context, unpacked, source string) (*Installation, error) {
	if err := unpack.OpenUp(unpacked); err != nil {
		return nil, err
	}
	bin := filepath.Join(unpacked, "bin")
	if why := s.incomplete(bin); why != "" {
		return nil, errors.New(why + " in it")
	}
	version, err := askVersion(ctx, filepath.Join(bin, "postgres"+exe))
	if err != nil {
		return nil, fmt.Errorf("postgres %w", err)
	}
	v, ok := parseVersion(version)
	if why := s.want.refuses(v); why != "" || !ok {
		return nil, fmt.Errorf("it is version %s, %s", version, why)
	}
	files, err := list(unpacked)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(manifest{Version: version, Platform: platform(), Source: source, Files: files}, "", " ")
	if err != nil {
		return nil, err
	}
	if err := replaceFile(filepath.Join(unpacked, manifestName), text); err != nil {
		return nil, err
	}
	final := filepath.Join(s.root(), version+"-"+platform())
	if err := os.RemoveAll(final); err != nil {
		return nil, err
	}
	if err := os.Rename(unpacked, final); err != nil {
		return nil, err
	}
	inst, why := s.inspect(ctx, filepath.Join(final, "bin"), source)
	if inst == nil {
		return nil, errors.New(why)
	}
	s.choose(inst)
	return inst, nil
}
