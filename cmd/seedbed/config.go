package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/yamlerror"
)

// configFile is looked for in the current directory and upward. What it says is
// overridden by the environment, and that by flags.
const configFile = "seedbed.yaml"

// config is the content of seedbed.yaml. Paths are relative to it.
type config struct {
	// Migrations are the directories of the project's migrations, or one SQL file.
	Migrations paths `yaml:"migrations"`
	// Postgres is the wanted major version.
	Postgres string `yaml:"postgres"`
	// Seed is what the demo's values follow from.
	Seed *uint64 `yaml:"seed"`
	// Fixtures is a directory of fixture files that `seed` loads.
	Fixtures string `yaml:"fixtures"`
	// Mask says how columns are masked in a dump, by table.column.
	Mask map[string]string `yaml:"mask"`
	// Except are findings of `check` that are intended.
	Except []exception `yaml:"except"`
	// Model corrects what tables are taken to mean, or names a file that does.
	Model any `yaml:"model"`

	corrections    fixtures.Corrections
	exceptions     []audit.Exception
	migrationsFrom string // the file or the variable that Migrations is from
}

// paths is one path, or a list of them.
type paths []string

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (p *paths) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if err := unmarshal(&one); err == nil {
		*p = paths{one}
		return nil
	}
	return unmarshal((*[]string)(p))
}

type exception struct {
	Rule   string `yaml:"rule"`
	Object string `yaml:"object"`
	Reason string `yaml:"reason"`

	line int // of the file
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (e *exception) UnmarshalYAML(n ast.Node) error {
	type plain exception
	if err := yaml.NodeToValue(n, (*plain)(e), yaml.Strict()); err != nil {
		return err
	}
	e.line = n.GetToken().Position.Line
	return nil
}

// keys of seedbed.yaml, for suggestions.
var configKeys = []string{"migrations", "postgres", "seed", "fixtures", "mask", "except", "model"}

// misplacedKeys are keys that people write at the top of seedbed.yaml, and where they belong.
var misplacedKeys = map[string]string{
	"pairs": "polymorphic, below model", "polymorphic": "polymorphic, below model", "tenants": "tenants, below model",
	"scoped": "scoped, below model", "global": "global, below model", "aggregates": "aggregates, below model",
	"inheritance": "inheritance, below model", "memberships": "memberships, below model", "without": "without, below model",
}

// loadConfig reads the nearest seedbed.yaml upward, and the environment over it.
func (a *app) loadConfig() (*config, error) {
	c := &config{}
	path, err := findUpward(configFile)
	if err != nil {
		return nil, err
	}
	if path != "" {
		if err := c.read(path); err != nil {
			return nil, err
		}
	}
	if dirs := a.env("SEEDBED_MIGRATIONS"); dirs != "" {
		c.Migrations, c.migrationsFrom = filepath.SplitList(dirs), "SEEDBED_MIGRATIONS"
	}
	if text := a.env("SEEDBED_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			return nil, usagef("SEEDBED_SEED=%s is no unsigned number", text)
		}
		c.Seed = &n
	}
	return c, nil
}

// wantedVersion is the major version of Postgres that seedbed.yaml asks for, where the
// environment asks for none.
func (a *app) wantedVersion() (string, error) {
	c, err := a.loadConfig()
	if err != nil || a.env("SEEDBED_VERSION") != "" {
		return "", err
	}
	return c.Postgres, nil
}

func findUpward(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

func (c *config) read(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil {
		return configError(path, err)
	}
	if c.Postgres != "" && !versionNumber.MatchString(c.Postgres) {
		return usagef("%s: postgres is %q: write a major version such as 15, or a version such as 15.18%s", path, c.Postgres, oldestVersion())
	}
	for i := range c.Migrations {
		c.Migrations[i] = besides(path, c.Migrations[i])
	}
	c.Fixtures, c.migrationsFrom = besides(path, c.Fixtures), path
	if c.corrections, err = fixtures.ReadModel(os.DirFS(filepath.Dir(path)), filepath.Base(path)); err != nil {
		return usagef("%v", err)
	}
	for _, e := range c.Except {
		e := audit.Exception{Rule: e.Rule, Object: e.Object, Reason: e.Reason, Place: fmt.Sprintf("%s:%d", path, e.line)}
		if err := e.Validate(); err != nil {
			return usagef("%s: except: %v", e.Place, err)
		}
		c.exceptions = append(c.exceptions, e)
	}
	return nil
}

// model is the corrections as a database's record has them; "" is none.
func (c *config) model() string {
	if c.corrections.IsZero() {
		return ""
	}
	return c.corrections.String()
}

// besides makes a path relative to a file one from here.
func besides(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// configError points at the line, and suggests a key for one that is unknown.
func configError(path string, err error) error {
	var y yaml.Error
	if !errors.As(err, &y) {
		return usagef("%s: %v", path, err)
	}
	at, hint := path, ""
	if t := y.GetToken(); t != nil && t.Position != nil {
		at = fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
		near := catalog.Nearest(t.Value, configKeys)
		if elsewhere, ok := misplacedKeys[t.Value]; ok {
			near = elsewhere
		}
		if near != "" && strings.Contains(y.GetMessage(), "unknown field") {
			hint = "; did you mean " + near + "?"
		}
	}
	return usagef("%s: %s%s", at, yamlerror.Plain(y.GetMessage()), hint)
}
