package postgres

import (
	"io/fs"
	"os"
	"os/exec"
)

const exe = ".exe"

// Windows has no user to become: postgres and pg_ctl drop an administrator's
// rights themselves.

func (u *User) assign(*exec.Cmd) {}

func (u *User) give(string) error { return nil }

func (u *User) giveFile(*os.File) error { return nil }

func whyNot(err error, output string) string {
	if output != "" {
		return firstLine(output)
	}
	return err.Error()
}

func inode(fs.FileInfo) uint64 { return 0 }

func (u *User) owns(fs.FileInfo) bool { return true }

const careful = 0
