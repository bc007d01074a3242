package sanitize

import (
	"errors"
	"fmt"
	"strings"
)

const bom = "\ufeff"

// longestToken is how far before the end of a document that was cut off the cut
// can look like an error: \u00e9 is read in one piece.
const longestToken = len(`\u00e9`)

// document inspects JSON text. Offsets count from its start.
func (in *inspector) document(doc string) {
	if !in.charge(len(doc)) {
		return
	}
	in.parse(doc, nil)
}

// parse inspects JSON text that is paid for. A cause, where there is one, is why
// the text ends early: then its end is nobody's mistake.
func (in *inspector) parse(doc string, cause error) {
	l := lexer{s: doc}
	if strings.HasPrefix(doc, bom) {
		bytes, around := excerpt(doc, 0, len(bom))
		in.record(Finding{Rule: ByteOrderMark, In: "document", Bytes: bytes, Excerpt: around, Count: 1,
			Detail: "U+FEFF BYTE ORDER MARK before the document"})
		l.i = len(bom)
	}
	d := documentInspection{inspector: in, lexer: &l, root: len(in.path), rootDepth: in.depth}
	err := d.run()
	in.path = in.path[:d.root]
	in.depth = d.rootDepth
	var syntax *syntaxError
	if errors.As(err, &syntax) && (cause == nil || syntax.at+longestToken <= len(doc)) {
		bytes, around := excerpt(doc, syntax.at, 1)
		in.record(Finding{Rule: InvalidJSON, In: "document", Offset: syntax.at, Bytes: bytes, Excerpt: around,
			Count: 1, Detail: syntax.Error()})
	}
}

// documentInspection is an inspection of JSON text on its way.
type documentInspection struct {
	*inspector
	lexer     *lexer
	root      int // length of the path to the document
	rootDepth int
	levels    []level
	skipping  int // levels opened below one that is too deep; nothing counts there
}

// level is an open object or list.
type level struct {
	object bool
	seen   keySet
}

// opened adds a level, with the memory of one that was there before.
func opened(levels []level, object bool) []level {
	n := len(levels)
	if n == cap(levels) {
		return append(levels, level{object: object})
	}
	levels = levels[:n+1]
	levels[n].object = object
	levels[n].seen = keySet{few: levels[n].seen.few[:0]}
	return levels
}

func (d *documentInspection) run() error {
	for !d.stop {
		t, err := d.lexer.next()
		if err != nil {
			return err
		}
		if t.kind == tokenEOF {
			return nil
		}
		d.token(t)
	}
	return nil
}

func (d *documentInspection) token(t token) {
	if d.skipping > 0 {
		switch t.kind {
		case tokenOpen:
			d.skipping++
		case tokenClose:
			d.skipping--
		}
		return
	}
	if t.kind != tokenKey && t.kind != tokenClose {
		d.nextElement()
	}
	switch t.kind {
	case tokenOpen:
		d.open(t)
	case tokenClose:
		d.levels = d.levels[:len(d.levels)-1]
		d.path = d.path[:len(d.path)-1]
		d.depth--
	case tokenKey:
		d.documentKey(t)
	case tokenString:
		d.documentText(t)
	case tokenNumber:
		lit := d.lexer.s[t.at:t.end]
		if rule := d.p.numberRule(lit); rule != "" {
			d.at(t, rule, numberDetail(rule, lit))
		}
	}
}

// nextElement moves the path on where the value is an element of a list.
func (d *documentInspection) nextElement() {
	if n := len(d.levels); n > 0 && !d.levels[n-1].object {
		d.path[len(d.path)-1].index++
	}
}

func (d *documentInspection) open(t token) {
	if d.depth >= d.limit {
		d.at(t, TooDeep, tooDeep(d.p.MaxDepth))
		d.skipping = 1
		return
	}
	d.depth++
	d.levels = opened(d.levels, d.lexer.s[t.at] == '{')
	d.path = append(d.path, step{index: -1})
}

func (d *documentInspection) documentKey(t token) {
	lit := d.lexer.inside(t)
	d.path[len(d.path)-1].name = unquote(lit, t.escaped)
	d.documentText(t)
	if name := readAs(lit, t.escaped); !d.levels[len(d.levels)-1].seen.add(name) {
		d.at(t, DuplicateKey, writtenTwice(name))
	}
}

// at records a finding about the token t.
func (d *documentInspection) at(t token, rule Rule, detail string) {
	bytes, around := excerpt(d.lexer.s, t.at, t.end-t.at)
	d.record(Finding{Rule: rule, In: "document", Offset: t.at, Bytes: bytes, Excerpt: around, Count: 1, Detail: detail})
}

// hiddenAs reports whether a value is the text that a MarshalJSON made of bytes.
func (d *documentInspection) hiddenAs(t token, lit string) (b []byte, there bool) {
	if len(d.hidden) == 0 || t.kind != tokenString {
		return nil, false
	}
	b, there = d.hidden[unquote(lit, t.escaped)]
	return b, there
}

func (d *documentInspection) documentText(t token) {
	lit := d.lexer.inside(t)
	if b, there := d.hiddenAs(t, lit); there {
		d.at(t, RawBinary, fmt.Sprintf("%d bytes go out as base64", len(b)))
		return
	}
	if len(lit) > d.p.MaxString {
		d.size(len(unquote(lit, t.escaped)))
	}
	if !t.escaped {
		d.scan(lit, "document", t.at+1, d.lexer.s)
		return
	}
	d.flaws(d.p.scanLiteral(lit, t.escaped), lit, "document", t.at+1, d.lexer.s)
}
