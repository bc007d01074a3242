package binaries

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/flock"
)

// scratchMark begins the names of directories that a fetch works in.
const scratchMark = ".fetch-"

// fetch downloads under a lock, after looking again: whoever held it before has
// most likely fetched what we want.
func (s *search) fetch(ctx context.Context) (*Installation, error) {
	if err := os.MkdirAll(s.root(), 0o755); err != nil {
		return nil, s.fetchError(err)
	}
	// Whatever the umask: as root, the server runs as somebody else.
	if err := os.Chmod(s.root(), 0o755); err != nil {
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
		s.choose(inst)
		return inst, nil
	}
	s.seen = before
	s.sweep()
	for _, source := range []func(context.Context, string) (*Installation, error){s.download, s.npm} {
		inst, err := s.from(ctx, source)
		if inst != nil || err != nil {
			return inst, err
		}
	}
	return nil, s.notFound()
}

// from runs one source in a directory beside the trees, on their file system so
// that the result can be renamed, and removes it.
func (s *search) from(ctx context.Context, source func(context.Context, string) (*Installation, error)) (*Installation, error) {
	scratch, err := os.MkdirTemp(s.root(), scratchMark)
	if err != nil {
		return nil, s.fetchError(err)
	}
	defer os.RemoveAll(scratch)
	inst, err := source(ctx, scratch)
	if ctx.Err() != nil {
		return nil, s.fetchError(context.Cause(ctx))
	}
	return inst, err
}

// sweep removes what killed fetches left and the trees that turned out broken.
// Who calls it holds the lock, so nobody is at work on them.
func (s *search) sweep() {
	entries, _ := os.ReadDir(s.root())
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), scratchMark) {
			_ = os.RemoveAll(filepath.Join(s.root(), e.Name()))
		}
	}
	for _, dir := range s.trees() {
		if s.foreign(dir) == "" && s.whole(dir) != nil {
			s.req.Logf("seedbed: removing %s, which is damaged", dir)
			_ = os.RemoveAll(dir)
		}
	}
}

func (s *search) archives() string { return filepath.Join(s.req.Cache, "archives") }

// download gets a Postgres through embedded-postgres.
func (s *search) download(ctx context.Context, scratch string) (*Installation, error) {
	where := s.req.Mirror
	if where == "" {
		where = "embedded-postgres"
	}
	s.req.Logf("seedbed: no Postgres%s here; downloading one through embedded-postgres", spaced(s.req.Version))
	tree := filepath.Join(scratch, "tree")
	err := embedded.Fetch(ctx, embedded.FetchConfig{Version: s.req.Version, Mirror: s.req.Mirror, Archives: s.archives(), Into: tree})
	if err != nil {
		s.reject(Downloaded, where, s.req.Version, err.Error())
		return nil, nil
	}
	inst, err := s.admit(ctx, tree, Downloaded)
	if err == nil {
		err = embedded.Trust(s.archives())
	}
	if err != nil {
		s.reject(Downloaded, where, s.req.Version, err.Error())
		return nil, nil
	}
	s.req.Logf("seedbed: downloaded Postgres %s", inst.Version)
	return inst, nil
}
