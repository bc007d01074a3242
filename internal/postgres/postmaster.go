package postgres

import (
	"errors"
	"fmt"
	"io"
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
var errTorn = errors.New("postmaster.pid makes no sense")

const pidFile = "postmaster.pid"

// ReadPostmaster reads postmaster.pid in a data directory; nil, nil when there is
// none. That the file is there does not mean that the server is: see Running.
func ReadPostmaster(data string) (*Postmaster, error) {
	text, err := readInData(data, pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := strings.Split(text, "\n")
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

// readInData reads a small plain file of a data directory. The server's user owns
// that and may put anything in the file's place.
func readInData(data, name string) (string, error) {
	root, err := os.OpenRoot(data)
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|careful, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(fmt.Errorf("%s is not a plain file", filepath.Join(data, name)), err)
	}
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return string(text), err
}

// removeInData removes a file of a data directory; one that is not there is fine.
func removeInData(data, name string) error {
	root, err := os.OpenRoot(data)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Running returns the live server of a data directory, nil when there is none. A
// pid that now belongs to another program is not it, and a pid that cannot be
// examined counts as long as a server answers on its socket.
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
	// A server in another container has a pid that means nothing here, but its
	// socket is on the file system that we share.
	if serves(p.PID, data) == yes || answers(p) {
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
	return removeInData(data, pidFile)
}
