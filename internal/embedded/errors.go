package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ErrRunning is returned for a data directory that a live server uses.
var ErrRunning = errors.New("a server is running on it")

// errDied says that the server ended before it was ready.
var errDied = errors.New("the server ended before it was ready")

// BootError says why a server did not start, with the end of what it wrote.
type BootError struct {
	Data    string
	LogFile string
	Log     string // the last lines of LogFile; empty when the server wrote nothing
	Err     error
}

func (e *BootError) Error() string {
	s := fmt.Sprintf("boot postgres in %s: %v", e.Data, e.Err)
	if e.Log == "" {
		return s
	}
	return s + "\nthe end of " + e.LogFile + ":\n" + indent(e.Log)
}

func (e *BootError) Unwrap() error { return e.Err }

func bootError(cfg BootConfig, err error) error {
	return &BootError{Data: cfg.Data, LogFile: cfg.LogFile, Log: tail(cfg.LogFile, quotedLines), Err: err}
}

const quotedLines = 20

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// tail is the last n lines of a file, or "".
func tail(path string, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const most = 64 << 10
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	data, _ := io.ReadAll(io.LimitReader(f, most))
	lines := strings.Split(strings.TrimRight(strings.ToValidUTF8(string(data), "?"), "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
