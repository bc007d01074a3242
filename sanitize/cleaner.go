package sanitize

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// cleaner copies a document and notes and replaces what must not leave in it.
type cleaner struct {
	p       *Policy
	doc     string
	start   int      // of the JSON in doc: after a byte order mark
	notes   []note   // on values of doc, by their place
	sources []source // parts of doc that a walker did not write itself, by their place

	in     *jsontext.Decoder
	out    *jsontext.Encoder
	buf    bytes.Buffer
	levels []level

	collect bool // findings are wanted, and the work ends with Policy.MaxFindings
	found   []Finding
	dirty   bool   // something was found
	invalid []byte // the document, where it is none
	over    bool   // the payload goes over Policy.MaxPayload
	stop    bool
}

// level is an object or list that is open.
type level struct {
	object bool
	name   string // of the current member
	index  int    // of the current element, or key or value
}

// cleanDocument writes doc clean. It returns a *jsontext.SyntacticError where doc is none.
func (c *cleaner) cleanDocument(doc []byte) error {
	c.sources = []source{{end: len(doc)}}
	if bytes.HasPrefix(doc, []byte(bom)) {
		c.start = len(bom)
		c.record(byteOrderMarkBefore(doc))
	}
	return c.copy(doc)
}

// result is the clean document.
func (c *cleaner) result() []byte {
	if c.over {
		return []byte(fmt.Sprintf(`"[omitted: the payload goes over %d bytes]"`, c.p.MaxPayload))
	}
	if c.invalid != nil {
		return []byte(quote(documentMarker("invalid JSON", c.invalid)))
	}
	return bytes.TrimSuffix(c.buf.Bytes(), []byte("\n"))
}

func (c *cleaner) copy(doc []byte) error {
	c.doc = string(doc)
	c.buf.Grow(len(doc))
	c.in = jsontext.NewDecoder(bytes.NewBuffer(doc[c.start:]), lenient...)
	c.out = jsontext.NewEncoder(&c.buf, jsontext.PreserveRawStrings(true))
	for !c.stop {
		if err := c.next(); err != nil {
			return err
		}
		if len(c.levels) == 0 {
			return atEnd(c.in)
		}
		if c.out.OutputOffset()+int64(len(c.levels)) > int64(c.p.MaxPayload) {
			c.overflow()
		}
	}
	return nil
}

func (c *cleaner) overflow() {
	if !c.stop {
		c.over = true
		c.add(oversizePayload, "the payload goes over %d bytes here; what follows was not inspected", c.p.MaxPayload)
		c.stop = true
	}
}

// next copies one bracket, key or scalar.
func (c *cleaner) next() error {
	kind := c.in.PeekKind()
	if kind == '}' || kind == ']' {
		return c.bracket()
	}
	if l := c.top(); l != nil {
		l.index++
		if l.object && l.index%2 == 0 {
			return c.key()
		}
	}
	if kind != '{' && kind != '[' {
		return c.scalar(kind)
	}
	if len(c.levels) < c.p.MaxDepth {
		return c.bracket()
	}
	at := c.offset()
	at += strings.IndexByte(c.doc[at:], byte(kind)) // after space, a colon or a comma
	c.at(c.doc[at:at+1], at, tooDeep, c.p.deep())
	c.write([]byte(quote(deepMarker(c.p.MaxDepth))))
	return c.in.SkipValue()
}

func (c *cleaner) top() *level {
	if len(c.levels) == 0 {
		return nil
	}
	return &c.levels[len(c.levels)-1]
}

// offset is where in the document the last token ended.
func (c *cleaner) offset() int { return c.start + int(c.in.InputOffset()) }

func (c *cleaner) bracket() error {
	token, err := c.in.ReadToken()
	if err != nil {
		return err
	}
	switch kind := token.Kind(); kind {
	case '{', '[':
		c.report(c.notesAt(c.offset() - 1))
		c.levels = append(c.levels, level{object: kind == '{', index: -1})
	default:
		c.levels = c.levels[:len(c.levels)-1]
	}
	return c.out.WriteToken(token)
}

// raw returns the next scalar or key as it stands, and where.
func (c *cleaner) raw() (lit string, at int, err error) {
	v, err := c.in.ReadValue()
	at = c.offset() - len(v)
	return c.doc[at:c.offset()], at, err
}

func (c *cleaner) scalar(kind jsontext.Kind) error {
	lit, at, err := c.raw()
	if err != nil {
		return err
	}
	notes := c.notesAt(at)
	c.report(notes)
	switch kind {
	case '"':
		c.str(lit, at, notes)
		return nil
	case '0':
		if rule := c.p.numberRule(lit); rule != "" {
			c.at(lit, at, rule, numberDetail(rule, lit))
			lit = quote(cut(lit, c.p.MaxString, len(lit)))
		}
	}
	c.write([]byte(lit))
	return nil
}

func (c *cleaner) write(value jsontext.Value) {
	_ = c.out.WriteValue(value) // it is valid, and a buffer takes all
}

func (c *cleaner) str(lit string, at int, notes []note) {
	t, in := c.textAt(lit, at, "string", notes)
	if src := c.sourceOf(at); src != nil && len(src.hidden) > 0 {
		if b, there := src.hidden[meaningOf(t.s, t.literal)]; there {
			c.at(lit, at, rawBinary, fmt.Sprintf("%d bytes go out as base64", len(b)))
			c.write([]byte(placeholder(b, len(c.levels) < c.p.MaxDepth)))
			return
		}
	}
	s, changed := c.inspect(t)
	switch {
	case in != nil && in.quoted:
		lit = quote(cut(quote(s), c.p.MaxString, len(in.text)))
	case in != nil || changed:
		lit = quote(s)
	}
	c.write([]byte(lit))
}

// textAt is the string or key at a place: where a walker could not write it, the one in
// its note.
func (c *cleaner) textAt(lit string, at int, in string, notes []note) (text, *note) {
	for i, n := range notes {
		if n.found == nil {
			return plainText(n.text, in), &notes[i]
		}
	}
	t := text{s: lit[1 : len(lit)-1], literal: true, in: in, whole: lit, base: 1}
	if src := c.sourceOf(at); src != nil {
		t.in, t.whole, t.base = "document", c.doc[src.start:src.end], at+1-src.start
	}
	return t, nil
}

// key copies the name of a member. One that is there already gets a number.
func (c *cleaner) key() error {
	lit, at, err := c.raw()
	if err != nil {
		return err
	}
	if lit[0] != '"' {
		return errors.New("a key is not a string") // the decoder refuses it first
	}
	notes := c.notesAt(at)
	t, _ := c.textAt(lit, at, "key", notes)
	l := c.top()
	l.name = meaningOf(t.s, t.literal)
	c.report(notes)
	name, _ := c.inspect(t)
	if c.out.WriteToken(jsontext.String(name)) == nil {
		return nil
	}
	c.at(lit, at, duplicateKey, "another member of the object has the key "+quoteASCII(name))
	for n := l.index/2 + 1; ; n++ {
		suffix := fmt.Sprintf("~%d", n)
		if c.out.WriteToken(jsontext.String(trimTo(name, c.p.MaxString-len(suffix))+suffix)) == nil {
			return nil
		}
	}
}
