package embedded

import (
	"errors"
	"fmt"
	"io"
	"net/http"
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

// FetchError says what a mirror answered.
type FetchError struct {
	URL    string
	Status int    // zero: no answer came
	Wait   string // its Retry-After
	Err    error  // nil: the status is the error
}

func (e *FetchError) Error() string {
	s := "download " + e.URL + ": "
	switch {
	case e.Status == 0:
		s += "no answer"
	case e.Err == nil:
		s += fmt.Sprintf("status %d %s", e.Status, http.StatusText(e.Status))
	default:
		return s + e.Err.Error()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Wait != "" {
		s += " (retry after " + e.Wait + ")"
	}
	return s
}

func (e *FetchError) Unwrap() error { return e.Err }
