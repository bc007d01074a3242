// Package osuser decides which user of the operating system Postgres runs as.
//
// Postgres refuses to run as root, and containers run as root, so a root
// process picks an unprivileged user and a command that drops to it:
//
//	u, err := osuser.Choose(os.Getenv)         // nil, nil: nothing to drop
//	prefix, err := u.Command()
//	argv := append(prefix, "initdb", "-D", dir)
//
// Every method works on a nil *User, which stands for the process's own user.
// Users are numbers here; that a number has no name (no passwd entry) is fine.
package osuser

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// Variable names the environment variable that names the user: a name, a
// number, or number:group number.
const Variable = "SEEDBED_OS_USER"

// User is an unprivileged user and the way to become it.
type User struct {
	Name     string // the passwd entry's name; empty when the number has none
	UID, GID int

	once sync.Once
	drop []string
	err  error
}

// Choose returns who Postgres is to run as: nil when this process is not root
// (and always on Windows, where the server drops its rights itself); otherwise
// what SEEDBED_OS_USER says, else postgres, else nobody. The error is a
// *NoUserError when there is nobody. It costs a look into /etc/passwd; whether
// there is a way to become that user is found out by Command.
func Choose(env func(string) string) (*User, error) {
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		return nil, nil
	}
	return pick(env(Variable))
}

func pick(named string) (*User, error) {
	if named != "" {
		return parse(named)
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := parse(name); err == nil {
			return u, nil
		}
	}
	return nil, &NoUserError{}
}

// parse reads a name, a uid or uid:gid. A uid without a passwd entry and without
// a gid gets the gid of the same number, as containers do it.
func parse(s string) (*User, error) {
	id, group, hasGroup := strings.Cut(s, ":")
	u := &User{}
	entry, err := user.Lookup(id)
	if err != nil {
		entry, err = user.LookupId(id)
	}
	switch {
	case err == nil:
		u.Name = entry.Username
		u.UID, _ = strconv.Atoi(entry.Uid)
		u.GID, _ = strconv.Atoi(entry.Gid)
	default:
		if u.UID, err = strconv.Atoi(id); err != nil || u.UID < 0 {
			return nil, &NoUserError{Named: s}
		}
		u.GID = u.UID
	}
	if hasGroup {
		if u.GID, err = groupID(group); err != nil {
			return nil, &NoUserError{Named: s}
		}
	}
	if u.UID == 0 {
		return nil, &NoUserError{Named: s, Root: true}
	}
	return u, nil
}

func groupID(s string) (int, error) {
	if g, err := user.LookupGroup(s); err == nil {
		s = g.Gid
	}
	return strconv.Atoi(s)
}

// Command returns the words to put before a command line to run it as u: none
// for nil. What follows may contain anything: no shell reads it again. The first
// call tries out what the machine has, 3 ms; the error is a *NoWayError.
func (u *User) Command() ([]string, error) {
	if u == nil {
		return nil, nil
	}
	u.once.Do(func() { u.drop, u.err = wayDown(u) })
	return append([]string(nil), u.drop...), u.err
}

// String is the user's name, or its number.
func (u *User) String() string {
	switch {
	case u == nil:
		return fmt.Sprintf("uid %d", os.Geteuid())
	case u.Name != "":
		return u.Name
	default:
		return fmt.Sprintf("uid %d", u.UID)
	}
}
