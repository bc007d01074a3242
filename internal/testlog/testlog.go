// Package testlog writes to a test's log from code that the test's own lines are far from.
//
//	testlog.Printf(t, "factory: nothing says which row of %s …", table)
//
// t.Log names the file and line of its caller, which is ours there, and no help.
package testlog

import (
	"fmt"
	"testing"
)

// Printf writes a line to the test's log without the name of a file.
func Printf(t testing.TB, format string, args ...any) {
	Recent(func() { fmt.Fprintf(t.Output(), format+"\n", args...) }, func() { t.Logf(format, args...) })
}

// Recent calls a method that testing.TB has had since Go 1.25 or 1.26. A type that wraps a
// test and was written before embeds a testing.TB that is nil, perhaps, and gets otherwise.
func Recent(method, otherwise func()) {
	defer func() {
		if recover() != nil {
			otherwise()
		}
	}()
	method()
}
