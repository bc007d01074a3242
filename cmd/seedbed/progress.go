package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress shows the steps of a command on stderr: one line each that redraws
// itself on a terminal, a line where a step begins and ends elsewhere. It is a
// dev.Reporter.
type progress struct {
	w      io.Writer
	paint  palette
	redraw bool
	width  func() int

	mu    sync.Mutex
	step  string
	what  string
	done  int
	of    int
	begun time.Time
	said  time.Time // when a plain line was last written for the step
	turn  int
	halt  chan struct{}
	took  []timing
}

// timing is how long a step took.
type timing struct {
	step string
	took time.Duration
}

// quiet is how long a plain log says nothing about a step that goes on.
const quiet = 10 * time.Second

func (a *app) progress() *progress {
	return &progress{w: a.err, paint: a.palette(a.err), redraw: a.redraws(a.err), width: func() int { return a.width(a.err) }}
}

// Begin starts a step, and ends the one before it if that still runs.
func (p *progress) Begin(step, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step, p.what, p.done, p.of = step, what, 0, 0
	p.begun = time.Now()
	p.said = p.begun
	if !p.redraw {
		fmt.Fprintf(p.w, "%s: %s\n", step, what)
		return
	}
	p.draw()
	if p.halt == nil {
		p.halt = make(chan struct{})
		go p.spin(p.halt)
	}
}

// Step says what the step is at, for a terminal only: there may be hundreds.
func (p *progress) Step(what string) {
	if p.redraw {
		p.Update(what, 0, 0)
	}
}

// Update says how far the step is.
func (p *progress) Update(what string, done, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.done, p.of = what, done, of
	switch {
	case p.step == "", p.redraw: // the next turn of the spinner shows it
	case of == 0 || time.Since(p.said) > quiet:
		p.said = time.Now()
		fmt.Fprintf(p.w, "%s: %s\n", p.step, p.text())
	}
}

// Note says something on a line of its own, while the step goes on.
func (p *progress) Note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.redraw {
		p.clear()
	}
	fmt.Fprintf(p.w, "note: %s\n", text)
}

// Row leaves a line of detail on a terminal, while the step goes on.
func (p *progress) Row(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.redraw {
		p.clear()
		fmt.Fprintf(p.w, "   %s\n", p.paint.faint(text))
	}
}

// End finishes the step.
func (p *progress) End(result string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := time.Since(p.begun)
	p.took = append(p.took, timing{p.step, took})
	if p.redraw {
		p.clear()
		fmt.Fprintf(p.w, "%s %-8s %s %s\n", p.paint.good("ok"), p.step, result, p.paint.faint(seconds(took)))
	} else {
		fmt.Fprintf(p.w, "%s: %s, %s\n", p.step, result, seconds(took))
	}
	p.step = ""
}

// stop takes the unfinished step's line away, for an error or the shell's prompt
// to stand there.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.halt != nil {
		close(p.halt)
		p.halt = nil
	}
	if p.redraw && p.step != "" {
		p.clear()
	}
	p.step = ""
}

// spin redraws the line, so that one sees that time passes and how much.
func (p *progress) spin(halt chan struct{}) {
	tick := time.NewTicker(120 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-halt:
			return
		case <-tick.C:
			p.mu.Lock()
			if p.step != "" {
				p.turn++
				p.draw()
			}
			p.mu.Unlock()
		}
	}
}

func (p *progress) draw() {
	line := fmt.Sprintf("%c  %-8s %s", `|/-\`[p.turn%4], p.step, p.text())
	took := seconds(time.Since(p.begun))
	line = cut(line, p.width()-len(took)-2)
	fmt.Fprintf(p.w, "\r\x1b[K%s %s", line, p.paint.faint(took))
}

func (p *progress) clear() { io.WriteString(p.w, "\r\x1b[K") }

func (p *progress) text() string {
	if p.of == 0 {
		return p.what
	}
	return fmt.Sprintf("%s %s/%s %s", bar(p.done, p.of), thousands(int64(p.done)), thousands(int64(p.of)), p.what)
}

// bar is ten columns wide.
func bar(done, of int) string {
	full := max(0, min(10, done*10/of))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", 10-full) + "]"
}

// cut shortens a line that would wrap, which cannot be redrawn.
func cut(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width || width < 4 {
		return s
	}
	return string(runes[:width-3]) + "..."
}

func seconds(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// rate is how fast it goes and how long it will take, to stand before what is being
// done: a narrow terminal cuts the end.
func rate(done, of int64, took time.Duration) string {
	if done == 0 || took < time.Second/4 {
		return ""
	}
	speed := float64(done) / took.Seconds()
	left := time.Duration(float64(of-done) / speed * float64(time.Second))
	return fmt.Sprintf("%s/s, %s left, ", thousands(int64(speed)), seconds(left))
}

func perSecond(rows int64, took time.Duration) string {
	return thousands(int64(float64(rows) / max(took.Seconds(), 1e-3)))
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
