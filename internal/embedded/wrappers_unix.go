//go:build unix

package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// initPrograms initialise and start nothing: initdb does its work, pg_ctl notes
// that it was reached and fails, which makes the library stop there.
func (w *wrappers) initPrograms(cfg BootConfig, data string) (map[string]string, error) {
	handOver := ""
	if cfg.Drop != nil {
		handOver = fmt.Sprintf("mkdir -p %[1]s && chown %[2]d:%[3]d %[1]s && chown -R %[2]d:%[3]d %[4]s || exit 1\n",
			quote(data), cfg.Drop.UID, cfg.Drop.GID, quote(w.run))
	}
	head, err := w.head(cfg, handOver)
	return map[string]string{
		"initdb": head + initdbBody(cfg),
		"pg_ctl": "#!/bin/sh\n: >" + quote(w.initFile()) + "\nexit 1\n",
	}, err
}

// initdbBody looks up its own user and gives up on a uid without a passwd entry,
// whatever -U says. In a user namespace such a uid can pass for one that has a
// name; the files still belong to the real one.
func initdbBody(cfg BootConfig) string {
	args := append([]string{"--no-sync"}, cfg.InitArgs...)
	command := quoteAll(append([]string{filepath.Join(cfg.Bin, "initdb")}, args...)...) + ` "$@"`
	return `if [ -z "$(id -un 2>/dev/null | grep -v '^[0-9]*$')" ]; then
	if as=$(id -u nobody 2>/dev/null) && unshare --user --map-user="$as" /bin/sh -c : 2>/dev/null; then
		exec unshare --user --map-user="$as" ` + command + `
	fi
	echo "uid $(id -u) has no passwd entry, without which initdb refuses to run, and user namespaces (unshare --user) are not to be had: add an entry to /etc/passwd"
	exit 1
fi
exec ` + command + "\n"
}

// bootPrograms start the server and wait for our verdict.
func (w *wrappers) bootPrograms(cfg BootConfig, port int) (map[string]string, error) {
	// Killed before this, we are not to find a server that nobody asked for.
	head, err := w.head(cfg, fmt.Sprintf("[ -d /proc/%d ] || [ ! -d /proc/self ] || exit 1\n", os.Getpid()))
	return map[string]string{"pg_ctl": head + w.bootBody(cfg, port)}, err
}

// head is what both programs begin with: first, as whoever we are, then the way
// down from root, then the environment.
func (w *wrappers) head(cfg BootConfig, first string) (string, error) {
	drop, err := cfg.Drop.Command()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\nif [ \"$1\" != --dropped ]; then\necho $$ >%s\n%s", quote(w.pidFile()), first)
	if cfg.Drop != nil {
		fmt.Fprintf(&b, "exec %s /bin/sh \"$0\" --dropped \"$@\"\n", quoteAll(drop...))
	} else {
		b.WriteString("set -- --dropped \"$@\"\n")
	}
	b.WriteString("fi\nshift\n")
	// An invalid LANG stops initdb, and none at all makes macOS start threads in
	// the postmaster. What locale databases have is initdb's --locale.
	b.WriteString("umask 077\ncd / || exit 1\nexport LC_ALL=C\nunset LANG LANGUAGE " + strings.Join(pgVariables(), " ") + "\n")
	return b.String(), nil
}

// pgVariables lists the variables to unset: what is set, and what often is.
func pgVariables() []string {
	names := []string{"PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS", "PGTZ", "PGSERVICE", "PGCLIENTENCODING"}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "PG") && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" {
			names = append(names, name)
		}
	}
	return names
}

// bootBody starts the postmaster itself where a session of its own can be had
// that way: pg_ctl asks the server's version first, polls every 100 ms, and
// does not tell the pid. In its own session neither the terminal's Ctrl-C nor
// what kills the test's process group reaches it.
//
// Then it waits for us, who watch postmaster.pid, to say go on or stop. Should we
// be killed, it stops the server; where there is a /proc it notices at once. That
// takes two signals: SIGQUIT is ignored, as in every background child of a shell,
// until the server handles it, and after that SIGTERM would wait for clients.
func (w *wrappers) bootBody(cfg BootConfig, port int) string {
	values := strings.NewReplacer(
		"{{pg_ctl}}", quote(filepath.Join(cfg.Bin, "pg_ctl")),
		"{{launch}}", launch(cfg, port),
		"{{data}}", quote(cfg.Data),
		"{{server}}", quote(w.serverFile()),
		"{{verdict}}", quote(w.verdictFile()),
		"{{owner}}", fmt.Sprint("/proc/", os.Getpid()),
		"{{turns}}", fmt.Sprint(int(cfg.Timeout/(4*time.Millisecond))),
	)
	return values.Replace(`[ "$1" = start ] || exec {{pg_ctl}} "$@" -m immediate
[ -e {{verdict}} ] && exit 1
owner={{owner}}
[ -d "$owner" ] || owner=/
server=
stop() {
	server=${server:-$!}
	[ -n "$server" ] && kill -TERM "$server" 2>/dev/null && kill -QUIT "$server" 2>/dev/null && wait "$server" 2>/dev/null
	exit 1
}
trap stop HUP INT TERM
{{launch}}
echo "$server" >{{server}}
n=0
until [ -e {{verdict}} ]; do
	kill -0 "$server" 2>/dev/null || exit 1
	[ -d "$owner" ] && [ $n -lt {{turns}} ] || stop
	n=$((n+1))
	sleep 0.004 2>/dev/null || sleep 1
done
read -r verdict <{{verdict}}
[ "$verdict" = go ] || stop
`)
}

// launch leaves the server's pid in $server.
func launch(cfg BootConfig, port int) string {
	log := quote(cfg.LogFile)
	if setsid, err := exec.LookPath("setsid"); err == nil {
		return quoteAll(setsid, filepath.Join(cfg.Bin, "postgres"), "-D", cfg.Data, "-p", fmt.Sprint(port)) +
			" </dev/null >>" + log + " 2>&1 &\nserver=$!"
	}
	// pg_ctl puts what -D and -l say into a shell's double quotes, where $ and "
	// do not survive; the environment and the inherited output do not pass there.
	return "PGDATA=" + quote(cfg.Data) + " " +
		quoteAll(filepath.Join(cfg.Bin, "pg_ctl"), "start", "-s", "-w", "-t", fmt.Sprint(int(cfg.Timeout.Seconds())+1), "-o", fmt.Sprintf("-p %d", port)) +
		" </dev/null >>" + log + " 2>&1 || exit 1\nread -r server <" + quote(filepath.Join(cfg.Data, "postmaster.pid"))
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func quoteAll(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// isOurs tells the server that this boot started from one that was there before.
func (w *wrappers) isOurs(pid int) bool { return pid == readPID(w.serverFile()) }
