package main

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// terminal is where a command reads and writes, and what that can show.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
}

// redraws reports whether w is a terminal that can move its cursor.
func (t terminal) redraws(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && t.env("TERM") != "dumb"
}

// colours reports whether w takes colours (https://no-color.org).
func (t terminal) colours(w io.Writer) bool { return t.env("NO_COLOR") == "" && t.redraws(w) }

// width of w in columns: what COLUMNS says, else what the terminal has; 80 where neither
// is known.
func (t terminal) width(w io.Writer) int {
	if n, err := strconv.Atoi(t.env("COLUMNS")); err == nil && n >= 40 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// height of w in lines; 0 where it is no terminal.
func (t terminal) height(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if _, height, err := term.GetSize(int(f.Fd())); err == nil {
			return height
		}
	}
	return 0
}

// red is for errors, which go to stderr.
func (t terminal) red(s string) string { return paint(t.colours(t.err), "31;1", s) }

// A palette colours text for one stream, or leaves it alone.
type palette bool

func (t terminal) palette(w io.Writer) palette { return palette(t.colours(w)) }

func (p palette) bold(s string) string  { return paint(bool(p), "1", s) }
func (p palette) faint(s string) string { return paint(bool(p), "2", s) }
func (p palette) good(s string) string  { return paint(bool(p), "32", s) }
func (p palette) bad(s string) string   { return paint(bool(p), "31;1", s) }
func (p palette) warn(s string) string  { return paint(bool(p), "33", s) }

func paint(on bool, code, s string) string {
	if !on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
