package binaries

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// search is one call's way through the places.
type search struct {
	req      Request
	want     wanted
	memo     memo
	seen     []Candidate
	thorough bool // look at every place, even when one was found
}

func newSearch(req Request) (*search, error) {
	want, err := parseWanted(req.Version)
	if err != nil {
		return nil, err
	}
	if req.Logf == nil {
		req.Logf = func(string, ...any) {}
	}
	if req.Cache != "" {
		if req.Cache, err = filepath.Abs(req.Cache); err != nil {
			return nil, fmt.Errorf("find postgres: cache: %w", err)
		}
	}
	return &search{req: req, want: want, memo: memo{dir: req.Cache}}, nil
}

func (s *search) reject(source, where, version, reason string) {
	s.seen = append(s.seen, Candidate{Source: source, Where: where, Version: version, Reason: reason})
}

// accept notes a usable place; choose marks the one that is taken.
func (s *search) accept(i *Installation) {
	s.seen = append(s.seen, Candidate{Source: i.Source, Where: i.Bin, Version: i.Version})
}

func (s *search) choose(i *Installation) {
	for n := range s.seen {
		c := &s.seen[n]
		c.Chosen = i != nil && c.Where == i.Bin && c.Source == i.Source && c.Reason == ""
	}
}

func (s *search) notFound() error {
	return &NotFoundError{Version: s.req.Version, Looked: s.seen, Fix: fix(s.req.Version)}
}

func (s *search) fetchError(err error) error {
	return fmt.Errorf("find postgres%s: fetch: %w", spaced(s.req.Version), err)
}

// named takes what the user named or nothing: to go on to another Postgres would
// be to ignore what was asked for.
func (s *search) named(ctx context.Context) (*Installation, error) {
	dir, err := filepath.Abs(s.req.Dir)
	if err != nil {
		return nil, fmt.Errorf("find postgres: %w", err)
	}
	bin := dir
	if reason := s.incomplete(dir); reason != "" {
		bin = filepath.Join(dir, "bin")
		if s.incomplete(bin) != "" {
			s.reject(Named, dir, "", reason)
			return nil, &UnusableError{Where: dir, Reason: reason + " (neither there nor in its bin directory)"}
		}
	}
	inst, reason := s.inspect(ctx, bin, Named)
	if inst == nil {
		return nil, &UnusableError{Where: bin, Reason: reason}
	}
	s.choose(inst)
	return inst, ctx.Err()
}

// installed takes the newest of what the machine has.
func (s *search) installed(ctx context.Context) *Installation {
	var best *Installation
	for _, bin := range s.places(ctx) {
		inst, _ := s.inspect(ctx, bin, Installed)
		if inst == nil {
			continue
		}
		if best == nil || inst.version().newer(best.version()) {
			best = inst
		}
	}
	return best
}

func (i *Installation) version() version {
	v, _ := parseVersion(i.Version)
	return v
}

// inspect judges one bin directory and notes the verdict.
func (s *search) inspect(ctx context.Context, bin, source string) (*Installation, string) {
	text, reason := s.judge(ctx, bin)
	if reason != "" {
		s.reject(source, bin, text, reason)
		return nil, reason
	}
	v, _ := parseVersion(text)
	inst := &Installation{Prefix: filepath.Dir(bin), Bin: bin, Version: text, Major: v.major, Source: source}
	s.accept(inst)
	return inst, ""
}

func (s *search) judge(ctx context.Context, bin string) (text, reason string) {
	if reason := s.incomplete(bin); reason != "" {
		return "", reason
	}
	text, err := s.memo.version(ctx, filepath.Join(bin, "postgres"+exe))
	if err != nil {
		return "", err.Error()
	}
	v, ok := parseVersion(text)
	if !ok {
		return text, fmt.Sprintf("postgres --version says %q", text)
	}
	if reason := s.want.refuses(v); reason != "" {
		return text, reason
	}
	if err := s.req.User.CanReach(bin); err != nil {
		return text, err.Error()
	}
	return text, ""
}

// programs are what a server needs; clients are not among them.
var programs = []string{"postgres", "initdb", "pg_ctl"}

// incomplete says which program a bin directory lacks, or "".
func (s *search) incomplete(bin string) string {
	i := slices.IndexFunc(programs, func(name string) bool { return !isProgram(filepath.Join(bin, name+exe)) })
	if i < 0 {
		return ""
	}
	return "no " + programs[i]
}
