//go:build unix

package postgres

import (
	"io"
	"os"
)

// stopper is what a Process is stopped or released with.
type stopper struct {
	guard *guard
	alive *os.File
	died  chan struct{} // closed when the server and all its processes have gone
}

// launch starts the server as the child of a guard. The server holds the other
// end of a pipe that nothing is written to: its end is the server's end.
func (o StartOptions) launch() (*Process, error) {
	log, err := openLog(o.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	alive, held, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer held.Close()
	files := []*os.File{held}
	if o.Lock != nil {
		files = append(files, o.Lock)
	}
	g, err := newGuard(o.User, log, files, startServer, o.Installation.Program("postgres"), "-D", o.Data, "-c", "config_file="+o.Conf)
	if err != nil {
		alive.Close()
		return nil, err
	}
	p := &Process{options: o, stopper: stopper{guard: g, alive: alive, died: make(chan struct{})}}
	go func() {
		_, _ = io.Copy(io.Discard, alive)
		close(p.died)
	}()
	return p, nil
}

// Release lets the server outlive this process.
func (p *Process) Release() error {
	err := p.guard.release()
	p.alive.Close()
	return err
}

// Close stops the server at once, without writing anything out, and waits until
// it has gone. After Release it does nothing.
func (p *Process) Close() error {
	err := p.guard.end()
	p.alive.Close()
	return err
}
