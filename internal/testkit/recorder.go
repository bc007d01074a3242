package testkit

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Recorder is a testing.TB that records what a test helper reports, instead of
// failing. Methods that it does not replace are those of the test it was made
// with: Name, TempDir, Setenv.
type Recorder struct {
	testing.TB

	mu       sync.Mutex
	errors   []string
	fatal    string
	skipped  string
	log      strings.Builder
	failed   bool
	helper   bool
	cleanups cleanups
	ctx      context.Context
	cancel   context.CancelFunc
}

// NewRecorder returns a Recorder for a helper that is called by hand; End runs its
// clean-ups. Fatal, FailNow and Skip end the calling goroutine, as in a test: call
// helpers that use them through Record. t may be nil; what Recorder does not
// replace then panics.
func NewRecorder(t testing.TB) *Recorder {
	r := &Recorder{TB: t}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Record runs f as `go test` runs a test: Fatal ends it, its clean-ups run, and a
// panic is the caller's.
func Record(t testing.TB, f func(t testing.TB)) *Recorder {
	r := NewRecorder(t)
	var panicked any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.End()
		defer func() { panicked = recover() }()
		f(r)
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
	return r
}

// End cancels the context and runs the clean-ups, last first.
func (r *Recorder) End() {
	r.cancel()
	r.cleanups.run()
}

// Context implements testing.TB: it ends before the clean-ups run.
func (r *Recorder) Context() context.Context { return r.ctx }

// Cleanup implements testing.TB: End runs f.
func (r *Recorder) Cleanup(f func()) { r.cleanups.add(f) }

// Helper implements testing.TB.
func (r *Recorder) Helper() { r.set(func() { r.helper = true }) }

// Log implements testing.TB.
func (r *Recorder) Log(args ...any) { r.set(func() { fmt.Fprintln(&r.log, args...) }) }

// Logf implements testing.TB.
func (r *Recorder) Logf(format string, args ...any) { r.Log(fmt.Sprintf(format, args...)) }

// Output implements testing.TB: Logged has it too.
func (r *Recorder) Output() io.Writer { return output{r} }

type output struct{ r *Recorder }

func (o output) Write(p []byte) (int, error) {
	o.r.set(func() { o.r.log.Write(p) })
	return len(p), nil
}

// Fail implements testing.TB.
func (r *Recorder) Fail() { r.set(func() { r.failed = true }) }

// FailNow implements testing.TB.
func (r *Recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

// Error implements testing.TB.
func (r *Recorder) Error(args ...any) { r.report(line(args)) }

// Errorf implements testing.TB.
func (r *Recorder) Errorf(format string, args ...any) { r.report(fmt.Sprintf(format, args...)) }

// Fatal implements testing.TB.
func (r *Recorder) Fatal(args ...any) { r.end(line(args)) }

// Fatalf implements testing.TB.
func (r *Recorder) Fatalf(format string, args ...any) { r.end(fmt.Sprintf(format, args...)) }

// Skip implements testing.TB.
func (r *Recorder) Skip(args ...any) {
	r.set(func() { r.skipped = line(args) })
	runtime.Goexit()
}

// Skipf implements testing.TB.
func (r *Recorder) Skipf(format string, args ...any) { r.Skip(fmt.Sprintf(format, args...)) }

// SkipNow implements testing.TB.
func (r *Recorder) SkipNow() { r.Skip("SkipNow") }

// Failed implements testing.TB.
func (r *Recorder) Failed() bool { return get(r, func() bool { return r.failed }) }

// Skipped implements testing.TB.
func (r *Recorder) Skipped() bool { return r.SkipMessage() != "" }

// Errors are the messages of Error, Errorf, Fatal and Fatalf.
func (r *Recorder) Errors() []string {
	return get(r, func() []string { return slices.Clone(r.errors) })
}

// Text is all errors, one after the other.
func (r *Recorder) Text() string { return strings.Join(r.Errors(), "\n") }

// FatalMessage is what ended the test; empty if it came to its end.
func (r *Recorder) FatalMessage() string { return get(r, func() string { return r.fatal }) }

// SkipMessage is why the test was skipped; empty if it was not.
func (r *Recorder) SkipMessage() string { return get(r, func() string { return r.skipped }) }

// Logged is what Log and Logf wrote.
func (r *Recorder) Logged() string { return get(r, r.log.String) }

// CalledHelper reports whether Helper was called.
func (r *Recorder) CalledHelper() bool { return get(r, func() bool { return r.helper }) }

func (r *Recorder) report(message string) {
	r.set(func() { r.errors, r.failed = append(r.errors, message), true })
}

func (r *Recorder) end(message string) {
	r.report(message)
	r.set(func() { r.fatal = message })
	runtime.Goexit()
}

func (r *Recorder) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func get[T any](r *Recorder, f func() T) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return f()
}

// line formats as fmt.Sprintln does, without the line's end.
func line(args []any) string { return strings.TrimSuffix(fmt.Sprintln(args...), "\n") }
