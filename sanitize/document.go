package sanitize

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

const bom = "\ufeff"

// tokens reads JSON text into a cleaner.
type tokens struct {
	*cleaner
	*jsontext.Decoder
	doc    string
	start  int // of the JSON in doc: after a byte order mark
	base   int // levels that are open around it
	hidden hidden
}

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// json reads a document into the cleaner. hidden are bytes that a MarshalJSON wrote
// as base64 into it.
func (c *cleaner) json(doc []byte, hidden hidden) {
	before := c.state()
	if err := c.read(doc, hidden); err != nil && !c.stop {
		c.restore(before)
		c.syntaxError(string(doc), err)
		c.marker(documentMarker("invalid JSON", doc))
	}
}

// read reads a document and returns a *jsontext.SyntacticError where it is none.
// What was read up to there has been written, and its levels are open.
func (c *cleaner) read(doc []byte, hidden hidden) error {
	t := tokens{cleaner: c, doc: string(doc), base: len(c.levels), hidden: hidden}
	c.out = slices.Grow(c.out, min(len(doc), c.p.MaxPayload))
	if strings.HasPrefix(t.doc, bom) {
		t.start = len(bom)
		bytes, around := excerpt(t.doc, 0, len(bom))
		c.record(Finding{Rule: byteOrderMark, In: "document", Bytes: bytes, Excerpt: around, Count: 1,
			Detail: "U+FEFF BYTE ORDER MARK before the document"})
	}
	t.Decoder = decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(t.Decoder)
	t.Reset(bytes.NewBuffer(doc[t.start:]), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for !c.stop {
		if err := t.next(); err != nil {
			return err
		}
		if len(c.levels) == t.base && t.StackDepth() == 0 {
			return t.atEnd()
		}
	}
	return nil
}

// next reads one bracket, key or scalar.
func (t *tokens) next() error {
	kind := t.PeekKind()
	l := t.top()
	switch inside := len(t.levels) > t.base; {
	case kind == '}' || kind == ']':
		if _, err := t.ReadToken(); err != nil {
			return err
		}
		t.close()
		return nil
	case inside && l.full:
		return t.drop()
	case inside && l.object && len(t.pending) == 0:
		return t.readKey()
	case inside && !l.object:
		l.index++
	}
	return t.readValue(kind)
}

// drop skips an element, or a member with its value.
func (t *tokens) drop() error {
	l := t.top()
	if l.object {
		if err := t.SkipValue(); err != nil {
			return err
		}
	}
	l.dropped++
	return t.SkipValue()
}

func (t *tokens) readKey() error {
	name, at, err := t.raw()
	if err != nil {
		return err
	}
	if len(name) < 2 || name[0] != '"' {
		return fmt.Errorf("a key is not a string") // the decoder refuses it first
	}
	t.key(t.textAt(name, at))
	return nil
}

func (t *tokens) readValue(kind jsontext.Kind) error {
	if kind == '{' || kind == '[' {
		return t.readOpen(kind)
	}
	lit, at, err := t.raw()
	if err != nil {
		return err
	}
	switch kind {
	case '"':
		t.readString(lit, at)
	case '0':
		t.documentNumber(lit, at)
	default:
		t.write(lit)
	}
	return nil
}

func (t *tokens) readOpen(kind jsontext.Kind) error {
	if t.depth() >= t.p.MaxDepth {
		at := t.start + int(t.InputOffset())
		at += strings.IndexByte(t.doc[at:], byte(kind)) // after space, a colon or a comma
		t.at(t.doc[at:at+1], at, tooDeep, t.p.deep())
		t.marker(deepMarker(t.p.MaxDepth))
		return t.SkipValue()
	}
	if !t.open(kind == '{') {
		return t.SkipValue()
	}
	_, err := t.ReadToken()
	return err
}

// raw returns the next scalar or key as it stands, and where.
func (t *tokens) raw() (lit string, at int, err error) {
	v, err := t.ReadValue()
	end := t.start + int(t.InputOffset())
	at = end - len(v)
	return t.doc[at:end], at, err
}

func (t *tokens) textAt(lit string, at int) text {
	return text{s: lit[1 : len(lit)-1], literal: true, in: "document", whole: t.doc, base: at + 1}
}

func (t *tokens) readString(lit string, at int) {
	s := t.textAt(lit, at)
	if len(t.hidden) > 0 {
		if b, there := t.hidden[s.meaning()]; there {
			t.at(lit, at, rawBinary, fmt.Sprintf("%d bytes go out as base64", len(b)))
			t.placeholder(b)
			return
		}
	}
	t.str(s)
}

func (t *tokens) documentNumber(lit string, at int) {
	rule := t.p.numberRule(lit)
	if rule == "" {
		t.write(lit)
		return
	}
	t.at(lit, at, rule, numberDetail(rule, lit))
	t.marker(cut(lit, t.p.MaxString, len(lit)))
}

// at notes a finding about the token lit.
func (t *tokens) at(lit string, at int, rule, detail string) {
	bytes, around := excerpt(t.doc, at, len(lit))
	t.record(Finding{Rule: rule, In: "document", Offset: at, Bytes: bytes, Excerpt: around, Count: 1, Detail: detail})
}

// atEnd wants nothing but space after the document.
func (t *tokens) atEnd() error {
	if t.PeekKind() != 0 {
		at := t.InputOffset()
		at += int64(len(t.UnreadBuffer())) - int64(len(bytes.TrimLeft(t.UnreadBuffer(), " \t\r\n")))
		return &jsontext.SyntacticError{ByteOffset: at, Err: errors.New("expected the end")}
	}
	if _, err := t.ReadToken(); err != io.EOF {
		return err
	}
	return nil
}

// syntaxError notes where a document stops being JSON.
func (c *cleaner) syntaxError(doc string, err error) {
	detail := "unexpected end"
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		detail = syntax.Err.Error()
	}
	at := errorOffset([]byte(doc), err)
	bytes, around := excerpt(doc, at, 1)
	c.record(Finding{Rule: invalidJSON, In: "document", Offset: at, Bytes: bytes, Excerpt: around,
		Count: 1, Detail: short(detail)})
}

func errorOffset(doc []byte, err error) int {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return len(doc)
	}
	at := int(syntax.ByteOffset)
	if bytes.HasPrefix(doc, []byte(bom)) {
		at += len(bom)
	}
	return min(at, len(doc))
}

// cutShort ends a document of which only the start was read.
func (c *cleaner) cutShort() {
	c.pending = c.pending[:0]
	for len(c.levels) > 0 {
		c.top().dropped = unknown
		c.close()
	}
}

// state is where a cleaner was before a document.
type state struct {
	out, levels int
	top         level
	pending     []byte
}

func (c *cleaner) state() state {
	s := state{out: len(c.out), levels: len(c.levels), pending: bytes.Clone(c.pending)}
	if l := c.top(); l != nil {
		s.top = *l
	}
	return s
}

// restore takes back what was written since.
func (c *cleaner) restore(s state) {
	c.out, c.levels, c.pending = c.out[:s.out], c.levels[:s.levels], append(c.pending[:0], s.pending...)
	if l := c.top(); l != nil {
		*l = s.top
	}
}

// documentMarker stands for what is left out, and tells two such things apart.
func documentMarker(what string, doc []byte) string {
	sum := sha256.Sum256(doc)
	return fmt.Sprintf("[omitted: %s, %d bytes, sha256 %x]", what, len(doc), sum[:6])
}
