package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// watch looks after a call of the library from beside it: when the server says
// that it is ready and ready agrees, the waiting wrapper is told to go on; when
// ctx ends, to stop. The returned func is called once the library has
// returned; it says what was seen.
func (w *wrappers) watch(ctx context.Context, ready func(*Postmaster) error, data string) func() (*Server, error) {
	returned, finished := make(chan struct{}), make(chan struct{})
	var srv *Server
	var err error
	go func() {
		defer close(finished)
		srv, err = w.await(ctx, returned, ready, data)
		if err != nil {
			w.abort(returned)
		}
	}()
	return func() (*Server, error) {
		close(returned)
		<-finished
		return srv, err
	}
}

// await polls: Postgres announces itself in a file, and nothing portable wakes us
// when a file changes.
func (w *wrappers) await(ctx context.Context, returned chan struct{}, ready func(*Postmaster) error, data string) (*Server, error) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-returned:
			return nil, errDied
		case <-tick.C:
		}
		// A pid file from before the start is not the news we wait for.
		p, err := ReadPostmaster(data)
		if p == nil || err != nil || !p.Ready || !w.isOurs(p.PID) {
			continue
		}
		if err := ready(p); err != nil {
			return nil, err
		}
		return &Server{PID: p.PID, Port: p.Port}, w.decide("go")
	}
}

// abort keeps telling the wrapper to stop until the library has returned: it may
// not even have run it yet.
func (w *wrappers) abort(returned chan struct{}) {
	_ = w.decide("stop")
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for told := false; ; {
		select {
		case <-returned:
			return
		case <-tick.C:
		}
		if pid := readPID(w.pidFile()); pid > 0 && !told {
			told = terminate(pid) == nil
		}
	}
}

// greet logs in the way the library is about to, over TCP at localhost, and makes
// sure that who answers is our server. The library tries again without a pause
// until its time-out, so by then it has to be certain that it succeeds.
func greet(ctx context.Context, cfg BootConfig, port int) error {
	var refused error
	for _, addr := range localAddresses() {
		conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres sslmode=disable", addr, port, cfg.User, cfg.Password))
		var server *pgconn.PgError
		switch {
		case err == nil:
			err = sameData(ctx, conn, cfg.Data)
			_ = conn.Close(ctx)
			return err
		case errors.As(err, &server):
			return fmt.Errorf("log in as %s: %w", cfg.User, err)
		}
		var dial *net.OpError
		if !errors.As(err, &dial) || dial.Op != "dial" {
			return fmt.Errorf("port %d is another program's: %w", port, err)
		}
		refused = err
	}
	return fmt.Errorf("the server does not listen on localhost: %w", refused)
}

func sameData(ctx context.Context, conn *pgconn.PgConn, data string) error {
	r := conn.ExecParams(ctx, "SHOW data_directory", nil, nil, nil, nil).Read()
	if r.Err != nil {
		return r.Err
	}
	there, err := os.Stat(string(r.Rows[0][0]))
	if err != nil {
		return err
	}
	here, err := os.Stat(data)
	if err != nil {
		return err
	}
	if !os.SameFile(here, there) {
		return errors.New("port " + strconv.Itoa(port(conn)) + " is another server's, of " + string(r.Rows[0][0]))
	}
	return nil
}

func port(conn *pgconn.PgConn) int {
	if a, ok := conn.Conn().RemoteAddr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}
