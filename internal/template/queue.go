package template

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// queued makes connections of cfg wait for a place where the server refuses one
// because it has no more (SQLSTATE 53300), instead of failing: parallel packages
// of parallel tests ask for more than max_connections together, and each needs
// its own only for a moment. The wait is bounded by queueTime, and its error says
// what holders says.
func queued(cfg *pgx.ConnConfig, holders func() string) *pgx.ConnConfig {
	if cfg.Password != "" || cfg.TLSConfig != nil {
		return admitted(cfg, holders)
	}
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		again := func() (net.Conn, error) { return dial(ctx, network, addr) }
		conn, err := again()
		if err != nil {
			return nil, err
		}
		return &queuedConn{Conn: conn, ctx: ctx, again: again, holders: holders}, nil
	}
	return cfg
}

// queueTime is shorter than the time pgx gives a connection attempt (20 s), so
// that our error is the one that is seen.
const queueTime = 15 * time.Second

// queuedConn looks at the first message of the server and, if it is that refusal,
// connects again and repeats what the client had said.
type queuedConn struct {
	net.Conn // guarded by mu until the first message is in

	ctx     context.Context
	again   func() (net.Conn, error)
	holders func() string

	mu       sync.Mutex
	deadline time.Time
	greeting []byte // what the client said first
	first    io.Reader
	open     bool
}

func (c *queuedConn) Write(b []byte) (int, error) {
	if c.greeting == nil {
		c.greeting = bytes.Clone(b)
	}
	return c.Conn.Write(b)
}

func (c *queuedConn) Read(b []byte) (int, error) {
	if !c.open {
		message, err := c.await()
		if err != nil {
			return 0, err
		}
		c.first, c.open = bytes.NewReader(message), true
	}
	if c.first != nil {
		if n, _ := c.first.Read(b); n > 0 {
			return n, nil
		}
		c.first = nil
	}
	return c.Conn.Read(b)
}

// await returns what the server says first, up to where it would refuse for want
// of room: the postmaster does at once when all places are taken, a session does
// after it has let the client in when only reserved places are left.
func (c *queuedConn) await() ([]byte, error) {
	limit := time.After(queueTime)
	for wait := 2 * time.Millisecond; ; wait = min(wait*2, 100*time.Millisecond) {
		message, err := readMessage(c.Conn)
		if err == nil && bytes.Equal(message, authenticationOk) {
			var next []byte
			next, err = readMessage(c.Conn)
			message = append(message, next...)
		}
		if err != nil || !bytes.Contains(message, []byte("C53300\x00")) {
			return message, err
		}
		select {
		case <-c.ctx.Done():
			return nil, context.Cause(c.ctx)
		case <-limit:
			return nil, fmt.Errorf("waited %v for a free connection: %s", queueTime, c.holders())
		case <-time.After(wait + rand.N(wait)):
		}
		if err := c.reconnect(); err != nil {
			return nil, err
		}
	}
}

func (c *queuedConn) reconnect() error {
	conn, err := c.again()
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.Conn.Close()
	c.Conn = conn
	err = conn.SetDeadline(c.deadline)
	c.mu.Unlock()
	if err == nil {
		_, err = conn.Write(c.greeting)
	}
	return err
}

func (c *queuedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return c.Conn.SetDeadline(t)
}

var authenticationOk = []byte{'R', 0, 0, 0, 8, 0, 0, 0, 0}

// readMessage reads one message of Postgres's protocol. A stream that ends first
// is not an error here: the reader above finds that out by itself.
func readMessage(r io.Reader) ([]byte, error) {
	header := make([]byte, 5)
	if n, err := io.ReadFull(r, header); err != nil {
		if n > 0 {
			return header[:n], nil
		}
		return nil, err
	}
	const mostSane = 1 << 16
	size := int(binary.BigEndian.Uint32(header[1:])) - 4
	if size < 0 || size > mostSane {
		return header, nil
	}
	body := make([]byte, size)
	n, err := io.ReadFull(r, body)
	if err != nil && n == 0 && size > 0 {
		return nil, err
	}
	return append(header, body[:n]...), nil
}
