// Package variables knows the environment variables of Seedbed, and what each may be:
//
//	wrong, unknown := variables.Check(os.Environ())
//
// A value that makes no sense is an error, wherever the variable would be read: what is
// passed over silently leaves a person with another server than the one asked for.
package variables

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
)

const prefix = "SEEDBED_"

// Variable is one that Seedbed reads.
type Variable struct {
	Name    string
	Allowed string // what its value may be, for people
	check   func(value string) bool
}

// All are the variables that users set, by name. Those without a check are read where
// their value can be tried: a directory, a user, a server.
var All = []Variable{
	{"SEEDBED_ALLOW", "hosts, each with its port if that matters, as in db.test:5432,10.0.0.7", isHosts},
	{Name: "SEEDBED_BINARIES"},
	{Name: "SEEDBED_CACHE"},
	{"SEEDBED_IDLE", "a duration from 0 on, such as 90s or 5m", isDuration},
	{"SEEDBED_MEMORY", "off, or on where there is room", func(v string) bool { return v == "off" || v == "on" }},
	{Name: "SEEDBED_MIGRATIONS"},
	{"SEEDBED_MIRROR", "the URL of a Maven repository, http or https", isWeb},
	{Name: "SEEDBED_OS_USER"},
	{"SEEDBED_SEED", "an unsigned number", func(v string) bool { _, err := strconv.ParseUint(v, 0, 64); return err == nil }},
	{Name: "SEEDBED_URL"},
	{"SEEDBED_VERSION", "a version of Postgres from 14 on: a major one such as 15, or one such as 15.18", versionPattern.MatchString},
}

var versionPattern = regexp.MustCompile(`^(1[4-9]|[2-9]\d)(\.\d+){0,2}$`)

// internal are those of this repository's own tests and benchmarks.
var internal = []string{"SEEDBED_BENCH_DIR", "SEEDBED_OTHER_BINARIES", "SEEDBED_TEST_CHILD_CACHE"}

// ValueError says that a variable has a value that makes no sense.
type ValueError struct{ Name, Value, Allowed string }

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s=%s: want %s", e.Name, e.Value, e.Allowed)
}

// Check looks at an environment, as os.Environ gives it. wrong are its values that make no
// sense, as [*ValueError]; unknown has a sentence for each name that begins as ours do and
// is none of them. An empty value is that of a variable that is not set.
func Check(environ []string) (wrong []error, unknown []string) {
	var names []string
	for _, v := range All {
		names = append(names, v.Name)
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || value == "" || slices.Contains(internal, name) {
			continue
		}
		i := slices.Index(names, name)
		switch {
		case i < 0:
			unknown = append(unknown, unknownName(name, names))
		case All[i].check != nil && !All[i].check(value):
			wrong = append(wrong, &ValueError{name, value, All[i].Allowed})
		}
	}
	return wrong, unknown
}

func unknownName(name string, names []string) string {
	return name + " is no variable of Seedbed, and nothing reads it" + catalog.Suggestion(name, names)
}

// CheckProcess looks at the environment of this process once. Sentences about unknown
// names go to logf; the error, the same each time, is for all values that make no sense.
func CheckProcess(logf func(format string, args ...any)) error {
	once.Do(func() {
		var wrong []error
		wrong, notes = Check(os.Environ())
		problem = errors.Join(wrong...)
	})
	untold.Lock()
	defer untold.Unlock()
	for _, note := range notes {
		logf("%s", note)
	}
	notes = nil
	return problem
}

var (
	once    sync.Once
	problem error

	untold sync.Mutex
	notes  []string // that no logf has been given
)

func isDuration(v string) bool {
	d, err := time.ParseDuration(v)
	return err == nil && d >= 0
}

func isWeb(v string) bool {
	u, err := url.Parse(v)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func isHosts(v string) bool { return !strings.Contains(v, "://") && !strings.ContainsAny(v, " @") }
