package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/postgres"
	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/variables"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Say what Seedbed finds here, chooses and why; what is in its way",
		Long: `Doctor looks and changes nothing: who Postgres runs as, where the cache is, which Postgres
is taken and why the others are not, the environment, room on disk and in shared memory, and
the servers with what they hold. Exit status 3: something is in the way.`,
		Example: "  seedbed doctor",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

// doctor is an examination: what it finds out first, later questions build on.
type doctor struct {
	*app
	p      palette
	opened *postgres.Cache // nil: it could not be
	cache  string
	bad    int
}

func (a *app) doctor(ctx context.Context) error {
	d := &doctor{app: a, p: a.palette(a.out)}
	for _, part := range []struct {
		title string
		ask   func(context.Context)
	}{
		{"machine", d.machine}, {"environment", d.environment}, {"Postgres", d.postgres}, {"servers", d.servers},
	} {
		fmt.Fprintf(a.out, "%s\n", d.p.bold(part.title))
		part.ask(ctx)
		fmt.Fprintln(a.out)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if d.bad > 0 {
		fmt.Fprintf(a.out, "%s\n", d.p.bad(plural(d.bad, "matter")+" in the way"))
		return errFindings
	}
	fmt.Fprintln(a.out, d.p.good("Nothing is in the way."))
	return nil
}

func (d *doctor) line(mark, name, text string) {
	lead := fmt.Sprintf("  %s %-10s ", mark, name)
	indent := max(18, 8+utf8.RuneCountInString(name))
	for line := range strings.Lines(text) {
		fmt.Fprint(d.out, hang(lead, line, indent, d.width(d.out)))
		lead, indent = strings.Repeat(" ", 18), 18
	}
}

func (d *doctor) fine(name, format string, args ...any) {
	d.line(d.p.good("ok  "), name, fmt.Sprintf(format, args...))
}

func (d *doctor) note(name, format string, args ...any) {
	d.line("    ", name, fmt.Sprintf(format, args...))
}

func (d *doctor) warn(name, format string, args ...any) {
	d.line(d.p.warn("note"), name, fmt.Sprintf(format, args...))
}

func (d *doctor) fail(name, format string, args ...any) {
	d.bad++
	d.line(d.p.bad("BAD "), name, fmt.Sprintf(format, args...))
}

func (d *doctor) machine(context.Context) {
	d.note("seedbed", "%s", version())
	d.user()
	opened, err := postgres.OpenCache("")
	if err != nil {
		d.fail("cache", "%v", err)
		return
	}
	d.opened, d.cache = opened, opened.Dir
	cache := d.cache
	d.fine("cache", "%s, takes %s", cache, megabytes(server.Size(cache)))
	if free, ok := freeBytes(cache); ok && free < 1<<30 {
		d.fail("disk", "%s free for the cache: a server and its templates take some hundred MB; `seedbed prune --all` makes room", megabytes(free))
	} else if ok {
		d.fine("disk", "%s free", megabytes(free))
	}
	d.sharedMemory()
	d.socket()
}

func (d *doctor) user() {
	u, err := postgres.ChooseUser()
	switch {
	case err != nil:
		d.fail("user", "%v", err)
	case u == nil:
		d.fine("user", "Postgres runs as you")
	default:
		d.fine("user", "you are root, so Postgres runs as %s (uid %d)", orDash(u.Name), u.UID)
	}
}

func (d *doctor) sharedMemory() {
	if runtime.GOOS != "linux" {
		return
	}
	if size, ok := totalBytes("/dev/shm"); ok && size <= 64<<20 {
		d.warn("shm", "/dev/shm has %s, as in a container without --shm-size; servers use files instead", megabytes(size))
	} else if ok {
		d.fine("shm", "/dev/shm has %s", megabytes(size))
	}
}

// socket says whether the paths of sockets fit into what systems allow.
func (d *doctor) socket() {
	if runtime.GOOS == "windows" {
		d.note("socket", "this system has none that Postgres uses; clients come by TCP on loopback")
		return
	}
	const most = 103
	if n := len(filepath.Join(d.cache, "servers", "15-0123456789", "s", ".s.PGSQL.65535")); n > most {
		d.warn("socket", "the cache's path is long (%d bytes of %d); sockets go to the temporary directory", n, most)
	} else {
		d.fine("socket", "paths of %d bytes, of %d that all systems allow", n, most)
	}
}

// environment lists what changes what Seedbed does, and what it keeps out.
func (d *doctor) environment(context.Context) {
	names := []string{"CI", "LANG", "LC_ALL"}
	for _, v := range variables.All {
		names = append(names, v.Name)
	}
	for _, name := range names {
		if value := d.env(name); value != "" && name != "SEEDBED_URL" { // that may hold a password
			d.note("", "%s=%s", name, value)
		}
	}
	wrong, unknown := variables.Check(os.Environ())
	for _, err := range wrong {
		d.fail("", "%v", err)
	}
	for _, text := range unknown {
		d.fail("", "%s", text)
	}
	if d.env("SEEDBED_URL") != "" {
		d.warn("", "SEEDBED_URL is set: tests run on that server, not on one of their own")
	}
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGOPTIONS", "PGDATA"} {
		if d.env(name) != "" {
			d.note("", "%s is set, and kept out of Seedbed's servers", name)
		}
	}
}

func (d *doctor) postgres(ctx context.Context) {
	if d.opened == nil {
		return
	}
	found, err := postgres.Look(ctx, postgres.Request{Cache: d.opened})
	chosen := false
	for _, c := range found {
		what := strings.TrimSpace(c.Where + "  " + c.Version)
		switch {
		case c.Chosen:
			chosen = true
			d.fine(c.Source, "%s", what)
		case c.Reason != "":
			d.note(c.Source, "%s: %s", what, c.Reason)
		default:
			d.note(c.Source, "%s", what)
		}
	}
	switch {
	case err != nil:
		d.fail("", "%v", err)
	case !chosen:
		d.warn("", "none is installed; the first test or `seedbed dev` downloads one")
	}
}

func (d *doctor) servers(ctx context.Context) {
	if d.cache == "" {
		return
	}
	servers, err := listServers(ctx, d.cache)
	if err != nil {
		d.fail("", "%v", err)
		return
	}
	if len(servers) == 0 {
		d.note("", "none yet")
	}
	for _, s := range servers {
		name := s.Name
		if s.Project.Root != "" {
			name += ", for " + s.Project.String() + " in " + s.Project.Root
		}
		where := megabytes(s.Bytes)
		if s.Memory {
			where += " in memory"
		}
		switch {
		case s.Err != nil:
			d.fail("", "%s: %v", name, s.Err)
		case !s.Running:
			d.note("stopped", "%s\nPostgres %s, %s, last used %s", name, orDash(s.Version), where, s.Used.Local().Format("2006-01-02 15:04"))
		default:
			d.fine("runs", "%s\nPostgres %s, pid %d, %s%s", name, s.Version, s.PID, where, holds(s))
		}
	}
}

// holds says who keeps a server up, and what is on it.
func holds(s listedServer) string {
	text := fmt.Sprintf("\n%s and %s connected; ", processes(s.Leases), plural(s.Clients, "session"))
	if s.Stays {
		text += "stays until it is stopped"
	} else {
		text += fmt.Sprintf("stops when idle for %v", s.Idle)
	}
	if !s.Dev {
		text += fmt.Sprintf("; %s, %s of failed tests kept", plural(s.Templates, "template"), plural(len(s.Kept), "database"))
	}
	if s.RetireReason != "" {
		text += "\nno process acquires it any more: " + s.RetireReason
	}
	return text
}

func processes(n int) string {
	if n == 1 {
		return "1 process"
	}
	return fmt.Sprintf("%d processes", n)
}
