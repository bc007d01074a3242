package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// do runs f with u's rights and returns f's error. Credentials belong to a
// thread on Linux: f runs on one that becomes u for good while the process stays
// what it is, and that ends with its goroutine, because it is never unlocked.
// What f starts and the files it makes are u's; goroutines that f starts are not.
// A panic of f is an error.
func (u *User) do(f func() error) error {
	if u == nil {
		return recovered(f)
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := u.become(); err != nil {
			done <- fmt.Errorf("become %s: %w", u, err)
			return
		}
		done <- recovered(f)
	}()
	return <-done
}

// become changes this thread alone, by raw system calls: those of package
// syscall change every thread of the process.
func (u *User) become() error {
	if !keepsGroups() {
		if _, _, errno := syscall.RawSyscall(sysSetgroups, 0, 0, 0); errno != 0 {
			return fmt.Errorf("setgroups: %w", errno)
		}
	}
	id := uintptr(u.GID)
	if _, _, errno := syscall.RawSyscall(sysSetresgid, id, id, id); errno != 0 {
		return fmt.Errorf("setresgid: %w", errno)
	}
	id = uintptr(u.UID)
	if _, _, errno := syscall.RawSyscall(sysSetresuid, id, id, id); errno != 0 {
		return fmt.Errorf("setresuid: %w", errno)
	}
	// Another process of that user must not trace this thread, which shares its
	// memory with a process of root. The kernel's default says so already.
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// lendName lets a program that looks up its own user's name run as a uid that has
// none, as initdb does, whatever its -U says: in a user namespace that uid passes
// for the user nobody. Its files still belong to the real one.
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
