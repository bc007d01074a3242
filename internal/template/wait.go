package template

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// waiting makes connections of cfg wait for a place where the server refuses one
// because it has no more (SQLSTATE 53300), instead of failing: parallel packages of
// parallel tests ask for more than max_connections together, and each needs its own
// only for a moment. The wait is bounded by placeTime, and its error says what holders
// says.
//
// The refusal may come after both sides have proven who they are, which cannot be
// replayed. So the connection that the client gets logs in by itself, again if it has
// to, and then tells the client what the server has said.
func waiting(cfg *pgx.ConnConfig, holders func() string) *pgx.ConnConfig {
	inner := cfg.Config.Copy()
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return &waitingConn{ctx: ctx, config: inner, holders: holders, network: network, addr: addr, ready: make(chan struct{})}, nil
	}
	cfg.TLSConfig, cfg.Fallbacks = nil, nil // inner has them
	return cfg
}

// placeTime is shorter than the time pgx gives a connection attempt (20 s), so that
// our error is the one that is seen.
const placeTime = 15 * time.Second

// waitingConn is the client's side. It connects when it has heard what for.
type waitingConn struct {
	ctx           context.Context
	config        *pgconn.Config
	holders       func() string
	network, addr string

	mu     sync.Mutex
	conn   net.Conn      // nil until then
	answer []byte        // what is still to be told
	ready  chan struct{} // closed when there is a connection, or will be none
	once   sync.Once
}

func (c *waitingConn) Write(b []byte) (int, error) {
	if conn := c.connected(); conn != nil {
		return conn.Write(b)
	}
	params := parameters(b)
	if params == nil { // the cancellation of a query: a message and no more
		conn, err := c.config.DialFunc(c.ctx, c.network, c.addr)
		if err != nil {
			return 0, err
		}
		c.set(conn, nil)
		c.decided()
		return conn.Write(b)
	}
	defer c.decided()
	return len(b), c.logIn(params)
}

func (c *waitingConn) logIn(params map[string]string) error {
	cfg := c.config.Copy()
	cfg.User, cfg.Database = params["user"], params["database"]
	delete(params, "user")
	delete(params, "database")
	cfg.RuntimeParams = params
	limit := time.Now().Add(placeTime)
	for wait := 2 * time.Millisecond; ; wait = min(wait*2, 100*time.Millisecond) {
		conn, err := pgconn.ConnectConfig(c.ctx, cfg)
		var refused *pgconn.PgError
		switch {
		case err == nil:
			return c.welcome(conn)
		case !errors.As(err, &refused):
			return err
		case refused.Code != "53300":
			return c.refuse(refused)
		case time.Now().After(limit):
			return fmt.Errorf("waited %v for a free connection: %s", placeTime, c.holders())
		}
		select {
		case <-c.ctx.Done():
			return context.Cause(c.ctx)
		case <-time.After(wait + rand.N(wait)):
		}
	}
}

// welcome repeats for the client what the server has said after it knew who we are.
func (c *waitingConn) welcome(conn *pgconn.PgConn) error {
	// A reader of its own may be waiting where a write took long.
	if err := conn.SyncConn(c.ctx); err != nil {
		return err
	}
	h, err := conn.Hijack()
	if err != nil {
		return err
	}
	messages := []pgproto3.BackendMessage{&pgproto3.AuthenticationOk{}}
	for name, value := range h.ParameterStatuses {
		messages = append(messages, &pgproto3.ParameterStatus{Name: name, Value: value})
	}
	messages = append(messages, &pgproto3.BackendKeyData{ProcessID: h.PID, SecretKey: h.SecretKey}, &pgproto3.ReadyForQuery{TxStatus: h.TxStatus})
	return c.tell(h.Conn, messages...)
}

// refuse repeats the server's error.
func (c *waitingConn) refuse(e *pgconn.PgError) error {
	ours, theirs := net.Pipe()
	theirs.Close() // the server has said no more
	return c.tell(ours, &pgproto3.ErrorResponse{Severity: e.Severity, SeverityUnlocalized: e.SeverityUnlocalized,
		Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint})
}

func (c *waitingConn) tell(conn net.Conn, messages ...pgproto3.BackendMessage) (err error) {
	var answer []byte
	for _, m := range messages {
		if answer, err = m.Encode(answer); err != nil {
			return err
		}
	}
	c.set(conn, answer)
	return nil
}

func (c *waitingConn) set(conn net.Conn, answer []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.answer = conn, answer
}

func (c *waitingConn) connected() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// decided is when it is known whether there will be a connection.
func (c *waitingConn) decided() { c.once.Do(func() { close(c.ready) }) }

// Read waits for that: pgx reads beside a write that takes long.
func (c *waitingConn) Read(b []byte) (int, error) {
	<-c.ready
	conn := c.connected()
	if conn == nil {
		return 0, net.ErrClosed
	}
	if len(c.answer) > 0 {
		n := copy(b, c.answer)
		c.answer = c.answer[n:]
		return n, nil
	}
	return conn.Read(b)
}

func (c *waitingConn) Close() error {
	c.decided()
	if conn := c.connected(); conn != nil {
		return conn.Close()
	}
	return nil
}

// CloseWrite lets closewait end the session.
func (c *waitingConn) CloseWrite() error {
	if half, ok := c.connected().(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Until it is connected a context ends it, not a deadline.
func (c *waitingConn) SetDeadline(t time.Time) error {
	if conn := c.connected(); conn != nil {
		return conn.SetDeadline(t)
	}
	return nil
}

func (c *waitingConn) SetReadDeadline(t time.Time) error {
	if conn := c.connected(); conn != nil {
		return conn.SetReadDeadline(t)
	}
	return nil
}

func (c *waitingConn) SetWriteDeadline(t time.Time) error {
	if conn := c.connected(); conn != nil {
		return conn.SetWriteDeadline(t)
	}
	return nil
}

func (c *waitingConn) LocalAddr() net.Addr { return c.RemoteAddr() }
func (c *waitingConn) RemoteAddr() net.Addr {
	if conn := c.connected(); conn != nil {
		return conn.RemoteAddr()
	}
	return &net.UnixAddr{Name: c.addr, Net: c.network}
}

// parameters are what a startup message says; nil for any other message.
func parameters(b []byte) map[string]string {
	const protocol3 = 3
	if len(b) < 8 || int(binary.BigEndian.Uint32(b)) != len(b) || binary.BigEndian.Uint16(b[4:]) != protocol3 {
		return nil
	}
	params := map[string]string{}
	for pair := range slices.Chunk(bytes.Split(b[8:], []byte{0}), 2) {
		if len(pair) == 2 && len(pair[0]) > 0 {
			params[string(pair[0])] = string(pair[1])
		}
	}
	return params
}
