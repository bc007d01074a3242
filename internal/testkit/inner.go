package testkit

import (
	"slices"
	"testing"
)

// Inner is a test inside another: it fails the outer one, and its clean-ups run
// when End is called.
type Inner struct {
	testing.TB
	cleanups []func()
}

// NewInner begins a test inside t.
func NewInner(t testing.TB) *Inner { return &Inner{TB: t} }

// Cleanup implements testing.TB: End runs f.
func (i *Inner) Cleanup(f func()) { i.cleanups = append(i.cleanups, f) }

// End runs the clean-ups, last first.
func (i *Inner) End() {
	for _, f := range slices.Backward(i.cleanups) {
		f()
	}
	i.cleanups = nil
}
