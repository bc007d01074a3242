//go:build linux && (386 || arm)

package postgres

import "syscall"

// The calls of these numbers take 32-bit ids; the plain ones take 16 bits here.
const (
	sysSetgroups = syscall.SYS_SETGROUPS32
	sysSetresgid = syscall.SYS_SETRESGID32
	sysSetresuid = syscall.SYS_SETRESUID32
)
