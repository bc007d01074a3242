//go:build unix

package pgtest_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/testkit"
)

// A client dies at any instant, among them the one
// that initialises, the one that boots and the one that builds the template.
func TestKilledAtAnyInstant(t *testing.T) {
	box := newEmptySandbox(t)
	for round := range testkit.Rounds(2, 60) {
		if round%5 == 0 { // every fifth begins from nothing
			box.gone()
			os.RemoveAll(filepath.Join(box.cache, "servers"))
			if round%10 == 0 {
				os.RemoveAll(filepath.Join(box.cache, "images"))
			}
		}
		cmd := box.command("TestHang")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(1200)) * time.Millisecond) // the instant
		cmd.Process.Kill()
		cmd.Wait()
		box.pass("TestPass")
	}
}

// A process that is killed has told no other process what its tests did to their databases.
// The next one finds out by itself, and takes over those that can be mended.
func TestKilledTestsDatabases(t *testing.T) {
	box := newSandbox(t)
	box.idle = "5s"
	for _, c := range []struct{ name, sql string }{
		{"nothing", ""},
		{"rows", "INSERT INTO things (name) VALUES ('a'), ('b')"},
		{"a sequence", "SELECT nextval('things_id_seq')"},
		{"rolled back", "BEGIN; INSERT INTO things (name) VALUES ('a'); ROLLBACK"},
		{"in a transaction", "BEGIN; INSERT INTO things (name) VALUES ('a'); LOCK things"},
		{"a table", "CREATE TABLE more (id int)"},
		{"a setting", "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''5MB''', current_database()); END $$"},
		{"truncated", "INSERT INTO things (name) VALUES ('a'); TRUNCATE things"},
	} {
		t.Run(c.name, func(t *testing.T) {
			box.t = t
			name := box.killIn(c.sql)
			out := box.pass("TestClean", "-test.parallel", "8")
			given := strings.Contains(out, "given "+name+"\n")
			if c.name == "nothing" && !given {
				t.Errorf("no process adopted %s, in which nothing has changed:\n%s", name, out)
			}
			if (c.name == "a table" || c.name == "a setting") && given {
				t.Errorf("%s, which has more than other rows, was handed out", name)
			}
		})
	}
	box.t = t
}

// When the server begins anew, every process's locks are gone with their sessions: a
// process that goes on would have its databases taken for those of a dead one.
func TestServerThatCrashesUnderTests(t *testing.T) {
	box := newSandbox(t)
	box.idle = "5s"
	out := box.fail("TestCrash")
	if !strings.Contains(out, "the server was restarted") {
		t.Errorf("the output does not say what happened:\n%s", out)
	}
	if strings.Contains(out, "in a database that should be new") {
		t.Errorf("a test was given another's database:\n%s", out)
	}
	box.pass("TestMany")
}

// A process or the server is killed while databases are dropped and cloned: the next
// process has databases that are whole, and in the end each one is on record.
func TestKilledWhileReplacing(t *testing.T) {
	box := newSandbox(t)
	box.idle = "5s"
	for round := range testkit.Rounds(2, 30) {
		cmd := box.command("TestReplace")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(200+rand.IntN(1200)) * time.Millisecond) // the instant
		if round%2 == 1 {
			for _, pid := range box.postmasters() {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		} else {
			cmd.Process.Kill()
		}
		cmd.Wait()
		box.pass("TestReplace|TestMany")
	}
	box.pass("TestPass") // another sweep: the last process may have begun before the killed one was gone
	box.nothingUnknown()
}

// A template that has to be built anew has the same name, and other object
// identifiers: what is counted in a clone of the one before says nothing.
func TestRebuiltTemplate(t *testing.T) {
	for name, spoil := range map[string]string{
		"without a record": "DELETE FROM seedbed.template",
		"not whole":        "SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', name) FROM seedbed.template",
	} {
		t.Run(name, func(t *testing.T) { rebuilt(t, spoil) })
	}
}

// rebuilt runs what spoils the templates, or the statements that it returns, and
// wants clean databases afterwards.
func rebuilt(t *testing.T, spoil string) {
	box := newSandbox(t)
	box.idle = "5s"
	box.killIn("")
	box.pass("TestClean", "-test.parallel", "8") // so that the template's layout is on record
	box.killIn("")
	conn, err := pgx.Connect(t.Context(), box.control())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var old []string
	if err := conn.QueryRow(t.Context(), "SELECT array_agg(name) FROM seedbed.clone WHERE state = 'held'").Scan(&old); err != nil {
		t.Fatal(err)
	}
	rows, _ := conn.Query(t.Context(), spoil)
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, parallel := range []string{"1", "8"} {
		out := box.pass("TestClean", "-test.parallel", parallel)
		for _, name := range old {
			if strings.Contains(out, "given "+name+"\n") {
				t.Errorf("%s, a clone of the template before, was handed out", name)
			}
		}
	}
}

// The server dies at any instant.
func TestPostmasterKilled(t *testing.T) {
	box := newSandbox(t)
	for range testkit.Rounds(1, 30) {
		box.pass("TestPass")
		for _, pid := range box.postmasters() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		box.pass("TestMany")
	}
}
