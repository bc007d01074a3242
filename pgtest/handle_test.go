package pgtest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

// A handle or a test that was declared and never set is named, at the call.
func TestNilHandlesAreNamed(t *testing.T) {
	t.Parallel()
	var unset *pgtest.DB
	db := pg.DB(t)
	for want, call := range map[string]func(){
		"As of a *pgtest.DB that is nil":          func() { unset.As(t, "x", nil) },
		"pgtest: URL of a *pgtest.DB that is nil": func() { unset.URL() },
		"TCPURL of a *pgtest.DB that is nil":      func() { unset.TCPURL() },
		"SQL of a *pgtest.DB that is nil":         func() { unset.SQL() },
		"Freeze of a *pgtest.DB that is nil":      func() { unset.Freeze(t, time.Now()) },
		"Advance of a *pgtest.DB that is nil":     func() { unset.Advance(t, time.Hour) },
		"DB.Freeze was given a nil testing.TB":    func() { db.Freeze(nil, time.Now()) },
		"DB.Advance was given a nil testing.TB":   func() { db.Advance(nil, time.Hour) },
	} {
		if said := panicOf(call); !strings.Contains(said, want) {
			t.Errorf("want %q in: %s", want, said)
		}
	}
}

func panicOf(call func()) (said string) {
	defer func() { said = fmt.Sprint(recover()) }()
	call()
	return ""
}

// A role that no policy applies to is pointed out: a test of isolation proves nothing with it.
func TestAsSuperuserIsLogged(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	fake := testkit.NewRecorder(t)
	db.As(fake, "postgres", nil)
	if want := "row-level security does not apply to postgres"; !strings.Contains(fake.Logged(), want) {
		t.Errorf("want %q in: %s", want, fake.Logged())
	}
	fake = testkit.NewRecorder(t)
	db.As(fake, "seedbed_tester", nil)
	if fake.Logged() != "" {
		t.Errorf("an ordinary role: %s", fake.Logged())
	}
}

// A test that holds all connections of its pool and asks for one more is told where they
// are, while it waits.
func TestPoolThatIsUsedUp(t *testing.T) {
	t.Parallel()
	server := &pgtest.Server{Migrations: pg.Migrations, MaxConns: 2}
	fake := testkit.NewRecorder(t)
	db := server.DB(fake)
	defer fake.End()
	db.StarveAfter(time.Millisecond)
	for range 2 {
		rows, err := db.Query(t.Context(), "SELECT generate_series(1, 10)")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where it is never told
	defer cancel()
	told := make(chan struct{})
	go func() {
		defer close(told)
		for !strings.Contains(fake.Logged(), "waiting for a connection") && ctx.Err() == nil {
			runtime.Gosched()
		}
		cancel()
	}()
	if _, err := db.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("a third connection of two")
	}
	<-told
	if want := "all 2 of the pool are in use, acquired at "; !strings.Contains(fake.Logged(), want) || strings.Count(fake.Logged(), "handle_test.go:") != 2 {
		t.Errorf("want %q and two lines of this file in: %s", want, fake.Logged())
	}
}

// A caller that gives up before the test would be told: its error says nothing of the pool.
func TestPoolThatIsUsedUpForLessThanThat(t *testing.T) {
	t.Parallel()
	server := &pgtest.Server{Migrations: pg.Migrations, MaxConns: 1}
	fake := testkit.NewRecorder(t)
	db := server.DB(fake)
	defer fake.End()
	conn, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := db.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("a second connection of one")
	}
	testkit.Mention(t, fake.Logged(), "no connection before the caller gave up (context deadline exceeded): all 1 of the pool are in use, acquired at handle_test.go:")
}

// A test that waits for a lock of its own is told, while it waits, where the connection was
// acquired that holds it: of its pool, of a handle of As, of two transactions of Tx.
func TestTestThatWaitsForItself(t *testing.T) {
	server := &pgtest.Server{Migrations: goose("CREATE TABLE locked (id int PRIMARY KEY);")}
	for name, run := range map[string]func(t testing.TB) (holds, waits func(ctx context.Context, sql string) error){
		"transaction and pool": func(t testing.TB) (_, _ func(context.Context, string) error) {
			db := server.DB(t)
			db.LockedAfter(time.Millisecond)
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { tx.Rollback(context.Background()) })
			return sender(tx), sender(db)
		},
		"pool and As": func(t testing.TB) (_, _ func(context.Context, string) error) {
			db := server.DB(t)
			app := db.As(t, "seedbed_owner", nil)
			app.LockedAfter(time.Millisecond)
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { tx.Rollback(context.Background()) })
			return sender(tx), sender(app)
		},
		"two of Tx": func(t testing.TB) (_, _ func(context.Context, string) error) {
			one, two := server.Tx(t), server.Tx(t)
			server.LockedAfter(time.Millisecond)
			return sender(one), sender(two)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := testkit.Record(t, func(fake testing.TB) {
				holds, waits := run(fake)
				if err := holds(t.Context(), "INSERT INTO locked VALUES (1)"); err != nil {
					fake.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where it is never told
				defer cancel()
				go func() {
					for !strings.Contains(fake.(*testkit.Recorder).Logged(), "waits for a lock") && ctx.Err() == nil {
						runtime.Gosched()
					}
					cancel()
				}()
				if err := waits(ctx, "INSERT INTO locked   VALUES (1)"); err == nil {
					fake.Error("both have inserted the key")
				}
			})
			testkit.Mention(t, r.Logged(), "pgtest: a statement waits for a lock that this test's own connection holds, acquired at handle_test.go:",
				": idle in transaction for ", "last query: INSERT INTO locked VALUES (1)\n  it waits: INSERT INTO locked VALUES (1)\n  end that transaction first")
			if r.Failed() {
				t.Error(r.Text())
			}
		})
	}
}

// sender sends a statement over a handle.
func sender(db seedbed.DB) func(context.Context, string) error {
	return func(ctx context.Context, sql string) error {
		_, err := db.Exec(ctx, sql)
		return err
	}
}

// Handles that are used after their end say whose they were.
func TestHandlesThatHaveEnded(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	fake := testkit.NewRecorder(t)
	app := db.As(fake, "seedbed_owner", nil)
	fake.End()
	_, err := app.Exec(t.Context(), "SELECT 1")
	testkit.Mention(t, fmt.Sprint(err), "the handle of DB.As was given to TestHandlesThatHaveEnded, which has ended: call As with the t of the test that uses it")
	shared, err := pg.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shared.Close()
	_, err = shared.Exec(t.Context(), "SELECT 1")
	testkit.Mention(t, fmt.Sprint(err), "the database of Server.Open was closed, at handle_test.go:")
	for want, call := range map[string]func(testing.TB){
		"the role's name is empty; the tests' own, for other settings, is \"seedbed_": func(t testing.TB) { db.As(t, "", nil) },
		"freeze the clock: the time is the zero time.Time":                            func(t testing.TB) { db.Freeze(t, time.Time{}) },
	} {
		testkit.Mention(t, testkit.Record(t, call).FatalMessage(), want)
	}
}
