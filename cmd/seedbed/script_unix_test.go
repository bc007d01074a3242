//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"seedbed": main, "failtest": failTest})
}

// failTest is go test of a package in the current directory with one test, which uses a
// database with the migrations of a directory and fails.
func failTest() {
	name, dir := os.Args[1], os.Args[2]
	os.Args = os.Args[:1]
	pg := &pgtest.Server{Migrations: os.DirFS(dir)}
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: name, F: func(t *testing.T) {
			if _, err := pg.DB(t).Exec(t.Context(), "CREATE TABLE left_by_"+strings.ToLower(name)+" ()"); err != nil {
				t.Fatal(err)
			}
			t.Fail()
		}}}, nil, nil)
}

// tests are what testscript.Main runs where the binary is not to be the command.
type tests struct{ *testing.M }

func (m tests) Run() int { return testkit.Main(m.M) }

// TestScripts runs testdata/script/*.txtar, each a shell session in a directory
// and with a cache of its own, and looks afterwards for what it left running.
//
// Beyond testscript's own commands:
//
//	status N seedbed …            runs it and wants exit status N
//	interrupt PATTERN seedbed …   runs it, sends Ctrl-C at the first line that matches
//	killed PATTERN seedbed …      the same with SIGKILL
//	typed KEYS PATTERN seedbed …  runs it on a pseudo-terminal and types, at the first line that matches
//	failtest NAME DIR             is a test of that name, on the migrations of DIR, that fails
//	sql QUERY                     prints what the branch's database answers, as a superuser
//	url [DATABASE]                sets $URL to that of the branch's database, or of another one beside it
//	noserver                      fails if a server runs in the cache, or files lie in TMPDIR
func TestScripts(t *testing.T) {
	testkit.SkipShort(t, "boots servers")
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"interrupt": interruptCmd(syscall.SIGINT),
			"killed":    interruptCmd(syscall.SIGKILL),
			"noserver":  noServerCmd,
			"sql":       sqlCmd,
			"typed":     typedCmd,
			"url":       urlCmd,
			"status":    statusCmd,
		},
		Condition:     condition,
		UpdateScripts: os.Getenv("UPDATE") != "",
	})
}

// setUpScript gives a script a cache of its own, which is not below the script's
// files: those are what it looks at. Postgres is initialised in it; a script that is
// about an empty cache says SEEDBED_CACHE=$SEEDBED_CACHE/empty.
func setUpScript(env *testscript.Env) error {
	// The user that Postgres runs as, when we are root, reads the migrations.
	for _, dir := range []string{env.WorkDir, filepath.Dir(env.WorkDir)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	t := env.T().(testing.TB)
	env.Setenv("SEEDBED_CACHE", testpg.CacheDir(t))
	env.Setenv("MAJOR", major(t))
	env.Setenv("COLUMNS", "200") // lines are matched; scripts about widths say another one
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil {
		env.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	}
	for _, name := range []string{"SEEDBED_BINARIES", "SEEDBED_VERSION"} {
		env.Setenv(name, os.Getenv(name))
	}
	return nil
}

// major is the version of the Postgres that scripts get.
func major(t testing.TB) string {
	return testpg.One[string](t, testpg.Empty.DB(t), "SELECT current_setting('server_version_num')::int / 10000 || ''")
}

// scriptEnv is the environment of commands that we start ourselves.
func scriptEnv(ts *testscript.TestScript) []string {
	env := []string{}
	for _, name := range []string{"PATH", "HOME", "COLUMNS", "WORK", "TMPDIR", "SEEDBED_CACHE", "SEEDBED_BINARIES", "SEEDBED_VERSION", "SEEDBED_IDLE", "SEEDBED_MIGRATIONS",
		"SEEDBED_MIRROR", "SEEDBED_MEMORY", "SEEDBED_VERSON", "SEEDBED_URL", "npm_config_registry", "npm_config_fetch_retries", "FAIL_ON", "GOCACHE", "GOFLAGS", "GOCOVERDIR"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// condition knows [dumps]: the pg_dump on PATH can read the servers of this run. It
// refuses those that are newer.
func condition(name string) (bool, error) {
	if name != "dumps" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	out, err := exec.Command("pg_dump", "--version").Output()
	if err != nil || os.Getenv("SEEDBED_BINARIES") != "" {
		return false, nil
	}
	has, _ := strconv.Atoi(regexp.MustCompile(`[0-9]+`).FindString(string(out)))
	wanted, _, _ := strings.Cut(os.Getenv("SEEDBED_VERSION"), ".")
	major, _ := strconv.Atoi(wanted) // none: the newest installed, as pg_dump is
	return has >= major, nil
}

func noServerCmd(ts *testscript.TestScript, neg bool, args []string) {
	running := testkit.Servers(ts.Getenv("SEEDBED_CACHE"))
	if neg {
		if len(running) == 0 {
			ts.Fatalf("no server runs")
		}
		return
	}
	for data, pid := range running {
		ts.Fatalf("a server runs: pid %d on %s", pid, data)
	}
	left, err := os.ReadDir(ts.Getenv("TMPDIR"))
	ts.Check(err)
	for _, file := range left {
		ts.Fatalf("left in TMPDIR: %s", file.Name())
	}
}

// interruptCmd runs a command and interrupts it at the first line, of stdout or
// stderr, that matches. Its output can be matched afterwards; `!` expects failure.
func interruptCmd(signal syscall.Signal) func(ts *testscript.TestScript, neg bool, args []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if len(args) < 2 {
			ts.Fatalf("usage: interrupt PATTERN COMMAND …")
		}
		pattern, err := regexp.Compile(args[0])
		ts.Check(err)
		cmd := exec.Command(args[1], args[2:]...)
		cmd.Dir, cmd.Env = ts.MkAbs("."), scriptEnv(ts)
		output, write, err := os.Pipe()
		ts.Check(err)
		cmd.Stdout, cmd.Stderr = write, write
		ts.Check(cmd.Start())
		write.Close()
		hit := signalAt(output, ts.Stdout(), pattern, func() { _ = cmd.Process.Signal(signal) })
		failed := cmd.Wait()
		switch {
		case !hit:
			ts.Fatalf("no line matched %s", pattern)
		case neg && failed == nil:
			ts.Fatalf("unexpected success")
		case !neg && failed != nil:
			ts.Fatalf("%v", failed)
		}
	}
}

// typedCmd runs a command on a pseudo-terminal, which script(1) makes, and types keys
// at the first line that matches.
func typedCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: typed KEYS PATTERN COMMAND …")
	}
	keys, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	cmd := exec.Command("script", "-qec", strings.Join(args[2:], " "), "/dev/null")
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(scriptEnv(ts), "TERM=xterm")
	keyboard, err := cmd.StdinPipe()
	ts.Check(err)
	screen, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	hit := signalAt(screen, ts.Stdout(), pattern, func() { _, _ = io.WriteString(keyboard, keys) })
	failed := cmd.Wait()
	switch {
	case !hit:
		ts.Fatalf("no line matched %s", pattern)
	case neg == (failed == nil):
		ts.Fatalf("it ended with %v", failed)
	}
}

// signalAt copies lines until there are no more and calls signal at the first that
// matches.
func signalAt(from io.Reader, to io.Writer, pattern *regexp.Regexp, signal func()) (hit bool) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(to, line)
		if !hit && pattern.MatchString(line) {
			hit = true
			signal()
		}
		if err != nil {
			return hit
		}
	}
}

// statusCmd tells exit statuses apart, where `!` only knows failure.
func statusCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: status N COMMAND …")
	}
	// A command that was to fail and serves instead is interrupted, not waited for.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[1], args[2:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Env = ts.MkAbs("."), scriptEnv(ts)
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	_ = cmd.Run() // the status says it
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func devURL(ts *testscript.TestScript) string {
	cmd := exec.Command("seedbed", "url")
	cmd.Dir, cmd.Env = ts.MkAbs("."), scriptEnv(ts)
	url, err := cmd.Output()
	ts.Check(err)
	return strings.TrimSpace(string(url))
}

func urlCmd(ts *testscript.TestScript, neg bool, args []string) {
	url := devURL(ts)
	if len(args) > 0 {
		_, query, _ := strings.Cut(url, "?")
		url = "postgres://seedbed_owner@/" + args[0] + "?" + query
	}
	ts.Setenv("URL", url)
}

// sqlCmd asks the database that `seedbed url` names.
func sqlCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: sql QUERY")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, strings.Replace(devURL(ts), "seedbed_owner@", "postgres@", 1))
	ts.Check(err)
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, args[0]).ReadAll()
	if neg == (err == nil) {
		ts.Fatalf("%v", err)
	}
	for _, r := range results {
		for _, row := range r.Rows {
			fmt.Fprintf(ts.Stdout(), "%s\n", bytes.Join(row, []byte("|")))
		}
	}
}
