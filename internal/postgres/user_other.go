//go:build !linux

package postgres

import (
	"os/exec"
)

// do runs f. ChooseUser returns no user to become on this system.
func (u *User) do(f func() error) error { return recovered(f) }

func (u *User) lendName(*exec.Cmd) bool { return false }
