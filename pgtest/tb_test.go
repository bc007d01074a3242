package pgtest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// oneTest stands for a test inside another: its clean-up runs when end is called.
type oneTest struct {
	testing.TB
	cleanups []func()
}

func (t *oneTest) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *oneTest) end() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

// told runs do as a test would, and returns what it was ended with: "" if it came
// to its own end.
func told(t *testing.T, do func(testing.TB)) (fatal string) {
	t.Helper()
	fake := &fatalTest{oneTest: oneTest{TB: t}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer fake.end()
		do(fake)
	}()
	<-done
	return fake.message
}

type fatalTest struct {
	oneTest
	message string
}

func (t *fatalTest) Fatalf(format string, args ...any) {
	t.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failedTest is a test that may have failed, and what its log says.
type failedTest struct {
	oneTest
	failed bool
	log    strings.Builder
}

func (t *failedTest) Failed() bool    { return t.failed }
func (t *failedTest) Log(args ...any) { fmt.Fprintln(&t.log, args...) }

// mention checks that a message says all of what it should.
func mention(t *testing.T, message string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(message, want) {
			t.Errorf("the message does not mention %q:\n%s", want, message)
		}
	}
}
