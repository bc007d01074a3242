package embedded

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Postmaster is what a server says about itself in postmaster.pid.
type Postmaster struct {
	PID    int
	Port   int
	Socket string // directory of the Unix socket, empty for none
	Ready  bool   // it accepts connections
}

// errTorn is returned for a postmaster.pid that is empty or makes no sense.
var errTorn = errors.New("postmaster.pid is damaged")

// ReadPostmaster reads postmaster.pid in a data directory; nil, nil when there is
// none. That the file is there does not mean that the server is: see Running.
func ReadPostmaster(data string) (*Postmaster, error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	line := func(n int) string {
		if n > len(lines) {
			return ""
		}
		return strings.TrimSpace(lines[n-1])
	}
	p := &Postmaster{Socket: line(5), Ready: strings.HasPrefix(line(8), "ready")}
	if p.PID, err = strconv.Atoi(line(1)); err != nil || p.PID <= 0 {
		return nil, fmt.Errorf("%s: %w", data, errTorn)
	}
	p.Port, _ = strconv.Atoi(line(4))
	return p, nil
}

// Running returns the live server of a data directory, nil when there is none. A
// pid that now belongs to another program is not it, and a pid that cannot be
// examined counts as long as somebody answers on its socket.
func Running(data string) (*Postmaster, error) {
	p, err := ReadPostmaster(data)
	if errors.Is(err, errTorn) {
		if pid := findPostmaster(data); pid != 0 {
			return &Postmaster{PID: pid}, nil
		}
		return nil, nil
	}
	if p == nil || err != nil {
		return nil, err
	}
	switch serves(p.PID, data) {
	case yes:
		return p, nil
	case no:
		// A server in another container has a pid that means nothing here, but
		// its socket is on the file system that we share.
		if answers(p) {
			return p, nil
		}
		return nil, nil
	}
	if answers(p) {
		return p, nil
	}
	return nil, nil
}

// verdict is what can be known about a process.
type verdict int

const (
	no verdict = iota
	yes
	unknown
)

func answers(p *Postmaster) bool {
	if p.Socket == "" || p.Port == 0 {
		return false
	}
	c, err := net.DialTimeout("unix", filepath.Join(p.Socket, fmt.Sprintf(".s.PGSQL.%d", p.Port)), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// clearStale removes the postmaster.pid of a server that is gone. Postgres does
// that itself unless the pid has been given to another process, or the file is
// torn; then it would refuse to start for ever.
func clearStale(data string) error {
	p, err := Running(data)
	if err != nil {
		return err
	}
	if p != nil {
		return fmt.Errorf("%w: pid %d", ErrRunning, p.PID)
	}
	err = os.Remove(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
