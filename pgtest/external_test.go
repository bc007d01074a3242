//go:build unix

package pgtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// elsewhere is a server that Seedbed knows nothing of, as another team would run
// it: TCP, passwords, default durability.
func elsewhere(t *testing.T, h *sandbox, settings map[string]string) (url string) {
	t.Helper()
	cache, err := postgres.OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	bin, err := postgres.Find(t.Context(), postgres.Request{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(h.cache, "elsewhere")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	password, err := bin.CreateData(t.Context(), data, postgres.DataOptions{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	server, err := postgres.Start(t.Context(), postgres.StartOptions{
		Installation: bin, User: cache.User, Data: data, Log: filepath.Join(dir, "log"), Conf: filepath.Join(dir, "conf"), Settings: settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	const known = "postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable"
	admin, err := pgx.Connect(t.Context(), fmt.Sprintf(known, password, server.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	if _, err := admin.Exec(t.Context(), "ALTER ROLE postgres PASSWORD 'secret'"); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(known, "secret", server.Port)
}

func TestServerThatSomebodyElseRuns(t *testing.T) {
	h := newSandbox(t)
	url := elsewhere(t, h, nil)
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	if _, err := admin.Exec(t.Context(), "CREATE ROLE plain LOGIN CREATEDB PASSWORD 'p@ss/word%'"); err != nil {
		t.Fatal(err)
	}
	run := func(url, allow, tests string) (string, error) {
		cmd := h.command(tests)
		cmd.Env = append(cmd.Env, "SEEDBED_URL="+url, "SEEDBED_ALLOW="+allow)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	// It is not marked for tests.
	out, err := run(url, "production.example:5432", "TestPass")
	if err == nil {
		t.Fatalf("a server that is not marked was used\n%s", out)
	}
	testkit.Mention(t, out, "is not marked as one for tests", "CREATE DATABASE seedbed", "SEEDBED_ALLOW=127.0.0.1:")
	if strings.Contains(out, "secret") {
		t.Errorf("the password is in the log:\n%s", out)
	}
	var databases int
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_database").Scan(&databases); err != nil || databases != 3 {
		t.Errorf("%d databases, %v: something was made on it", databases, err)
	}
	// By a role that may create databases and no more.
	plain := strings.Replace(url, "postgres:secret@", "plain:p%40ss%2Fword%25@", 1)
	host, _, _ := strings.Cut(strings.SplitAfter(url, "@")[1], "/")
	once := func() {
		// What a run with SEEDBED_ALLOW makes is no mark for one without.
		out, err := run(plain, "", "TestPass")
		if err == nil {
			t.Fatalf("a server that was allowed once was used\n%s", out)
		}
		testkit.Mention(t, out, "made while SEEDBED_ALLOW named the server", "COMMENT ON DATABASE seedbed IS NULL", "SEEDBED_ALLOW=127.0.0.1:")
		if _, err := admin.Exec(t.Context(), "COMMENT ON DATABASE seedbed IS NULL"); err != nil {
			t.Fatal(err)
		}
	}
	for i, server := range []string{plain, plain, url} { // the second finds it marked, the third makes roles
		if i == 1 {
			once()
		}
		tests := "TestPass|TestAfterReconnect"
		if i == 1 {
			tests += "|TestMany"
		}
		if out, err := run(server, host, tests); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		host = ""
	}
	// A role that the server's registry does not belong to, and one that may not even make it.
	if _, err := admin.Exec(t.Context(), "CREATE ROLE stranger LOGIN CREATEDB PASSWORD 'x'"); err != nil {
		t.Fatal(err)
	}
	out, err = run(strings.Replace(url, "postgres:secret@", "stranger:x@", 1), "", "TestPass")
	if err == nil {
		t.Fatalf("a role without rights in the registry used it\n%s", out)
	}
	testkit.Mention(t, out, `what it holds is role plain's`, `run `+"`"+`GRANT "plain" TO "stranger"`+"`")
	// Another major than the one asked for, two URLs that are not apart, a value without sense.
	for text, env := range map[string]string{
		"and SEEDBED_VERSION asks for 99: leave one of the two out": "SEEDBED_VERSION=99",
		"it holds two, joined by something else than a space":       "SEEDBED_URL=" + url + "," + url,
		"SEEDBED_IDLE=-3m: want a duration from 0 on":               "SEEDBED_IDLE=-3m",
	} {
		cmd := h.command("TestPass")
		cmd.Env = append(cmd.Env, "SEEDBED_URL="+url, env)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s: passed", env)
		}
		testkit.Mention(t, string(out), text)
	}
	// What the server has, and what it cannot be given.
	for says, server := range map[string]*pgtest.Server{
		"": {Settings: map[string]string{"wal_level": "replica", "fsync": "true"}, Idle: time.Hour},
		"pgtest: Server.URL: Server.Settings: wal_level is replica on this server, and not logical; tests change no server": {Settings: map[string]string{"wal_level": "logical"}},
		`Server.Settings: there is no setting "work_men"; did you mean work_mem?`:                                           {Settings: map[string]string{"work_men": "4MB"}},
		`; did you mean hstore?`:                    {Extensions: []string{"hstor"}},
		`Server.Locale is "de_XX": create database`: {Locale: "de_XX"},
	} {
		server.URL = url
		r := testkit.Record(t, func(t testing.TB) { server.DB(t) })
		server.Close()
		if testkit.Mention(t, r.FatalMessage(), says); says == "" && r.FatalMessage() != "" {
			t.Errorf("refused: %s", r.FatalMessage())
		}
		if says == "" {
			testkit.Mention(t, r.Logged(), "pgtest: Server.Idle does nothing here: the server is the one of Server.URL")
		}
	}
	localized := &pgtest.Server{URL: url, Locale: "icu:de-DE"}
	r := testkit.Record(t, func(t testing.TB) {
		db := localized.DB(t)
		if got := testpg.One[string](t, db, "SELECT datlocprovider::text || ' ' || to_jsonb(d)::text FROM pg_database d WHERE datname = current_database()"); !strings.HasPrefix(got, "i ") || !strings.Contains(got, `"de-DE"`) {
			t.Errorf("the database has the locale %s", got)
		}
	})
	localized.Close()
	if r.Failed() && !strings.Contains(r.Text(), "has no databases with a locale of ICU's") && !strings.Contains(r.Text(), "ICU is not supported in this build") {
		t.Error(r.Text())
	}
	out, err = run(url, "", "TestMigrationWithARole")
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	testkit.Mention(t, out, "other projects' too", "role made_by_migration")
	if len(h.postmasters()) != 0 {
		t.Error("a server of our own was started beside it")
	}
}

// More tests than connections, where the server asks for a password first: it refuses a client
// that has proven who it is when only the places reserved for superusers are left.
func TestMoreTestsThanConnectionsElsewhere(t *testing.T) {
	h := newSandbox(t)
	url := elsewhere(t, h, map[string]string{"max_connections": "24", "superuser_reserved_connections": "8", "fsync": "off"})
	host, _, _ := strings.Cut(strings.SplitAfter(url, "@")[1], "/")
	var both sync.WaitGroup
	for range 2 {
		cmd := h.command("TestCrowdHere", "-test.parallel", strconv.Itoa(testkit.Rounds(20, 32)))
		cmd.Env = append(cmd.Env, "SEEDBED_URL="+url, "SEEDBED_ALLOW="+host)
		both.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	both.Wait()
}
