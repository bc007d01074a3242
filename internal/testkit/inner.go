package testkit

import "testing"

// Inner is a test inside another. What fails it fails the outer one; its context and its
// directories are the outer one's. Its clean-ups run when End is called, at the outer one's
// end at the latest.
type Inner struct {
	testing.TB
	cleanups cleanups
}

// NewInner begins a test inside t.
func NewInner(t testing.TB) *Inner {
	i := &Inner{TB: t}
	t.Cleanup(i.End)
	return i
}

// Cleanup implements testing.TB: End runs f.
func (i *Inner) Cleanup(f func()) { i.cleanups.add(f) }

// End runs the clean-ups, last first.
func (i *Inner) End() { i.cleanups.run() }
