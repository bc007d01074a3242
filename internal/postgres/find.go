package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Oldest is the oldest major version that is accepted.
const Oldest = 14

// Request says which Postgres is wanted and where to look for it.
type Request struct {
	Cache *Cache // required
	// Dir is what the user named: an installation's prefix or its bin directory.
	// It wins over everything, and failing it is an error. Empty: SEEDBED_BINARIES.
	Dir string
	// Version is a major ("15") or exact ("15.18") version. Empty: SEEDBED_VERSION,
	// else any since Oldest, the newest first; for a download the newest stable major.
	Version string
	// Extensions are those that CREATE EXTENSION must find, "vector" for pgvector.
	Extensions []string
	// Mirror replaces the Maven repository that embedded-postgres downloads from.
	// Empty: SEEDBED_MIRROR, else the library's own.
	Mirror string
	// Offline keeps Find from downloading.
	Offline bool
	// SkipInstalled leaves out what is installed on the machine.
	SkipInstalled bool
	// Logf gets a line before a download begins and when it is done. Nil: silence.
	Logf func(format string, args ...any)
}

// Candidate is a place that was looked at, and what came of it.
type Candidate struct {
	Source  string
	Where   string // a path, or what was asked for a download
	Version string // empty when the place did not say
	Reason  string // why it was not taken; empty for a usable one
	Chosen  bool
}

// Find returns the Postgres to use: what the user names, else the newest
// installed one that is wanted, else one that was fetched earlier, else it
// downloads one. It waits for another process that downloads, and returns a
// *NotFoundError that lists every place when there is none.
func Find(ctx context.Context, req Request) (*Installation, error) {
	s, err := newSearch(req)
	if err != nil {
		return nil, err
	}
	inst, err := s.local(ctx)
	if inst != nil || err != nil {
		return inst, err
	}
	if s.Offline {
		return nil, s.notFound()
	}
	return s.fetch(ctx)
}

// Look reports every place that Find would look at on this machine, without
// downloading anything. The one that Find would take is marked.
func Look(ctx context.Context, req Request) ([]Candidate, error) {
	s, err := newSearch(req)
	if err != nil {
		return nil, err
	}
	s.thorough = true
	_, err = s.local(ctx)
	return s.seen, err
}

// search is one call's way through the places.
type search struct {
	Request
	want     wanted
	seen     []Candidate
	thorough bool // look at every place, even when one was found
}

func newSearch(req Request) (*search, error) {
	if req.Cache == nil {
		return nil, errors.New("find postgres: it needs a cache")
	}
	fromEnvironment := req.Version == ""
	for value, variable := range map[*string]string{&req.Dir: "SEEDBED_BINARIES", &req.Version: "SEEDBED_VERSION", &req.Mirror: "SEEDBED_MIRROR"} {
		if *value == "" {
			*value = os.Getenv(variable)
		}
	}
	if req.Logf == nil {
		req.Logf = func(string, ...any) {}
	}
	want, err := parseWanted(req.Version)
	if invalid, ok := errors.AsType[*VersionError](err); ok && fromEnvironment {
		invalid.Source = "SEEDBED_VERSION"
	}
	if err != nil {
		return nil, err
	}
	return &search{Request: req, want: want}, nil
}

// local tries everything that needs no network.
func (s *search) local(ctx context.Context) (*Installation, error) {
	if s.Dir != "" {
		return s.named(ctx)
	}
	found := s.installed(ctx)
	if found == nil || s.thorough {
		if inst := s.cached(ctx); found == nil {
			found = inst
		}
	}
	return s.choose(found), ctx.Err()
}

// named takes what the user named or nothing: to go on to another Postgres would
// be to ignore what was asked for.
func (s *search) named(ctx context.Context) (*Installation, error) {
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("find postgres: %w", err)
	}
	bin := dir
	if missing := incomplete(dir); missing != "" {
		bin = filepath.Join(dir, "bin")
		if incomplete(bin) != "" {
			s.reject(Named, dir, "", missing)
			return nil, &UnusableError{Where: dir, Reason: missing + " (neither there nor in its bin directory)" + example()}
		}
	}
	inst := s.judge(ctx, bin, Named)
	if inst == nil {
		if lacking := s.seen[len(s.seen)-1]; strings.HasPrefix(lacking.Reason, lacksPrefix) {
			return nil, s.notFound()
		}
		return nil, &UnusableError{Where: bin, Reason: s.seen[len(s.seen)-1].Reason}
	}
	return s.choose(inst), ctx.Err()
}

// example is a directory that could have been named, if one is installed.
func example() string {
	like := "/usr/lib/postgresql/18/bin"
	for _, bin := range installedDirs() {
		if incomplete(bin) == "" {
			like = bin
		}
	}
	return "; SEEDBED_BINARIES and Server.Binaries name a directory with initdb, pg_ctl and postgres, such as " + like
}

// installed takes the newest of what the machine has.
func (s *search) installed(ctx context.Context) *Installation {
	if s.SkipInstalled {
		return nil
	}
	var best *Installation
	for _, bin := range installedDirs() {
		if inst := s.judge(ctx, bin, Installed); inst != nil && (best == nil || inst.version().newer(best.version())) {
			best = inst
		}
	}
	return best
}

const lacksPrefix = "lacks extension "

// judge looks at one bin directory, notes the verdict, and returns what is wanted.
func (s *search) judge(ctx context.Context, bin, source string) *Installation {
	inst, version, err := inspect(ctx, s.Cache, bin, source)
	if err != nil {
		s.reject(source, bin, version, err.Error())
		return nil
	}
	if why := s.want.refuses(inst.version()); why != "" {
		s.reject(source, bin, version, why)
		return nil
	}
	missing, err := inst.lacks(ctx, s.Extensions)
	if err != nil {
		s.reject(source, bin, version, err.Error())
		return nil
	}
	if len(missing) > 0 {
		s.reject(source, bin, version, lacksPrefix+strings.Join(missing, ", "))
		return nil
	}
	s.seen = append(s.seen, Candidate{Source: source, Where: bin, Version: version})
	return inst
}

func (s *search) reject(source, where, version, reason string) {
	s.seen = append(s.seen, Candidate{Source: source, Where: where, Version: version, Reason: reason})
}

// choose marks the candidate that is taken.
func (s *search) choose(i *Installation) *Installation {
	for n := range s.seen {
		c := &s.seen[n]
		c.Chosen = i != nil && c.Where == i.Bin && c.Source == i.Source && c.Reason == ""
	}
	return i
}

func (s *search) notFound() error {
	return &NotFoundError{Version: s.Version, Extensions: s.Extensions, Looked: s.seen, Fix: s.fix()}
}
