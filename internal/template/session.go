package template

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// A session is a backend that serves one test after another, as a pooler in session
// mode has it. A new one costs a fork, cold catalog caches and an exit: several
// times what everything else costs that is done between two tests.
//
// What a client has done to its session, DISCARD ALL undoes, all but a few things:
// a setting with a dot in its name is empty from then on instead of unset, the
// seed of random() stays, so does a loaded library. A session is used again only
// if everything that its client said is known to do none of that: see traceless.
type session struct {
	net.Conn

	startup  map[string]string // what a client says first
	greeting []byte            // what the server answers, from AuthenticationOk on
	pid      uint32
	keep     atomic.Bool // for another client, when this one closes it
	free     bool        // it was closed that way
	used     bool        // by a test that has ended
}

// A visit is a session in the hands of one client.
type visit struct {
	*session
	in, out framer

	begun    bool          // the client's first message has been sent
	greeted  bool          // the server's first ReadyForQuery has been seen
	replay   *bytes.Reader // what the server would say to a new client
	finished bool          // the client has said goodbye

	asked   atomic.Int32 // requests that will end in ReadyForQuery
	open    atomic.Bool  // a message waits for its Sync
	idle    atomic.Bool  // outside of a transaction, by the last ReadyForQuery
	stained atomic.Bool  // something may stay in the session
	reading atomic.Int32
	closed  atomic.Bool
}

var terminate = []byte{'X', 0, 0, 0, 4}

var errOtherStartup = errors.New("the session that is to be used again was begun with other parameters")

// welcome makes the first connection of a test's pool the clone's own session.
func (c *Clone) welcome(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !c.opening.Swap(false) {
			return dial(ctx, network, addr)
		}
		if c.session == nil {
			conn, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			c.session = &session{Conn: conn}
		}
		return c.session.visit(), nil
	}
	return cfg
}

// closeTest closes what a test had open, and keeps its session if it is as new.
func (c *Clone) closeTest() {
	if c.session == nil {
		c.Pool.Close()
		return
	}
	c.session.keep.Store(true)
	c.Pool.Close()
	if !c.session.free || c.session.refresh() != nil {
		c.leave()
		return
	}
	c.session.keep.Store(false)
	c.session.free, c.session.used = false, true
}

// leave ends the clone's session.
func (c *Clone) leave() {
	if c.session != nil {
		c.session.Conn.Close()
		c.session = nil
	}
}

func (s *session) visit() *visit {
	v := &visit{session: s}
	v.out = framer{wanted: func(kind byte) bool { return kind == 'Q' || kind == 'P' }, got: v.said}
	v.in = framer{wanted: func(kind byte) bool { return !v.greeted || kind == 'Z' }, got: v.heard}
	return v
}

func (v *visit) Write(b []byte) (int, error) {
	switch {
	case v.closed.Load():
		return 0, net.ErrClosed
	case !v.begun:
		v.begun = true
		return v.begin(b)
	case bytes.Equal(b, terminate):
		v.finished = true // Close passes it on
		return len(b), nil
	}
	v.out.feed(b)
	return v.Conn.Write(b)
}

// begin sends a client's first message, or answers it instead of the server.
func (v *visit) begin(b []byte) (int, error) {
	if v.greeting == nil {
		v.asked.Store(1)
		v.startup = parameters(b)
		v.stained.Store(v.startup == nil)
		return v.Conn.Write(b)
	}
	if !maps.Equal(parameters(b), v.startup) {
		return 0, errOtherStartup
	}
	v.replay = bytes.NewReader(v.greeting)
	v.greeted = true
	v.idle.Store(true)
	return len(b), nil
}

func (v *visit) Read(b []byte) (int, error) {
	if v.closed.Load() {
		return 0, net.ErrClosed
	}
	if v.replay != nil {
		if n, _ := v.replay.Read(b); n > 0 {
			return n, nil
		}
		v.replay = nil
	}
	v.reading.Add(1)
	n, err := v.Conn.Read(b)
	v.in.feed(b[:n])
	v.reading.Add(-1)
	return n, err
}

// heard takes note of a message of the server.
func (v *visit) heard(kind byte, body []byte, whole bool) {
	if !v.greeted {
		v.greet(kind, body)
	}
	if kind == 'Z' {
		v.greeted = true
		v.idle.Store(whole && len(body) == 1 && body[0] == 'I')
		v.asked.Add(-1)
	}
}

// greet records what a client is told when it has been let in.
func (v *visit) greet(kind byte, body []byte) {
	letIn := kind == 'R' && bytes.Equal(body, authenticationOk[5:])
	if !letIn && len(v.greeting) == 0 {
		return // it has to prove who it is first
	}
	if kind == 'K' && len(body) >= 4 {
		v.pid = binary.BigEndian.Uint32(body)
	}
	v.greeting = append(v.greeting, kind)
	v.greeting = binary.BigEndian.AppendUint32(v.greeting, uint32(len(body)+4))
	v.greeting = append(v.greeting, body...)
}

// said takes note of a message of the client.
func (v *visit) said(kind byte, body []byte, whole bool) {
	switch kind {
	case 'Q', 'S', 'F':
		v.asked.Add(1)
		v.open.Store(false)
	case 'P', 'B', 'D', 'E', 'C', 'H':
		v.open.Store(true)
	}
	switch kind {
	case 'P':
		_, body, _ = bytes.Cut(body, []byte{0}) // the statement's name
		fallthrough
	case 'Q':
		sql, _, _ := bytes.Cut(body, []byte{0})
		if !whole || !traceless(string(sql)) {
			v.stained.Store(true)
		}
	case 'F':
		v.stained.Store(true)
	}
}

// Close ends the session, or leaves it for another client.
func (v *visit) Close() error {
	if v.closed.Swap(true) {
		return net.ErrClosed
	}
	between := v.asked.Load() == 0 && v.idle.Load() && !v.open.Load() && v.reading.Load() == 0
	if v.keep.Load() && v.finished && between && !v.stained.Load() {
		v.free = true
		return nil
	}
	if v.finished {
		v.Conn.Write(terminate)
	}
	return v.Conn.Close()
}

// goneTime bounds the wait for a session that is made as good as new.
const goneTime = time.Second

// refresh makes a free session as good as new. Its counts are in the server's
// statistics when it returns.
func (s *session) refresh() error {
	if err := s.SetDeadline(time.Now().Add(goneTime)); err != nil {
		return err
	}
	// DISCARD ALL has to stand alone.
	_, err := s.Conn.Write(slices.Concat(simpleQuery("DISCARD ALL"), simpleQuery("SELECT pg_stat_force_next_flush()")))
	if err != nil {
		return err
	}
	if err := s.await(2); err != nil {
		return err
	}
	return s.SetDeadline(time.Time{})
}

// rouse wakes the session's process, which has slept for as long as nobody needed it,
// so that the first query finds it awake. To Flush there is no answer.
func (s *session) rouse() { s.Conn.Write([]byte{'H', 0, 0, 0, 4}) }

// await reads up to the nth ReadyForQuery, and finds no error before it.
func (s *session) await(n int) error {
	var failed error
	f := framer{wanted: func(kind byte) bool { return kind == 'E' || kind == 'Z' }, got: func(kind byte, body []byte, _ bool) {
		switch {
		case kind == 'E':
			failed = fmt.Errorf("the server says %q", body)
		case kind == 'Z':
			n--
		}
	}}
	buf := make([]byte, 4096)
	for n > 0 && failed == nil {
		k, err := s.Conn.Read(buf)
		if err != nil {
			return err
		}
		f.feed(buf[:k])
	}
	return failed
}

func simpleQuery(sql string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(len(sql)+5))
	return append(append(b, sql...), 0)
}
