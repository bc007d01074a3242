package server

import (
	"os"
	"strings"
)

// machineBoot names the machine's current boot.
func machineBoot() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id))
}
