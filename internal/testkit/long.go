package testkit

import (
	"flag"
	"testing"
)

// The flags of every test binary of this repository: registered here alone.
var (
	long   = flag.Bool("long", false, "run the long version of each test: see .ci/long")
	update = flag.Bool("update", false, "write golden files instead of comparing with them")
)

// Long reports whether the long versions of tests run.
func Long() bool { return *long }

// Update reports whether golden files are to be written.
func Update() bool { return *update }

// Rounds is how often a test repeats something that is decided by chance: few
// times, or many with -long.
func Rounds(few, many int) int {
	if Long() {
		return many
	}
	return few
}

// Sample returns every n-th element, beginning with the first: half as many with -short, all
// with -long.
func Sample[T any](t testing.TB, all []T, n int) []T {
	t.Helper()
	if testing.Short() {
		n *= 2
	}
	if Long() || n < 2 {
		return all
	}
	var some []T
	for i := 0; i < len(all); i += n {
		some = append(some, all[i])
	}
	t.Logf("%d of %d cases; -long runs all", len(some), len(all))
	return some
}

// SkipShort skips a test that takes seconds by itself: -short is for the time
// between two edits.
func SkipShort(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: " + why)
	}
}
