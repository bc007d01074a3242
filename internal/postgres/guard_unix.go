//go:build unix

package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
)

// A guard is a shell that outlives this process by the moment it takes to stop a
// server that is not ready to be left alone. It reads from a pipe of ours: a line
// releases it, and the pipe's end, which comes with the end of this process
// however that ends, makes it act.
type guard struct {
	cmd     *exec.Cmd
	pipe    *os.File // our end
	exited  chan struct{}
	release func() error
}

// startServer is the guard that starts a server as its child, in a session of
// their own: Ctrl-C and what kills the test's process group reach neither. File 3
// is the server's alone, open for as long as one of its processes lives. Until the
// server handles them, SIGQUIT is ignored in a shell's background child, and
// afterwards SIGTERM would wait for clients: so it takes both.
const startServer = `"$@" </dev/null 4>&- & p=$!
exec 3>&-
read -r word && exit 0
{ kill -TERM $p; kill -QUIT $p; } 2>/dev/null; wait $p`

// stopServer is the guard beside embedded-postgres's call, which starts the
// server of the data directory $1 itself, at a time that it does not tell.
const stopServer = `read -r word && exit 0
n=0
while [ $n -lt 100 ]; do
	if read -r p <"$1/postmaster.pid" && kill -QUIT "$p"; then found=$p; fi
	if [ -n "$found" ] && ! kill -0 "$found"; then exit 0; fi
	n=$((n+1)); sleep 0.1
done 2>/dev/null`

// newGuard runs a script as u, with more open files from number 3 on.
func newGuard(u *User, log *os.File, files []*os.File, script string, args ...string) (*guard, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := u.command(context.Background(), "/bin/sh", append([]string{"-c", script, "seedbed"}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.ExtraFiles = "/", read, files
	if log != nil {
		cmd.Stdout, cmd.Stderr = log, log
	}
	attributes(cmd).Setsid = true
	if err := cmd.Start(); err != nil {
		write.Close()
		return nil, err
	}
	g := &guard{cmd: cmd, pipe: write, exited: make(chan struct{})}
	g.release = sync.OnceValue(func() error {
		_, err := g.pipe.WriteString("released\n")
		return errors.Join(err, g.end())
	})
	go func() {
		_ = cmd.Wait()
		close(g.exited)
	}()
	return g, nil
}

// end closes the pipe, which makes a guard act that was not released, and waits
// for the guard.
func (g *guard) end() error {
	err := g.pipe.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	<-g.exited
	return err
}

// watchOver stops the server of a data directory if this process dies before the
// guard is released.
func (u *User) watchOver(data string) (*guard, error) {
	return newGuard(u, nil, nil, stopServer, data)
}
