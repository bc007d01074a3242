package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Where an Installation came from.
const (
	Named     = "named"     // by the user
	Installed = "installed" // on this machine
	Cached    = "cache"     // fetched earlier
	Fetched   = "fetched"   // just now, through embedded-postgres
	NPM       = "npm"       // just now, through the npm client
)

// Installation is a Postgres that runs on this machine.
type Installation struct {
	Prefix  string // the directory that holds bin, as found; links are not resolved
	Bin     string // the directory with initdb, pg_ctl and postgres
	Version string // as Postgres says it: "15.18", "19beta1"
	Major   int
	Source  string // one of the constants above

	id    string
	cache *Cache
}

// Program is the path of one of the installation's programs.
func (i *Installation) Program(name string) string { return filepath.Join(i.Bin, name+exe) }

// ID changes when the programs do: two installations of one version, or one
// before and after an upgrade, have different ones.
func (i *Installation) ID() string { return i.id }

func (i *Installation) version() version {
	v, _ := parseVersion(i.Version)
	return v
}

// programs are what a server needs; clients are not among them.
var programs = []string{"postgres", "initdb", "pg_ctl"}

// incomplete says which program a bin directory lacks, or "".
func incomplete(bin string) string {
	for _, name := range programs {
		info, err := os.Stat(filepath.Join(bin, name+exe))
		if err != nil || !info.Mode().IsRegular() {
			return "no " + name
		}
	}
	return ""
}

// inspect returns the installation in a bin directory, and the version it has
// whether it can be used or not. None of its programs runs before all of them
// are known to be out of other users' reach, and none runs as root.
func inspect(ctx context.Context, c *Cache, bin, source string) (*Installation, string, error) {
	if missing := incomplete(bin); missing != "" {
		return nil, "", errors.New(missing)
	}
	for _, name := range programs {
		if err := vet(filepath.Join(bin, name+exe)); err != nil {
			return nil, "", err
		}
	}
	if err := c.User.reach(bin); err != nil {
		return nil, "", err
	}
	postgres := filepath.Join(bin, "postgres"+exe)
	said, err := c.remember(postgres, "version", func() (string, error) { return askVersion(ctx, c.User, postgres) })
	if err != nil {
		return nil, "", err
	}
	v, ok := parseVersion(said)
	if !ok {
		return nil, said, fmt.Errorf("postgres --version says %q", said)
	}
	stamp, err := stampOf(postgres)
	if err != nil {
		return nil, said, err
	}
	sum := sha256.Sum256([]byte(bin + "\x00" + said + "\x00" + stamp))
	return &Installation{Prefix: filepath.Dir(bin), Bin: bin, Version: said, Major: v.major, Source: source,
		id: hex.EncodeToString(sum[:6]), cache: c}, said, nil
}

// askVersion runs postgres: that it starts at all is the proof that it is of
// this system, processor and C library.
func askVersion(ctx context.Context, u *User, postgres string) (string, error) {
	text, err := u.ask(ctx, postgres, "--version")
	if err != nil {
		return "", err
	}
	_, v, ok := strings.Cut(text, "(PostgreSQL) ")
	if !ok {
		return "", fmt.Errorf("is not postgres: --version says %q", firstLine(text))
	}
	return strings.Fields(v + " ?")[0], nil
}

// lacks returns those of the extensions that the installation does not have,
// with what they require in turn.
func (i *Installation) lacks(ctx context.Context, extensions []string) ([]string, error) {
	if len(extensions) == 0 {
		return nil, nil
	}
	dir, err := i.extensionDir(ctx)
	if err != nil {
		return nil, err
	}
	var missing []string
	seen := map[string]bool{}
	for todo := slices.Clone(extensions); len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if seen[name] {
			continue
		}
		seen[name] = true
		control, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)+".control"))
		if err != nil {
			missing = append(missing, name)
			continue
		}
		todo = append(todo, requires(string(control))...)
	}
	return missing, nil
}

// extensionDir asks initdb, which every installation has, where the share
// directory is: it depends on how Postgres was built.
func (i *Installation) extensionDir(ctx context.Context) (string, error) {
	initdb := i.Program("initdb")
	share, err := i.cache.remember(initdb, "share", func() (string, error) {
		text, err := i.cache.User.askInitdb(ctx, initdb, "--show", "-D", filepath.Join(i.Bin, "none"))
		for line := range strings.Lines(text) {
			if _, path, ok := strings.Cut(line, "share_path="); ok {
				return strings.TrimSpace(path), nil
			}
		}
		return "", errors.Join(fmt.Errorf("initdb --show does not tell the share directory: %s", firstLine(text)), err)
	})
	return filepath.Join(share, "extension"), err
}

// requires reads the extensions that a control file names as required.
func requires(control string) []string {
	for line := range strings.Lines(control) {
		name, value, ok := strings.Cut(line, "=")
		if ok && strings.TrimSpace(name) == "requires" {
			value, _, _ = strings.Cut(value, "#")
			return strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\r\n',\"", r) })
		}
	}
	return nil
}
