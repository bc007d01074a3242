package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// ErrRunning is returned for a data directory that a live server uses.
var ErrRunning = errors.New("a server is running on it")

// ErrDamaged is wrapped by errors about files in the cache that are not what was
// put there. Find and CreateData put such files aside and make them anew.
var ErrDamaged = errors.New("damaged")

// ErrUnsafe is wrapped by every refusal of an archive's entry.
var ErrUnsafe = errors.New("unsafe archive")

// UserError says that a root process has no user to run Postgres as.
type UserError struct {
	Named  string // what SEEDBED_OS_USER says; empty when it is not set
	Reason string
}

func (e *UserError) Error() string {
	if e.Named != "" {
		return fmt.Sprintf("choose the user for postgres: %s=%s: %s", UserVariable, e.Named, e.Reason)
	}
	return "choose the user for postgres: " + e.Reason
}

// UntrustedError says that another user of the machine could have written what
// is about to be used.
type UntrustedError struct {
	Path   string // what was to be used
	Entry  string // Path itself or a directory or link on the way to it
	Reason string
	Fix    string // a command that mends it; empty: there is none
}

func (e *UntrustedError) Error() string {
	s := fmt.Sprintf("%s is not to be trusted: %s %s: ", e.Path, e.Entry, e.Reason)
	if e.Fix != "" {
		s += "run `" + e.Fix + "`, or "
	}
	return s + "name a directory that belongs to you or root and that no other user can write to (SEEDBED_CACHE, SEEDBED_BINARIES)"
}

// BlockedError names the directory that keeps the server's user from a path.
type BlockedError struct {
	User *User
	Path string
	Dir  string
	Err  error
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s cannot reach %s: %s: %v: chmod a+x it, or use a directory elsewhere (SEEDBED_CACHE)", e.User, e.Path, e.Dir, e.Err)
}

func (e *BlockedError) Unwrap() error { return e.Err }

// VersionError says that a wanted version is none that can be had.
type VersionError struct {
	Source  string // what asks for it, such as SEEDBED_VERSION
	Version string
	Want    string
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s is %q: want %s", cmp.Or(e.Source, "the version of Postgres"), e.Version, e.Want)
}

// NotFoundError says that there is no usable Postgres, where one was looked for,
// and what to do about it.
type NotFoundError struct {
	Version    string   // what was wanted; empty: any
	Extensions []string // what it had to have
	Looked     []Candidate
	Fix        string // the command that installs what is missing on this system
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "find postgres%s%s: nothing usable (version %d or later, with initdb and pg_ctl):", spaced(e.Version), with(e.Extensions), Oldest)
	for _, c := range e.Looked {
		fmt.Fprintf(&b, "\n  %-10s %s: %s", c.Source, c.Where, c.Reason)
	}
	for _, e := range e.Extensions {
		if like := strings.ReplaceAll(e, "_", "-"); !slices.Contains(contrib, e) && slices.Contains(contrib, like) {
			fmt.Fprintf(&b, "\nthere is no extension %s; did you mean %q, which comes with Postgres?", e, like)
			return b.String()
		}
		if near := catalog.Nearest(e, knownExtensions()); near != "" && !slices.Contains(knownExtensions(), e) {
			fmt.Fprintf(&b, "\ndid you mean %q for %s?", near, e)
		}
	}
	way := "install with: " + e.Fix
	switch w, _ := parseWanted(e.Version); {
	case w.v.major > defaultMajor && !slices.ContainsFunc(e.Looked, func(c Candidate) bool { return strings.HasPrefix(c.Reason, lacksPrefix) }):
		way = fmt.Sprintf("ask for one of %d to %d: no later one is known", Oldest, defaultMajor)
	case w.exact:
		way = fmt.Sprintf("ask for %d, which any of its minor versions is", w.v.major)
	}
	fmt.Fprintf(&b, "\n%s\nor name one: SEEDBED_BINARIES=/path/to/its/bin", way)
	return b.String()
}

func with(extensions []string) string {
	if len(extensions) == 0 {
		return ""
	}
	return " with " + strings.Join(extensions, ", ")
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// UnusableError says why one particular installation cannot be used.
type UnusableError struct {
	Where  string
	Reason string
}

func (e *UnusableError) Error() string {
	return fmt.Sprintf("use postgres in %s: %s", e.Where, e.Reason)
}

// FetchError says what a mirror answered.
type FetchError struct {
	URL    string
	Status int    // zero: no answer came
	Wait   string // its Retry-After
	Err    error  // nil: the status is the error
}

func (e *FetchError) Error() string {
	s := "download " + e.URL + ": "
	switch {
	case e.Err != nil && e.Status == http.StatusOK:
		return s + e.Err.Error()
	case e.Status == 0:
		s += "no answer"
	default:
		s += fmt.Sprintf("status %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Wait != "" {
		s += " (retry after " + e.Wait + ")"
	}
	return s
}

func (e *FetchError) Unwrap() error { return e.Err }

// LocaleError says that this machine or this Postgres lacks a locale.
type LocaleError struct {
	Locale string
	Reason string
	Fix    string // what would help
}

func (e *LocaleError) Error() string {
	return fmt.Sprintf("use locale %s: %s: %s", e.Locale, e.Reason, e.Fix)
}

// StartError says why a server did not start, with the end of what it wrote.
type StartError struct {
	Data    string
	LogFile string
	Log     string // the last lines of LogFile; empty when the server wrote nothing
	Err     error
}

func (e *StartError) Error() string {
	s := fmt.Sprintf("start postgres in %s: %v", e.Data, e.Err)
	if e.Log == "" {
		return s
	}
	return s + "\nthe end of " + e.LogFile + ":\n  " + strings.ReplaceAll(e.Log, "\n", "\n  ")
}

func (e *StartError) Unwrap() error { return e.Err }

// tail is the last lines of a log, or "".
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const most, quoted = 64 << 10, 20
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	data, _ := io.ReadAll(io.LimitReader(f, most))
	lines := strings.Split(strings.TrimRight(strings.ToValidUTF8(string(data), "?"), "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-quoted):], "\n")
}
