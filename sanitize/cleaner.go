package sanitize

import (
	"fmt"
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// cleaner writes the clean form of one payload and notes what was not clean in it.
// A Go value and a JSON document are both told to it in the order of the JSON:
// open, key, a value, close.
type cleaner struct {
	p       Policy
	out     []byte
	around  int // levels that are open outside of the payload
	levels  []level
	pending []byte // the member's encoded key and colon, until its value is written
	refs    []reference
	wraps   int // Wrappers that are open

	collect bool // findings are wanted, and the work ends with Policy.MaxFindings
	found   []Finding
	dirty   bool // something was found

	cuts bool // what goes over Policy.MaxPayload is cut off; otherwise the work ends there
	over bool // the payload goes over Policy.MaxPayload
	stop bool
}

// level is an object or list that is open.
type level struct {
	object  bool
	start   int // of it in out
	count   int // items written
	dropped int // items for which there was no room
	full    bool
	index   int    // of the current element
	name    string // of the current member
	keys    keySet
}

// reserve is kept for each open level when a payload is cut, for the marker that
// says what was dropped, and for the closing bracket.
const reserve = 80

func (c *cleaner) top() *level {
	if len(c.levels) == 0 {
		return nil
	}
	return &c.levels[len(c.levels)-1]
}

func (c *cleaner) depth() int { return c.around + len(c.levels) }

// skips reports whether the next item is not to be written. It counts as dropped.
func (c *cleaner) skips() bool {
	if l := c.top(); l != nil && l.full {
		l.dropped++
		return true
	}
	return c.stop
}

// begin writes what stands before a value and returns where out ended before.
func (c *cleaner) begin() int {
	mark := len(c.out)
	if l := c.top(); l != nil && l.count > 0 {
		c.out = append(c.out, ',')
	}
	c.out = append(c.out, c.pending...)
	c.pending = c.pending[:0]
	return mark
}

// end keeps the value that was written since mark if there is room for it.
func (c *cleaner) end(mark int) bool { return c.fits(mark, len(c.levels)) }

// fits keeps what was written since mark if there is room for it and for closing levels.
func (c *cleaner) fits(mark, levels int) bool {
	kept := 1 // a closing bracket for each
	if c.cuts {
		kept = reserve
	}
	if len(c.out)+kept*levels > c.p.MaxPayload {
		c.out = c.out[:mark]
		c.overflow()
		return false
	}
	if l := c.top(); l != nil {
		l.count++
	}
	return true
}

func (c *cleaner) overflow() {
	if !c.over {
		c.over = true
		c.add(oversizePayload, "the payload goes over %d bytes here; what follows was not inspected", c.p.MaxPayload)
	}
	l := c.top()
	switch {
	case !c.cuts:
		c.stop = true
	case l != nil:
		l.full = true
		l.dropped++
	}
}

// write writes a value that is JSON already.
func (c *cleaner) write(value string) {
	if c.stop {
		return
	}
	mark := c.begin()
	c.out = append(c.out, value...)
	c.end(mark)
}

// marker writes a text of ours in place of what must not go out.
func (c *cleaner) marker(text string) {
	if c.stop {
		return
	}
	mark := c.begin()
	c.out = appendQuoted(c.out, text)
	c.end(mark)
}

// open starts an object or list. It returns false where that was left out.
func (c *cleaner) open(object bool) bool {
	if c.stop {
		return false
	}
	if c.depth() >= c.p.MaxDepth {
		c.add(tooDeep, "%s", c.p.deep())
		c.marker(deepMarker(c.p.MaxDepth))
		return false
	}
	mark := c.begin()
	bracket := byte('[')
	if object {
		bracket = '{'
	}
	c.out = append(c.out, bracket)
	if !c.fits(mark, len(c.levels)+1) {
		return false
	}
	c.push(object, mark)
	return true
}

// push adds a level, with the memory of one that was there before.
func (c *cleaner) push(object bool, start int) {
	n := len(c.levels)
	if n == cap(c.levels) {
		c.levels = append(c.levels, level{})
	}
	c.levels = c.levels[:n+1]
	l := &c.levels[n]
	*l = level{object: object, start: start, index: -1, keys: keySet{few: l.keys.few[:0]}}
}

// close ends the innermost level. One in which nothing had room is dropped as a whole.
func (c *cleaner) close() {
	if c.stop {
		return
	}
	l := c.top()
	if l.dropped > 0 && l.count == 0 {
		c.out, c.levels = c.out[:l.start], c.levels[:len(c.levels)-1]
		if outer := c.top(); outer != nil {
			outer.count--
			outer.full = true
			outer.dropped++
		}
		return
	}
	bracket, what := byte(']'), "elements"
	if l.object {
		bracket, what = '}', "members"
	}
	if l.dropped > 0 {
		c.out = append(c.out, ',')
		if l.object {
			c.out = append(appendQuoted(c.out, l.keys.unused("…")), ':')
		}
		c.out = appendQuoted(c.out, moreMarker(l.dropped, what))
	}
	c.out = append(c.out, bracket)
	c.levels = c.levels[:len(c.levels)-1]
}

// document returns what was written; never nothing.
func (c *cleaner) document() []byte {
	if len(c.out) == 0 {
		return []byte(`"[omitted: no room]"`)
	}
	return c.out
}

// add notes a finding about the value as a whole.
func (c *cleaner) add(rule, format string, args ...any) {
	c.dirty = true
	if c.collect && !c.stop {
		c.record(Finding{Rule: rule, Detail: fmt.Sprintf(format, args...), Count: 1})
	}
}

func (c *cleaner) record(f Finding) {
	c.dirty = true
	if !c.collect || c.stop {
		return
	}
	f.Path = c.path()
	c.found = append(c.found, f)
	c.stop = len(c.found) >= c.p.MaxFindings
}

func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // fails on invalid UTF-8 only, and writes U+FFFD for it
	return b
}

// The markers that stand in place of what is left out. Each fits the least
// MaxString, and none says what an error said: that is not for the reader.

const (
	cycleMarker  = "[omitted: refers to itself]"
	failedMarker = "[omitted: failed to encode]"
)

func (p *Policy) deep() string {
	return fmt.Sprintf("nested deeper than %d levels; what is below was not inspected", p.MaxDepth)
}

func deepMarker(limit int) string {
	return fmt.Sprintf("[omitted: nested deeper than %d levels]", limit)
}

func typeMarker(kind fmt.Stringer) string {
	return fmt.Sprintf("[omitted: %s cannot be encoded]", kind)
}

// unknown is how many items were dropped where only the start of a document is there.
const unknown = math.MaxInt

func moreMarker(n int, what string) string {
	if n == unknown {
		return fmt.Sprintf("[truncated: more %s]", what)
	}
	return fmt.Sprintf("[truncated: %d more %s]", n, what)
}
