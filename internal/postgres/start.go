package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// StartOptions describe a server to start on a data directory that CreateData
// made. Log, Conf and Socket lie in directories of ours, outside of Data.
type StartOptions struct {
	Installation *Installation
	User         *User
	Data         string
	Log          string // the server's output; a former one is kept as Log.1
	Conf         string // written anew at each start
	Socket       string // the directory of the Unix socket, made for User alone; empty: TCP only
	Port         int    // tried first; when it is taken, and for 0, a free one is picked
	// Settings win over what initdb wrote. The port and the socket directory are
	// not theirs to set.
	Settings map[string]string
	// Lock is the file of a lock that another process must not get before this
	// server either was released or has gone. Nil: none.
	Lock    *os.File
	Timeout time.Duration // until it accepts connections; zero: one minute
}

// maxSocketDir: macOS allows 103 bytes for the whole path, other systems 107.
const maxSocketDir = 103 - len("/.s.PGSQL.65535")

// Process is a server that this process started. It stops with this process,
// however that ends, until Release.
type Process struct {
	PID  int
	Port int

	options StartOptions
	stopper
}

// Start starts the server and returns when it accepts connections, on the Unix
// socket and on TCP at localhost: 30 to 60 ms. When it fails, or ctx ends, no server is left
// behind. The error is a *StartError that quotes the server's log, or a *SettingError.
func Start(ctx context.Context, o StartOptions) (*Process, error) {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("not ready after %v", o.Timeout))
	defer cancel()
	p, err := o.start(ctx)
	if err != nil {
		if setting, ok := errors.AsType[*SettingError](err); ok {
			return nil, setting
		}
		return nil, o.settingError(context.WithoutCancel(ctx), &StartError{Data: o.Data, LogFile: o.Log, Log: tail(o.Log), Err: err})
	}
	return p, nil
}

func (o StartOptions) start(ctx context.Context) (*Process, error) {
	if err := o.prepare(); err != nil {
		return nil, err
	}
	port := o.Port
	for try := 1; ; try++ {
		if port == 0 || !portFree(port) {
			var err error
			if port, err = freePort(); err != nil {
				return nil, err
			}
		}
		p, err := o.startOn(ctx, port)
		// Another program may have taken the port between the look and the
		// server's bind. Another one will do.
		if err == nil || ctx.Err() != nil || try == 5 || portFree(port) {
			return p, err
		}
		port = 0
	}
}

// prepare sees to it that Data is a data directory that no server uses, and that
// the server's user can get to it.
func (o StartOptions) prepare() error {
	if len(o.Socket) > maxSocketDir {
		return fmt.Errorf("socket directory %s is %d bytes long, the system takes %d: use a shorter one", o.Socket, len(o.Socket), maxSocketDir)
	}
	if _, err := readInData(o.Data, "PG_VERSION"); err != nil {
		return fmt.Errorf("it is not a data directory: %w", err)
	}
	if err := clearStale(o.Data); err != nil {
		return err
	}
	// A cache that was packed and unpacked comes back as 0755, which Postgres refuses.
	if err := os.Chmod(o.Data, 0o700); err != nil {
		return err
	}
	if err := o.User.reach(filepath.Dir(o.Data)); err != nil {
		return err
	}
	if o.Socket == "" {
		return nil
	}
	return o.User.ownDir(o.Socket)
}

// ownDir makes a directory that u alone may enter, in a directory that may be
// open to all.
func (u *User) ownDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return errors.Join(os.Chmod(dir, 0o700), u.give(dir))
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir() || !u.owns(info) && !(*User)(nil).owns(info):
		return &UntrustedError{Path: dir, Entry: dir, Reason: "is not " + u.String() + "'s directory", Fix: "rm -r " + dir}
	}
	return errors.Join(u.give(dir), os.Chmod(dir, 0o700))
}

// openLog starts an empty log and keeps the former one beside it: what a boot
// says about itself is then the whole file. The server writes to the open file
// and cannot reach it by its name.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND|careful, 0o600)
}

// startOn is one start on one port.
func (o StartOptions) startOn(ctx context.Context, port int) (*Process, error) {
	text, err := o.conf(port)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(o.Conf, []byte(text), 0o644); err != nil {
		return nil, err
	}
	p, err := o.launch()
	if err != nil {
		return nil, err
	}
	server, err := o.await(ctx, p.died)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.PID, p.Port = server.PID, server.Port
	return p, nil
}

// errDied says that the server ended before it was ready.
var errDied = errors.New("the server ended before it was ready")

// await polls: Postgres announces itself in a file, and nothing portable wakes us
// when a file changes.
func (o StartOptions) await(ctx context.Context, died <-chan struct{}) (*Postmaster, error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-died:
			return nil, errDied
		case <-tick.C:
		}
		if p, err := ReadPostmaster(o.Data); err == nil && p != nil && p.Ready {
			return p, nil
		}
	}
}
