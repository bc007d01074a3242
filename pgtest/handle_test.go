package pgtest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

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
