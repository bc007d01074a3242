//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// replaceProcess turns this process into another program, so that Ctrl-C and job control
// are its own affair. Our connections close with it.
func replaceProcess(program string, args []string) error {
	return fmt.Errorf("run %s: %w", program, syscall.Exec(program, append([]string{program}, args...), os.Environ()))
}
