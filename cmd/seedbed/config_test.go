package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// in makes a project of files and goes to a directory below it.
func in(t *testing.T, files map[string]string, below string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, below), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, below))
	return root
}

func with(env map[string]string) *app {
	return &app{terminal: terminal{env: func(name string) string { return env[name] }}}
}

// settled is what `seedbed dev` makes of flags, environment and file.
func settled(t *testing.T, a *app, args ...string) devFlags {
	t.Helper()
	var f devFlags
	cmd := &cobra.Command{}
	f.define(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	if err := a.resolveFlags(cmd, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

const goose = "-- +goose Up\nCREATE TABLE t (id int);\n"

var configured = map[string]string{
	"seedbed.yaml":    "migrations: db/file\nseed: 7\npostgres: \"18\"\nfixtures: fx\nmask: {users.name: redact}\nexcept: [{rule: sequence-behind, reason: known}]\n",
	"db/file/1_t.sql": goose, "db/env/1_t.sql": goose, "db/flag/1_t.sql": goose,
}

// The file is found from below; the environment wins over it, and flags over that.
func TestFlagsWinOverEnvironmentOverFile(t *testing.T) {
	root := in(t, configured, "deep/down")
	env := map[string]string{"SEEDBED_MIGRATIONS": filepath.Join(root, "db/env"), "SEEDBED_SEED": "8", "SEEDBED_VERSION": "17"}
	for _, c := range []struct {
		from       string
		env        map[string]string
		args       []string
		migrations string
		seed       uint64
		version    string
	}{
		{"file", nil, nil, "db/file", 7, "18"},
		{"environment", env, nil, "db/env", 8, ""}, // the command that boots reads SEEDBED_VERSION
		{"flags", env, []string{"--migrations", "../../db/flag", "--seed", "9"}, "db/flag", 9, ""},
	} {
		f := settled(t, with(c.env), c.args...)
		if !slices.Equal(f.source, []string{filepath.Join(root, c.migrations)}) || f.seed != c.seed || f.version != c.version {
			t.Errorf("%s: migrations %s, seed %d, version %q", c.from, f.source, f.seed, f.version)
		}
	}
}

// The rest of the file, with paths relative to it.
func TestConfigFile(t *testing.T) {
	root := in(t, configured, "deep/down")
	c, err := with(nil).loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	if c.Fixtures != filepath.Join(root, "fx") || c.Mask["users.name"] != "redact" || len(c.exceptions) != 1 || c.exceptions[0].Reason != "known" {
		t.Errorf("it says %+v", c)
	}
	r, err := with(nil).reporting(checkFlags{format: "html"})
	if err != nil || !slices.Equal(r.source, []string{filepath.Join(root, "db/file")}) {
		t.Errorf("the report's migrations are %q, %v", r.source, err)
	}
	if r, err = with(nil).reporting(checkFlags{format: "sarif", migrations: "../../db/flag"}); err != nil || r.files().Prefix != "../../db/flag" {
		t.Errorf("the report's files are at %+v, %v", r, err)
	}
	if r, err = with(nil).reporting(checkFlags{format: "text"}); err != nil || len(r.source) > 0 || len(r.options.Except) != 1 {
		t.Errorf("a text needs no migrations: %+v, %v", r, err)
	}
}

// The nearest file is the one, and without any all is as it is.
func TestNearestConfigFile(t *testing.T) {
	in(t, map[string]string{"seedbed.yaml": "seed: 1\n", "inner/seedbed.yaml": "seed: 2\n"}, "inner/deep")
	if f := settled(t, with(nil)); f.seed != 2 || f.sourceSet {
		t.Errorf("%+v", f)
	}
	t.Chdir("../..")
	if f := settled(t, with(nil)); f.seed != 1 {
		t.Errorf("%+v", f)
	}
	in(t, nil, ".")
	if f := settled(t, with(nil)); f.seed != 1 || f.version != "" || f.scenario != "demo" {
		t.Errorf("%+v", f)
	}
}

// What is wrong says where, and what would be right.
func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		"sead: 7\n":                         `seedbed.yaml:1:1: unknown field "sead"; did you mean seed?`,
		"seed: lots\n":                      "seedbed.yaml:1:7: ",
		"except:\n  - {rule: nonsense}\n":   `except: there is no rule "nonsense", as a finding names it`,
		"migrations: {a: b}\n":              "seedbed.yaml:1:13: ",
		"migrations: [a, b]\n":              "",
		"seed: 1\nseed: 2\n":                "seedbed.yaml:2:1: ",
		"mask:\n  users: redact\nseed: 1\n": "",
	} {
		in(t, map[string]string{"seedbed.yaml": text}, ".")
		_, err := with(nil).loadConfig()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	in(t, nil, ".")
	if _, err := with(map[string]string{"SEEDBED_SEED": "-1"}).loadConfig(); err == nil || !strings.Contains(err.Error(), "SEEDBED_SEED=-1 is no unsigned number") {
		t.Errorf("%v", err)
	}
}
