package pgtest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// clocked is a schema that asks for the time in every way.
var clocked = &pgtest.Server{Clock: true, Migrations: goose(`
CREATE TABLE tokens (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL DEFAULT 'a',
	made timestamptz NOT NULL DEFAULT now(), day date NOT NULL DEFAULT now(), good_until timestamptz NOT NULL DEFAULT now() + interval '1 hour',
	touched timestamptz, stamped timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP, stamped_day date NOT NULL DEFAULT CURRENT_DATE, stamped_ms timestamptz DEFAULT LOCALTIMESTAMP(3),
	CHECK (made <= now()));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN NEW.touched := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON tokens FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION stamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT CURRENT_TIMESTAMP - interval '1 day' /* not CURRENT_TIME */ $$;
CREATE VIEW good AS SELECT * FROM tokens WHERE good_until > now();
ALTER TABLE tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY fresh ON tokens USING (good_until > now() - interval '1 day');
SELECT set_config('search_path', '', false);
CREATE TABLE public.dumped (at timestamptz DEFAULT now());
CREATE TABLE public.visits (seen_at timestamptz NOT NULL);
RESET search_path;
`)}

var march = time.Date(2026, 3, 31, 23, 59, 0, 123_456_000, time.UTC)

func TestFreeze(t *testing.T) {
	db := clocked.DB(t)
	db.Freeze(t, march)
	for _, now := range []string{"now()", "pg_catalog.now()", "transaction_timestamp()", "statement_timestamp()", "clock_timestamp()", "now()::timestamptz"} {
		if got := testpg.One[time.Time](t, db, "SELECT "+now); !got.Equal(march) {
			t.Errorf("%s = %s", now, got)
		}
	}
	if age := testpg.One[string](t, db, "SELECT age(timestamptz '2026-03-01')::text"); age != "30 days" {
		t.Errorf("age = %s", age)
	}
	testpg.Exec(t, db, "INSERT INTO tokens DEFAULT VALUES")
	testpg.Exec(t, db, "INSERT INTO dumped DEFAULT VALUES")
	got := testpg.One[string](t, db, "SELECT concat_ws(' ', made = now(), day, good_until - now(), touched = now(), (SELECT at = now() FROM dumped)) FROM tokens")
	if want := "t 2026-03-31 01:00:00 t t"; got != want {
		t.Errorf("the row has %s, want %s", got, want)
	}
	if real := testpg.One[bool](t, db, "SELECT CURRENT_TIMESTAMP > '2026-05-01'"); !real {
		t.Error("CURRENT_TIMESTAMP follows the clock: the documentation says it does not")
	}
	// A prepared statement, and one of another session.
	prepared := "SELECT count(*) FROM good"
	if n := testpg.One[int](t, db, prepared); n != 1 {
		t.Errorf("%d tokens are good at once", n)
	}
	db.Advance(t, time.Hour)
	if n := testpg.One[int](t, db, prepared); n != 0 {
		t.Errorf("%d tokens are good after an hour", n)
	}
	other, err := pgx.Connect(t.Context(), db.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.WithoutCancel(t.Context()))
	if got := testpg.One[time.Time](t, other, "SELECT now()"); !got.Equal(march.Add(time.Hour)) {
		t.Errorf("another session has %s", got)
	}
	// Policies.
	if n := testpg.One[int](t, db, "SELECT count(*) FROM tokens"); n != 1 {
		t.Errorf("%d tokens are visible", n)
	}
	db.Advance(t, 48*time.Hour)
	if n := testpg.One[int](t, db, "SELECT count(*) FROM tokens"); n != 0 {
		t.Errorf("%d tokens are visible two days later", n)
	}
	// In the middle of a transaction, and for another role.
	err = pgx.BeginTxFunc(t.Context(), db, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		before := testpg.One[time.Time](t, tx, "SELECT now()")
		db.Advance(t, -time.Minute)
		if after := testpg.One[time.Time](t, tx, "SELECT now()"); !after.Equal(before.Add(-time.Minute)) {
			t.Errorf("%s became %s", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.As(t, "seedbed_tester", nil).Exec(t.Context(), "SELECT now()"); err != nil {
		t.Error(err)
	}
}

func TestFactoriesFollowTheClock(t *testing.T) {
	db := clocked.DB(t)
	db.Freeze(t, time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC))
	factory.Auto("visits").Create(t, db)
	if seen := testpg.One[time.Time](t, db, "SELECT seen_at FROM visits"); seen.Year() < 2039 {
		t.Errorf("the visit was seen at %s", seen)
	}
	option := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	testpg.Exec(t, db, "DELETE FROM visits")
	factory.Auto("visits").Create(t, db, factory.Now(option))
	if seen := testpg.One[time.Time](t, db, "SELECT seen_at FROM visits"); seen.After(option) {
		t.Errorf("with factory.Now, the visit was seen at %s", seen)
	}
}

func TestCardHasTheClock(t *testing.T) {
	card := cardOf(t, clocked, func(t testing.TB, db *pgtest.DB) { db.Freeze(t, march) })
	testkit.Mention(t, card, "its clock stands at 2026-03-31T23:59:00.123456Z")
}

// The next test has the real time again, in a database that was reset.
func TestClockIsResetWithTheDatabase(t *testing.T) {
	test := testkit.NewInner(t)
	db := clocked.DB(test)
	db.Freeze(test, march)
	testpg.Exec(t, db, "INSERT INTO dumped DEFAULT VALUES")
	name := db.Config().ConnConfig.Database
	test.End()
	clocked.Settle()
	if !clocked.Ready(name) {
		t.Error("the database was not reset")
	}
	for range 3 {
		db := clocked.DB(t)
		if now := testpg.One[time.Time](t, db, "SELECT now()"); time.Since(now).Abs() > time.Hour {
			t.Errorf("%s has %s", db.Config().ConnConfig.Database, now)
		}
	}
}

func TestClockNamesTheKeywords(t *testing.T) {
	server := &pgtest.Server{Clock: true, Migrations: clocked.Migrations}
	freeze := func(t testing.TB) { server.DB(t).Freeze(t, march) }
	log := testkit.Record(t, freeze).Logged()
	testkit.Mention(t, log,
		"tokens.stamped has CURRENT_TIMESTAMP: ALTER TABLE tokens ALTER COLUMN stamped SET DEFAULT now()",
		"ALTER TABLE tokens ALTER COLUMN stamped_day SET DEFAULT now()::date",
		"ALTER TABLE tokens ALTER COLUMN stamped_ms SET DEFAULT now()::timestamp(3)",
		"function stamp() has CURRENT_TIMESTAMP: write now()")
	for _, follows := range []string{"tokens.made", "touch()", "CURRENT_TIME:", "CURRENT_TIME,", "seedbed_clock"} {
		if strings.Contains(log, follows) {
			t.Errorf("the log names %s:\n%s", follows, log)
		}
	}
	if again := testkit.Record(t, freeze).Logged(); strings.Contains(again, "CURRENT_TIMESTAMP") {
		t.Errorf("they are named twice:\n%s", again)
	}
	// What it says to write is SQL, and follows.
	db := server.DB(t)
	for line := range strings.Lines(log) {
		if _, sql, ok := strings.Cut(line, ": ALTER "); ok {
			testpg.Exec(t, db, "ALTER "+sql)
		}
	}
	db.Freeze(t, march)
	testpg.Exec(t, db, "INSERT INTO tokens DEFAULT VALUES")
	if ok := testpg.One[bool](t, db, "SELECT stamped = now() AND stamped_day = now()::date FROM tokens"); !ok {
		t.Error("the columns do not follow the clock after the change")
	}
}

func TestClockMistakes(t *testing.T) {
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { pg.DB(t).Freeze(t, march) }).FatalMessage(), "set Server.Clock")
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { clocked.DB(t).Advance(t, time.Hour) }).FatalMessage(), "it runs; call Freeze first")
	testkit.Mention(t, testkit.Record(t, func(t testing.TB) { clocked.DB(t).Freeze(t, time.Date(400_000, 1, 1, 0, 0, 0, 0, time.UTC)) }).FatalMessage(), "is no time that Postgres has")
}

// The rest of the toolkit does not see the clock in a schema.
func TestClockIsNoPartOfTheSchema(t *testing.T) {
	db := clocked.DB(t)
	check.Integrity(t, db)
	r := testkit.Record(t, func(t testing.TB) { check.Isolation(t, db) })
	if text := fmt.Sprint(r.Text(), r.Logged()); strings.Contains(text, "seedbed_clock") || strings.Contains(text, "pg_catalog.now") {
		t.Errorf("check speaks of the clock:\n%s", text)
	}
}
