package pgtest_test

import (
	"context"
	"os"
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
	for name, c := range map[string]struct {
		server *pgtest.Server
		says   []string
	}{
		"a directory that is not there": {&pgtest.Server{Migrations: os.DirFS("migration")},
			[]string{"there is no directory ", "pgtest/migration; tests run in the directory of their package"}},
		"another Dir":              {&pgtest.Server{Migrations: someFiles, Dir: "migrations"}, []string{`Dir is "migrations", which is not there; SQL files are in "db/migrations"`}},
		"a role that is not there": {&pgtest.Server{Migrations: someFiles, Role: "app"}, []string{`Server.Role is "app"`, "a migration has to create it, with LOGIN"}},
		"a negative number":        {&pgtest.Server{MaxConns: -3}, []string{"Server.MaxConns is -3"}},
		"a seed that policies refuse": {&pgtest.Server{Migrations: invoices.Migrations, Seed: writes},
			[]string{"load the seed: ", "it runs as seedbed_owner", "SELECT set_config('app.account', $1, true)", "factories or fixtures"}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Mention(t, testkit.Record(t, func(t testing.TB) { c.server.DB(t) }).FatalMessage(), c.says...)
		})
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
