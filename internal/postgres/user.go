package postgres

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
)

// UserVariable names the environment variable that says who servers run as when
// this process is root: a name, a number, or number:group number.
const UserVariable = "SEEDBED_OS_USER"

// User is the unprivileged user of the operating system that Postgres runs as
// when this process is root, because Postgres refuses to run as root. A nil *User
// stands for this process's own user. Users are numbers; a number without a
// passwd entry is fine.
type User struct {
	Name     string // the passwd entry's name; empty when the number has none
	UID, GID int
}

// ChooseUser returns who Postgres is to run as: nil when this process is not root
// (and always on Windows, where the server drops its rights itself), otherwise
// what SEEDBED_OS_USER says, else the user postgres, else the user nobody. The error is a *UserError.
func ChooseUser() (*User, error) {
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		return nil, nil
	}
	if runtime.GOOS != "linux" {
		return nil, &UserError{Reason: "this process is root, which postgres refuses to run as, and only Linux lets a thread of it become another user: run as an ordinary user"}
	}
	if named := os.Getenv(UserVariable); named != "" {
		return parseUser(named)
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := parseUser(name); err == nil {
			return u, nil
		}
	}
	return nil, &UserError{Reason: "this process is root, which postgres refuses to run as, and there is neither a user postgres nor nobody: set " +
		UserVariable + " to a user, a uid, or uid:gid"}
}

// parseUser reads a name, a uid or uid:gid. A uid without a passwd entry and
// without a gid gets the gid of the same number, as in containers.
func parseUser(s string) (*User, error) {
	id, group, hasGroup := strings.Cut(s, ":")
	u := &User{}
	entry, err := user.Lookup(id)
	if err != nil {
		entry, err = user.LookupId(id)
	}
	if err == nil {
		u.Name = entry.Username
		u.UID, _ = strconv.Atoi(entry.Uid)
		u.GID, _ = strconv.Atoi(entry.Gid)
	} else {
		if u.UID, err = strconv.Atoi(id); err != nil || u.UID < 0 {
			return nil, &UserError{Named: s, Reason: "no such user (want a name, a uid, or uid:gid)"}
		}
		u.GID = u.UID
	}
	if hasGroup {
		if u.GID, err = groupID(group); err != nil {
			return nil, &UserError{Named: s, Reason: "no such group (want a name, a uid, or uid:gid)"}
		}
	}
	if u.UID == 0 {
		return nil, &UserError{Named: s, Reason: "that is root, which postgres refuses to run as: name an unprivileged user"}
	}
	return u, nil
}

func groupID(s string) (int, error) {
	if g, err := user.LookupGroup(s); err == nil {
		s = g.Gid
	}
	return strconv.Atoi(s)
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
