package pgtest_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
)

// What a user gets wrong in the first hour, and what the test then says.
func TestMistakes(t *testing.T) {
	someFiles := fstest.MapFS{"db/migrations/00001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (id int);\n")}}
	writes := func(ctx context.Context, db seedbed.DB) error {
		_, err := db.Exec(ctx, "INSERT INTO invoices (account) VALUES ('a')")
		return err
	}
	pays := func(ctx context.Context, db seedbed.DB) error {
		_, err := db.Exec(ctx, "INSERT INTO payments (account) VALUES ('a')")
		return err
	}
	for name, c := range map[string]struct {
		server *pgtest.Server
		says   []string
	}{
		"a directory that is not there": {&pgtest.Server{Migrations: os.DirFS("migration")},
			[]string{"there is no directory ", "pgtest/migration; tests run in the directory of their package"}},
		"another Dir":                              {&pgtest.Server{Migrations: someFiles, Dir: "migrations"}, []string{`Dir is "migrations", which is not there; SQL files are in "db/migrations"`}},
		"a role that is not there":                 {&pgtest.Server{Migrations: someFiles, Role: "app"}, []string{`Server.Role is "app"`, "a migration has to create it, with LOGIN"}},
		"a misspelt role":                          {&pgtest.Server{Migrations: someFiles, Role: "seedbed_ownr"}, []string{`Server.Role is "seedbed_ownr", and the server has no such role; did you mean seedbed_owner?`}},
		"a negative number":                        {&pgtest.Server{MaxConns: -3}, []string{"Server.MaxConns is -3"}},
		"no server":                                {nil, []string{"the *Server is nil", "var pg = &pgtest.Server{Migrations: files}"}},
		"a misspelt setting":                       {&pgtest.Server{Settings: map[string]string{"work_men": "4MB"}}, []string{`Server.Settings: the server refuses "work_men": "4MB": unrecognized configuration parameter "work_men"; did you mean work_mem?`}},
		"a setting's value":                        {&pgtest.Server{Settings: map[string]string{"wal_level": "logicl"}}, []string{`refuses "wal_level": "logicl": invalid value for parameter "wal_level": "logicl"; Available values: minimal, replica, logical.`}},
		"a setting that Postgres spells otherwise": {&pgtest.Server{Settings: map[string]string{"timezone": "Europe/Berln"}}, []string{`refuses "timezone": "Europe/Berln": invalid value`}},
		"a library":                                {&pgtest.Server{Settings: map[string]string{"shared_preload_libraries": "pg_stat_statments"}}, []string{`refuses "shared_preload_libraries": "pg_stat_statments": could not access file`}},
		"no setting":                               {&pgtest.Server{Settings: map[string]string{"work mem": "4MB"}}, []string{`Server.Settings: the server refuses "work mem": "4MB": this is no setting's name`}},
		"a setting of ours":                        {&pgtest.Server{Settings: map[string]string{"port": "5432"}}, []string{`Server.Settings: the server refuses "port": "5432": Seedbed chooses it: leave it out`}},
		"no version":                               {&pgtest.Server{Version: "v15"}, []string{`pgtest: Server.Version is "v15": want a major version such as 15, or a version such as 15.18`}},
		"an old version":                           {&pgtest.Server{Version: "13"}, []string{`pgtest: Server.Version is "13": want 14 or later`}},
		"a directory without Postgres": {&pgtest.Server{Binaries: t.TempDir()},
			[]string{"SEEDBED_BINARIES and Server.Binaries name a directory with initdb, pg_ctl and postgres, such as /"}},
		"no server at a URL":   {&pgtest.Server{URL: "postgres://u:secret@127.0.0.1:1/x"}, []string{"Server.URL: no server answers at 127.0.0.1:1; start it, or correct host and port: ", "connection refused"}},
		"an extension's name":  {&pgtest.Server{Extensions: []string{"uuid_ossp"}}, []string{`there is no extension uuid_ossp; did you mean "uuid-ossp", which comes with Postgres?`}},
		"a misspelt extension": {&pgtest.Server{Extensions: []string{"hstor"}}, []string{`did you mean "hstore" for hstor?`}},
		"a table's name":       {&pgtest.Server{Migrations: someFiles, Table: "versions; drop"}, []string{`Server.Table is "versions; drop"`, "app.versions"}},
		"a seed that policies refuse": {&pgtest.Server{Migrations: invoices.Migrations, Seed: writes},
			[]string{"load the seed: ", "it runs as seedbed_owner", "SELECT set_config('app.account', $1, true)", "factories or fixtures"}},
		"a seed without the setting that a policy reads": {&pgtest.Server{Migrations: invoices.Migrations, Seed: pays},
			[]string{"load the seed: ", "it runs as seedbed_owner", "SELECT set_config('app.account', $1, true)"}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Mention(t, testkit.Record(t, func(t testing.TB) { c.server.DB(t) }).FatalMessage(), c.says...)
		})
	}
}

func TestMistakesInSettingsOfAs(t *testing.T) {
	for name, c := range map[string]struct {
		set  map[string]string
		says string
	}{
		"without a dot":   {map[string]string{"account": "acme"}, `there is no setting "account": one of an application has a dot in its name, as app.tenant`},
		"no name":         {map[string]string{"app account": "acme"}, `there is no setting "app account"`},
		"a refused value": {map[string]string{"statement_timeout": "soon"}, "setting statement_timeout: ERROR: invalid value"},
	} {
		t.Run(name, func(t *testing.T) {
			r := testkit.Record(t, func(t testing.TB) { invoices.DB(t).As(t, "seedbed_owner", c.set) })
			testkit.Mention(t, r.FatalMessage(), "pgtest: connect as seedbed_owner", c.says)
		})
	}
}

// Fields that are assigned after the first test would change nothing.
func TestServerThatIsChangedBetweenTests(t *testing.T) {
	server := &pgtest.Server{Migrations: invoices.Migrations, Settings: map[string]string{"work_mem": "5MB"}}
	server.DB(t)
	server.Settings["work_mem"] = "6MB"
	server.Seed = func(context.Context, seedbed.DB) error { return nil }
	r := testkit.Record(t, func(t testing.TB) { server.DB(t) })
	testkit.Mention(t, r.FatalMessage(), "pgtest: Server.Seed, Server.Settings changed since the first test used this Server", "make a Server of its own")
	if _, err := server.Open(t.Context()); err == nil {
		t.Error("Open takes the changed Server")
	}
	server.Settings["work_mem"], server.Seed = "5MB", nil
	server.DB(t)
}

func TestCachesThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	testkit.WriteFile(t, file, "")
	for cache, says := range map[string]string{
		"relative/dir": "SEEDBED_CACHE=relative/dir: it is relative, and go test runs each package's tests in a directory of their own",
		file:           "it is a file: name a directory",
	} {
		t.Setenv("SEEDBED_CACHE", cache)
		server := &pgtest.Server{Migrations: invoices.Migrations}
		testkit.Mention(t, testkit.Record(t, func(t testing.TB) { server.DB(t) }).FatalMessage(), says)
	}
}

func TestCardOfAPoolThatIsInUse(t *testing.T) {
	server := &pgtest.Server{Migrations: invoices.Migrations, MaxConns: 1}
	r := testkit.Record(t, func(t testing.TB) {
		if _, err := server.DB(t).Acquire(t.Context()); err != nil {
			t.Error(err)
		}
	})
	testkit.Mention(t, r.Text()+r.Logged(), "acquired at ", "mistakes_test.go:", "not used since", "all 1 connections of the test's pool are in use")
}

// A statement about what is not there: the card says what the databases lack, and why.
func TestCardOfWhatIsNotThere(t *testing.T) {
	shops := fstest.MapFS{
		"1_a.sql":         {Data: []byte("-- +goose Up\nCREATE SCHEMA shop;\nCREATE TABLE shop.widgets (id int);\nCREATE TABLE orders (id int);\n")},
		"2-add-color.sql": {Data: []byte("-- +goose Up\nALTER TABLE orders ADD COLUMN color text;\n")},
	}
	server := &pgtest.Server{Migrations: shops}
	for name, c := range map[string]struct {
		server *pgtest.Server
		sql    string
		says   string
	}{
		"a file that is left out":  {server, "UPDATE orders SET color = NULL", "2-add-color.sql is left out: goose takes NUMBER_name.sql"},
		"a table of a schema":      {server, "SELECT FROM widgets", `there is "shop"."widgets": name its schema, or put that on the search_path`},
		"a misspelt table's name":  {server, "SELECT FROM ordes", `there is no "ordes"; did the test mean orders?`},
		"a Server without a field": {&pgtest.Server{}, "SELECT FROM widgets", "this Server has no Migrations and no Migrate: its databases are empty"},
	} {
		t.Run(name, func(t *testing.T) {
			r := testkit.Record(t, func(t testing.TB) {
				if _, err := c.server.DB(t).Exec(t.Context(), c.sql); err != nil {
					t.Error(err)
				}
			})
			testkit.Mention(t, r.Logged(), c.says)
			if strings.Contains(c.sql, "color") && strings.Contains(r.Logged(), "there is") {
				t.Errorf("a table that is there is said to be elsewhere:\n%s", r.Logged())
			}
		})
	}
}
