package migrations_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"github.com/qarion/seedbed/migrations"
)

const good = "-- +goose Up\ncreate table a (id int);\n-- +goose Down\ndrop table a;\n"

func TestOpenFindsTheDirectory(t *testing.T) {
	for name, fsys := range map[string]fs.FS{
		"root":              files("00001_a.sql", good),
		"sub-directory":     files("db/migrations/00001_a.sql", good, "README.md", "x"),
		"root before below": files("00001_a.sql", good, "old/00002_b.sql", good),
		"not testdata":      files("migrations/1_a.sql", good, "testdata/1_b.sql", good, "vendor/x/1_c.sql", good, ".git/1_d.sql", good),
		"reference schema":  migrations.FS,
	} {
		s, err := migrations.Open(fsys)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m := s.Migrations()[0]; m.Version != 1 || m.File == "" || m.Go {
			t.Errorf("%s: first migration is %+v", name, m)
		}
	}
	s, err := migrations.Open(files("a/1_a.sql", good, "b/2_b.sql", good), migrations.Options{Dir: "b"})
	if err != nil || s.Migrations()[0].Name() != "2_b.sql" {
		t.Errorf("Options.Dir: %v, %v", s, err)
	}
}

// Each of these is one clear error that names the file.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		fsys fs.FS
		is   error
		says string
	}{
		{"empty", fstest.MapFS{}, migrations.ErrNoMigrations, "NUMBER_name.sql"},
		{"other names", files("V1__init.sql", good), migrations.ErrNoMigrations, "goose does not take the names that are there: V1__init.sql"},
		{"two directories", files("a/1_a.sql", good, "b/1_b.sql", good), migrations.ErrSeveralDirs, "a (goose), b (goose); set Options.Dir"},
		{"missing directory", os.DirFS("/does/not/exist"), fs.ErrNotExist, "read migrations"},
		{"one version twice", files("1_a.sql", good, "00001_b.sql", good), nil, "1_a.sql: has the same version as 00001_b.sql: 1; give the one that is not deployed yet a higher number"},
		{"version zero", files("00000_a.sql", good), nil, "00000_a.sql: versions start at 1"},
		{"negative version", files("-1_a.sql", good), nil, "-1_a.sql: versions start at 1"},
		{"no annotation", files("1_a.sql", good, "2_b.sql", "\ncreate table a (id int);"), nil, "2_b.sql:2: -- +goose Up has to stand before the first statement"},
		{"nothing in it", files("1_a.sql", good, "2_b.sql", ""), nil, "2_b.sql: -- +goose Up has to stand before"},
		{"upper case", files("1_a.sql", "-- x\n-- +GOOSE UP\ncreate table a (id int);"), nil, "1_a.sql:2: goose knows +goose in lower case only: write -- +goose Up"},
		{"no plus", files("1_a.sql", good, "2_b.sql", "-- +goose Up\nselect 1; -- goose down\n-- goose up is not needed here\n-- goose Down\nselect 2;"), nil, "2_b.sql:4: \"-- goose Down\" is a comment; did you mean -- +goose Down?"},
		{"a space after the plus", files("1_a.sql", "-- +goose Up\n--+ goose statementbegin;\nselect 1;"), nil, "did you mean -- +goose StatementBegin?"},
		{"no plus at all", files("1_a.sql", "-- goose up\ncreate table a ();\n-- goose down\ndrop table a;"), nil, "1_a.sql:1: \"-- goose up\" is a comment; did you mean -- +goose Up?"},
		{"Down in upper case", files("1_a.sql", "-- +goose Up\nselect 1;\n-- +GOOSE DOWN\nselect 2;"), nil, "1_a.sql:3: goose knows +goose in lower case only: write -- +goose Down"},
		{"psql", files("1_a.sql", "-- +goose Up\n\n\\restrict x\ncreate table a (id int);\n\\unrestrict x\n"), nil, "1_a.sql:3: \\restrict is a command of psql"},
		{"COPY", files("1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nselect 1;\ncopy c (id) from stdin;\n1\n\\.\n-- +goose StatementEnd\n"), nil, "1_a.sql:4: COPY … FROM stdin works in psql only"},
		{"unterminated block", files("1_a.sql", "-- +goose Up\nselect 1;\n-- +goose StatementBegin\nselect 2;\n"), nil,
			"1_a.sql:3: missing '-- +goose StatementEnd' annotation"},
		{"no semicolon", files("1_a.sql", "-- +goose Up\nselect 1;\nselect 'x'\n-- +goose Down\n"), nil, "1_a.sql:3: "},
		{"two Ups", files("1_a.sql", "-- +goose Up\nselect 1;\n-- +goose Up\n"), nil, "1_a.sql:3: duplicate '-- +goose Up'"},
		{"unknown annotation", files("1_a.sql", "-- +goose Up\n-- +goose Sideways\n"), nil, "1_a.sql:2: "},
		{"not UTF-8", files("1_a.sql", "-- +goose Up\n-- caf\xe9\nselect 1;\n"), nil, "1_a.sql:2: is not UTF-8: byte 0xe9 at offset 19"},
		{"NUL", files("1_a.sql", "-- +goose Up\nselect '\x00';\n"), nil, "1_a.sql:2: has a NUL byte"},
		{"byte order mark", files("1_a.sql", "\xef\xbb\xbf"+good), nil, "byte order mark"},
		{"conflict", files("1_a.sql", "-- +goose Up\n<<<<<<< HEAD\nselect 1;\n=======\nselect 2;\n>>>>>>> branch\n"), nil, "1_a.sql:2: has the marks of a merge conflict (<<<<<<<, =======, >>>>>>>): settle it"},
		{"Down first", files("1_a.sql", "-- +goose Down\ndrop table a;\n-- +goose Up\ncreate table a ();\n"), nil, "-- +goose Down stands above -- +goose Up: goose wants Up first"},
		{"include", files("1_a.sql", "-- +goose Up\n\\i common.sql\n"), nil, `1_a.sql:2: \i is a command of psql, which Postgres does not know: put the SQL of that file here`},
		{"UTF-16", files("1_a.sql", "\xff\xfe-\x00"), nil, "is UTF-16"},
		{"unregistered Go", files("1_a.go", "package x"), nil, "1_a.go: is a Go migration that nothing registered"},
		{"bad substitution", files("1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nselect '${SEEDBED_UNSET?give it}';\n"), nil, "1_a.sql:3: variable substitution"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := migrations.Open(c.fsys)
			if err == nil {
				t.Fatal("accepted")
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("is not %q: %v", c.is, err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("does not say %q: %v", c.says, err)
			}
			for _, noise := range []string{"failed to", "state 1", "stateMachine"} {
				if strings.Contains(err.Error(), noise) {
					t.Errorf("repeats goose's %q: %v", noise, err)
				}
			}
		})
	}
	if _, err := migrations.Open(migrations.FS, migrations.Options{}, migrations.Options{}); err == nil {
		t.Error("two Options: accepted")
	}
}

func TestFingerprint(t *testing.T) {
	base := files("m/00001_a.sql", good, "m/00002_b.sql", "-- +goose Up\n-- +goose ENVSUB ON\nselect '${SEEDBED_TEST_X}';\n")
	goOne := goose.NewGoMigration(3, nil, nil)
	print := func(fsys fs.FS, o ...migrations.Options) string {
		t.Helper()
		f, err := migrations.Fingerprint(fsys, o...)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := print(base)
	if len(first) != 64 || print(base) != first {
		t.Errorf("not stable: %s, %s", first, print(base))
	}
	moved := files("00001_a.sql", good, "00002_b.sql", string(base["m/00002_b.sql"].Data), "README.md", "x")
	if print(moved) != first {
		t.Error("depends on where the files lie")
	}
	seen := map[string]string{first: "base"}
	note := func(what, f string) {
		if seen[f] != "" {
			t.Errorf("%s: same fingerprint as %s", what, seen[f])
		}
		seen[f] = what
	}
	renamed := files("00001_z.sql", good, "00002_b.sql", string(base["m/00002_b.sql"].Data))
	edited := files("00001_a.sql", good+"-- a comment\n", "00002_b.sql", string(base["m/00002_b.sql"].Data))
	note("renamed file", print(renamed))
	note("edited file", print(edited))
	note("missing file", print(files("00001_a.sql", good)))
	note("version table", print(base, migrations.Options{Table: "other"}))
	note("Go migration", print(base, migrations.Options{Go: []*migrations.GoMigration{goOne}}))
	t.Setenv("SEEDBED_TEST_X", "1")
	note("environment", print(base))
}

// A set keeps the bytes that it has read, whatever happens to the files.
func TestSetKeepsItsBytes(t *testing.T) {
	m := files("1_a.sql", good)
	s, err := migrations.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	m["1_a.sql"].Data = []byte("-- +goose Up\nbroken;\n")
	db := pg.DB(t)
	if err := s.Up(context.Background(), db); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkOpen reads and checks the reference schema without a database.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := migrations.Open(migrations.FS); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpNothingToDo runs Up on a database in which everything is applied.
func BenchmarkUpNothingToDo(b *testing.B) {
	db := reference.DB(b)
	set, err := migrations.Open(migrations.FS)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := set.Up(b.Context(), db); err != nil {
			b.Fatal(err)
		}
	}
}
