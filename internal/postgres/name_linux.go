package postgres

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// lendName lets a program that looks up its own user's name run as a uid that has
// none, as initdb does, whatever its -U says: in a user namespace that uid passes
// for nobody. Its files still belong to the real one.
//
// It reports whether it did so; the system may refuse such a start.
func (u *User) lendName(cmd *exec.Cmd) bool {
	uid, gid := os.Geteuid(), os.Getegid()
	if u != nil {
		uid, gid = u.UID, u.GID
	}
	if _, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return false
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return false
	}
	as, _ := strconv.Atoi(nobody.Uid)
	a := attributes(cmd)
	a.Cloneflags |= syscall.CLONE_NEWUSER
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: as, HostID: uid, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	a.Credential = &syscall.Credential{Uid: uint32(as), Gid: uint32(gid), NoSetGroups: true}
	return true
}
