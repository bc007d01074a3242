package widgets

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// A pipeline is what the tests here look at in one of the files.
type pipeline struct {
	File   string
	Env    map[string]string
	Cached []string // paths
	Key    string   // of the cache
	Lines  []string // of shell
}

func github(t *testing.T) pipeline {
	t.Helper()
	const file = ".github/workflows/test.yml"
	var y struct {
		Jobs struct {
			Test struct {
				Env   map[string]string
				Steps []struct {
					Uses, Run string
					With      map[string]string
				}
			}
		}
	}
	parse(t, file, &y)
	p := pipeline{File: file, Env: y.Jobs.Test.Env}
	for _, s := range y.Jobs.Test.Steps {
		if s.Run != "" {
			p.Lines = append(p.Lines, s.Run)
		}
		if strings.HasPrefix(s.Uses, "actions/cache@") {
			p.Cached, p.Key = append(p.Cached, s.With["path"]), s.With["key"]
		}
	}
	return p
}

func gitlab(t *testing.T) pipeline {
	t.Helper()
	const file = ".gitlab-ci.yml"
	var y struct {
		Test struct {
			Variables map[string]string
			Parallel  struct{ Matrix []map[string][]string }
			Cache     struct {
				Key   string
				Paths []string
			}
			Script []string
		}
	}
	parse(t, file, &y)
	p := pipeline{File: file, Env: y.Test.Variables, Key: y.Test.Cache.Key, Lines: y.Test.Script}
	for _, dir := range y.Test.Cache.Paths {
		p.Cached = append(p.Cached, "$CI_PROJECT_DIR/"+dir)
	}
	if m := y.Test.Parallel.Matrix; len(m) == 1 && m[0]["SEEDBED_VERSION"] != nil {
		p.Env["SEEDBED_VERSION"] = "$SEEDBED_VERSION"
	}
	return p
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// A cache holds the binaries and nothing else, for one system, processor and version:
// a server's directory that is saved while it runs is of no use to the next run.
func TestWhatIsCached(t *testing.T) {
	t.Parallel()
	for _, p := range []pipeline{github(t), gitlab(t)} {
		if want := path.Join(p.Env["SEEDBED_CACHE"], "binaries"); len(p.Cached) != 1 || p.Cached[0] != want {
			t.Errorf("%s caches %q, want %q", p.File, p.Cached, want)
		}
		arch := strings.Contains(p.Key, "runner.arch") || strings.Contains(p.Key, "RUNNER_EXECUTABLE_ARCH")
		if version := p.Env["SEEDBED_VERSION"]; version == "" || !strings.Contains(p.Key, version) || !arch {
			t.Errorf("%s: the key %q does not tell version %q or processors apart", p.File, p.Key, version)
		}
	}
}
