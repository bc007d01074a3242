//go:build !linux

package server

import (
	"os/exec"
	"runtime"
	"strings"
)

// machineBoot names the machine's current boot; empty where the system does not
// say, and then a restart goes unnoticed until Postgres stumbles over it.
func machineBoot() string {
	if runtime.GOOS == "windows" {
		return ""
	}
	out, _ := exec.Command("sysctl", "-n", "kern.boottime").Output()
	return strings.TrimSpace(string(out))
}
