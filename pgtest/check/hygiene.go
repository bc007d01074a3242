package check

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/trace"
)

// Hygiene fails the test where code gives a connection back to the pool with
// something on it that its next user would inherit: a role, settings, LISTENs,
// advisory locks, temporary objects, holdable cursors, prepared statements of SQL,
// an open transaction. And it fails the test where code never gives one back: rows that
// were not closed, a transaction that was not ended, a Conn that was not released. It
// names the line that had acquired the connection. (Of a *pgtest.DB the latter fails its
// test without Hygiene too.)
//
//	check.Hygiene(t, db)
//
// db is a *pgtest.DB, its pool or its SQL(), or another pool or *sql.DB that Trace has
// seen. Hygiene looks from here to the end of the test, and costs a round trip a release.
// Of a *sql.DB without a pool of pgx it looks at the idle connections at the end, and
// cannot name the line.
func Hygiene(t testing.TB, db any) {
	t.Helper()
	tracer, err := hygieneTracer(t.Context(), db)
	if err != nil {
		t.Fatalf("check.Hygiene: %v", err)
		return
	}
	var mu sync.Mutex
	var findings []report.Finding
	found := func(site string, dirt []string) {
		mu.Lock()
		defer mu.Unlock()
		findings = append(findings, report.Finding{Rule: "pool-hygiene", Object: site,
			Message:  fmt.Sprintf("a connection acquired here went back with %s on it", report.Count(len(dirt), "thing")),
			Evidence: dirt, Fix: "use SET LOCAL and set_config(…, true) within a transaction, and undo the rest before Release, or pgxpool's AfterRelease with DISCARD ALL"})
	}
	watch := &trace.Watch{Found: found}
	tracer.Watch(watch)
	t.Cleanup(func() {
		t.Helper()
		if std, ok := db.(*sql.DB); ok {
			inspectIdle(std, tracer, found)
		}
		unreleased := tracer.Unwatch(watch)
		mu.Lock()
		defer mu.Unlock()
		for _, site := range unreleased {
			findings = append(findings, report.Finding{Rule: "pool-hygiene", Object: site, Message: "a connection acquired here was not released",
				Fix: "close the rows, end the transaction, release the connection, on every path: defer it"})
		}
		if len(findings) > 0 {
			t.Error("check.Hygiene: " + report.Count(len(findings), "finding") + "\n" + formatFindings(findings))
		}
	})
}

// hygieneTracer refuses handles that are one connection: nothing is given back.
func hygieneTracer(ctx context.Context, db any) (*trace.Tracer, error) {
	switch db.(type) {
	case interface{ Close() }, *sql.DB: // a *pgtest.DB, a *pgxpool.Pool
		return tracerOf(ctx, db)
	}
	return nil, fmt.Errorf("%T has no pool: pass the *pgtest.DB, its *pgxpool.Pool or its *sql.DB", db)
}

// inspectIdle looks at the connections that database/sql keeps itself.
func inspectIdle(db *sql.DB, tracer *trace.Tracer, found func(site string, dirt []string)) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // t.Context is cancelled by now
	defer cancel()
	var conns []*sql.Conn
	for range db.Stats().Idle {
		conn, err := db.Conn(ctx)
		if err != nil {
			break // closed: nothing inherits anything
		}
		conns = append(conns, conn)
		if driver, err := driverOf(conn); err == nil {
			if dirt := tracer.Inspect(driver); len(dirt) > 0 {
				found("the *sql.DB", dirt)
			}
		}
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
}
