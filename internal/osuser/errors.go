package osuser

import (
	"fmt"
	"io/fs"
	"strings"
)

// NoUserError says that a root process found nobody to run Postgres as.
type NoUserError struct {
	Named string // what SEEDBED_OS_USER said; empty when it was not set
	Root  bool   // the named user is root itself
}

func (e *NoUserError) Error() string {
	switch {
	case e.Root:
		return fmt.Sprintf("choose the user for postgres: %s=%s is root, which postgres refuses to run as: name an unprivileged user", Variable, e.Named)
	case e.Named != "":
		return fmt.Sprintf("choose the user for postgres: %s=%s: no such user (a name, a uid, or uid:gid)", Variable, e.Named)
	default:
		return fmt.Sprintf("choose the user for postgres: this process is root, postgres refuses to run as root, and there is neither a user postgres nor nobody: "+
			"set %s to a user, a uid, or uid:gid", Variable)
	}
}

// NoWayError says that there is a user but no command that becomes it.
type NoWayError struct {
	User  *User
	Tried []string // "command: why not", in the order tried
}

func (e *NoWayError) Error() string {
	return fmt.Sprintf("run postgres as %s: no way to drop from root: %s: install util-linux (setpriv) or run as an unprivileged user",
		e.User, strings.Join(e.Tried, "; "))
}

// BlockedError names the directory that keeps a user from a path.
type BlockedError struct {
	User *User
	Path string
	Dir  string
	Mode fs.FileMode
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s cannot reach %s: %s has mode %04o: chmod a+x it, or use a directory elsewhere (SEEDBED_CACHE)",
		e.User, e.Path, e.Dir, e.Mode.Perm())
}
