package check

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/qarion/seedbed/internal/trace"
)

// Hygiene fails the test where code gives a connection back to the pool with
// something on it that the next to get it would inherit: a role, settings, LISTENs,
// advisory locks, temporary objects, holdable cursors, prepared statements of SQL,
// an open transaction. It names the line that had acquired it.
//
//	check.Hygiene(t, db)
//
// It looks from here to the end of the test, and costs a round trip a release. db
// is a pool that Trace has seen.
func Hygiene(t testing.TB, db any) {
	t.Helper()
	tracer := tracerOf(db)
	if tracer == nil {
		t.Fatalf("check.Hygiene: %T is not traced; call check.Trace(cfg) before its pool is made", db)
		return
	}
	var mu sync.Mutex
	var findings []Finding
	watch := &trace.Watch{Found: func(site string, dirt []string) {
		mu.Lock()
		defer mu.Unlock()
		findings = append(findings, Finding{Rule: "pool-hygiene", Object: site,
			Message:  fmt.Sprintf("a connection acquired here went back with %s on it", count(len(dirt), "thing")),
			Evidence: dirt, Fix: "use SET LOCAL and set_config(…, true) within a transaction, and undo the rest before Release, or pgxpool's AfterRelease with DISCARD ALL"})
	}}
	tracer.Watch(watch)
	t.Cleanup(func() {
		t.Helper()
		tracer.Unwatch(watch)
		mu.Lock()
		defer mu.Unlock()
		if len(findings) == 0 {
			return
		}
		var b strings.Builder
		fmt.Fprintf(&b, "check.Hygiene: %s\n", count(len(findings), "finding"))
		for _, f := range findings {
			b.WriteString("\n")
			writeFinding(&b, f)
		}
		t.Error(b.String())
	})
}
