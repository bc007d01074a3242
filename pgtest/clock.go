package pgtest

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/generation"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/testlog"
)

//go:embed clock.sql
var clockSQL string

// clockLayer puts the clock into the databases, below the migrations.
func (r *ready) clockLayer() template.Layer {
	return template.Layer{
		Name:        "clock",
		Fingerprint: clockSQL,
		Admin: func(ctx context.Context, conn *pgx.Conn) error {
			if !r.cluster.Super() {
				return fmt.Errorf("install the clock of Server.Clock: that takes a superuser, and %s is none; leave Server.Clock false here", r.cluster.Roles().Admin)
			}
			if _, err := conn.Exec(ctx, clockSQL); err != nil {
				return fmt.Errorf("install the clock of Server.Clock: %w", err)
			}
			return nil
		},
	}
}

// Freeze has the clock of the test's database stand at a time, to the microsecond, until
// Advance moves it or Freeze sets it again. It takes Server.Clock.
//
//	var pg = &pgtest.Server{Migrations: files, Clock: true}
//
//	db := pg.DB(t)
//	db.Freeze(t, time.Date(2026, 3, 31, 23, 59, 0, 0, time.UTC))
//	… code under test makes a token that is good for an hour …
//	db.Advance(t, time.Hour)
//	… the token has expired …
//
// What now(), transaction_timestamp(), statement_timestamp(), clock_timestamp() and age()
// say follows, for every session of this database and at once, in the middle of a
// transaction too: in statements, defaults, checks, policies, views, triggers and functions.
// So does the present of package factory. The keywords CURRENT_TIMESTAMP, CURRENT_DATE,
// LOCALTIMESTAMP and their like do not, nor 'now' as a literal: the log of the first test
// that freezes a clock lists the columns, functions and policies of the schema that have
// them, with what to write instead. Nor do uuidv7() and Go's time.Now.
//
// Freeze and Advance cost some milliseconds, and a call of now() 5 µs where it costs next to
// nothing otherwise.
func (db *DB) Freeze(t testing.TB, at time.Time) {
	mustBeTest(t, "DB.Freeze")
	db.mustBeGiven("Freeze")
	t.Helper()
	if at.IsZero() {
		t.Fatalf("pgtest: freeze the clock: the time is the zero time.Time, as of a variable that was never set; pass a moment, such as time.Now()")
	}
	if err := db.setClock(t.Context(), func(context.Context, *pgx.Conn) (time.Time, error) { return at, nil }); err != nil {
		t.Fatalf("pgtest: freeze the clock: %v", err)
	}
	db.nameKeywords(t)
}

// Advance moves a clock that Freeze has set: on, or back where d is negative.
func (db *DB) Advance(t testing.TB, d time.Duration) {
	mustBeTest(t, "DB.Advance")
	db.mustBeGiven("Advance")
	t.Helper()
	err := db.setClock(t.Context(), func(ctx context.Context, admin *pgx.Conn) (at time.Time, err error) {
		var frozen bool
		var microseconds int64
		err = admin.QueryRow(ctx, "SELECT is_called, last_value FROM seedbed_clock.state").Scan(&frozen, &microseconds)
		if err == nil && !frozen {
			err = fmt.Errorf("it runs; call Freeze first, with time.Now() perhaps")
		}
		return time.UnixMicro(microseconds).Add(d), err
	})
	if err != nil {
		t.Fatalf("pgtest: advance the clock: %v", err)
	}
}

// The times that a timestamptz holds.
var (
	firstTime = time.Date(-4712, time.January, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(294276, time.December, 31, 0, 0, 0, 0, time.UTC)
)

func (db *DB) setClock(ctx context.Context, to func(context.Context, *pgx.Conn) (time.Time, error)) error {
	if !db.server.clock {
		return fmt.Errorf("these databases have none: set Server.Clock")
	}
	// An administrator's: a role of the test's may not set it, and its pool may be in use.
	admin, err := pgx.ConnectConfig(ctx, db.database.Config(db.server.cluster.Roles().Admin))
	if err != nil {
		return err
	}
	defer admin.Close(context.WithoutCancel(ctx))
	at, err := to(ctx, admin)
	if err != nil {
		return err
	}
	if at.Before(firstTime) || at.After(lastTime) {
		return fmt.Errorf("%s is no time that Postgres has", at)
	}
	if _, err := admin.Exec(ctx, "SELECT setval('seedbed_clock.state', $1, true)", at.UnixMicro()); err != nil {
		return err
	}
	generation.Freeze(generation.Address(db.Config().ConnConfig), at.Truncate(time.Microsecond))
	return nil
}

// nameKeywords logs, once for a Server, what of the schema does not follow the clock.
func (db *DB) nameKeywords(t testing.TB) {
	db.server.keywords.Do(func() {
		admin, err := pgx.ConnectConfig(t.Context(), db.database.Config(db.server.cluster.Roles().Admin))
		if err != nil {
			return
		}
		defer admin.Close(context.WithoutCancel(t.Context()))
		lines, err := keywordsOf(t.Context(), admin)
		if err != nil {
			testlog.Printf(t, "pgtest: look for what does not follow the clock: %v", err)
		}
		if len(lines) > 0 {
			testlog.Printf(t, "pgtest: these do not follow the clock of Freeze, for a keyword asks no function:\n  %s", strings.Join(lines, "\n  "))
		}
	})
}
