package sanitize

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const bom = "\ufeff"

// document walks JSON text. hidden are bytes that a MarshalJSON wrote as base64 into it.
func (w *walker) document(doc []byte, hidden hidden) {
	if w.out != nil {
		w.out.document(doc, hidden)
		return
	}
	w.stop = w.stop || len(hidden) > 0 || !w.isCleanDocument(doc)
	w.charge(len(doc))
}

// isCleanDocument has the decoder say that doc is whole, UTF-8 and without duplicate
// keys, and looks at its tokens.
func (w *walker) isCleanDocument(doc []byte) bool {
	return len(doc) <= w.left && jsontext.Value(doc).IsValid() && w.tokens(string(doc))
}

// tokens looks at a valid document.
func (w *walker) tokens(doc string) bool {
	depth := w.depth
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case c == '"':
			n := w.stringToken(doc[i+1:])
			if n < 0 {
				return false
			}
			i += 1 + n
		case c == '{' || c == '[':
			if depth++; depth > w.p.MaxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || '0' <= c && c <= '9':
			start := i
			for i+1 < len(doc) && isNumberByte(doc[i+1]) {
				i++
			}
			if w.p.numberRule(doc[start:i+1]) != "" {
				return false
			}
		}
	}
	return true
}

func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// stringToken returns the length of the clean string that rest starts with, and -1 where
// it may not be clean.
func (w *walker) stringToken(rest string) int {
	end := skipPlain(rest, 0)
	if rest[end] != '"' {
		scan := textScan{p: w.p, s: rest, literal: true}
		f, flawed := scan.next(end)
		if flawed {
			return -1
		}
		end = f.at
	}
	if end > w.p.MaxString {
		return -1
	}
	return end
}

// document writes JSON text clean, and a marker in place of what is none.
func (w *writer) document(doc []byte, hidden hidden) {
	if w.json.OutputOffset()+int64(len(doc)) > int64(w.p.MaxPayload) {
		w.overflow()
		return
	}
	if err := syntaxOf(bytes.TrimPrefix(doc, []byte(bom))); err != nil {
		w.invalid(doc, err)
		w.marker(documentMarker("invalid JSON", doc))
		return
	}
	_ = w.copy(doc, hidden) // it has been parsed
}

// document is JSON that a writer copies.
type document struct {
	*writer
	text   string
	start  int // of the JSON in text: after a byte order mark
	in     *jsontext.Decoder
	hidden hidden
}

// copy writes doc clean, up to where it is not JSON: then it returns why.
func (w *writer) copy(doc []byte, hidden hidden) error {
	d := document{writer: w, text: string(doc), hidden: hidden}
	if bytes.HasPrefix(doc, []byte(bom)) {
		d.start = len(bom)
		w.addAt(d.token(0, len(bom)), 0, len(bom), byteOrderMark, "U+FEFF BYTE ORDER MARK before the document")
	}
	d.in = jsontext.NewDecoder(bytes.NewBuffer(doc[d.start:]), lenient...)
	for outside := len(w.levels); !w.stop; {
		if err := d.next(); err != nil {
			return err
		}
		if len(w.levels) == outside {
			return atEnd(d.in)
		}
	}
	return nil
}

// next copies one bracket, key or scalar.
func (d *document) next() error {
	kind := d.in.PeekKind()
	if kind == '}' || kind == ']' {
		token, err := d.in.ReadToken()
		if err == nil {
			d.end(token)
		}
		return err
	}
	switch parent, n := d.in.StackIndex(d.in.StackDepth()); {
	case parent == '{' && n%2 == 0:
		return d.member()
	case parent == '[':
		d.top().index++
	}
	if kind != '{' && kind != '[' {
		return d.scalar(kind)
	}
	if len(d.levels) < d.p.MaxDepth {
		token, err := d.in.ReadToken()
		if err == nil {
			d.begin(token)
		}
		return err
	}
	at := d.offset()
	at += strings.IndexByte(d.text[at:], byte(kind)) // after space, a colon or a comma
	d.addAt(d.token(at, 1), 0, 1, tooDeep, "%s", d.p.deep())
	d.marker(deepMarker(d.p.MaxDepth))
	return d.in.SkipValue()
}

// offset is where in the text the last token ended.
func (d *document) offset() int { return d.start + int(d.in.InputOffset()) }

// token is what stands at a place.
func (d *document) token(at, size int) text {
	return text{s: d.text[at : at+size], in: "document", whole: d.text, base: at}
}

// raw returns the next scalar or key as it stands, and where.
func (d *document) raw() (lit string, at int, err error) {
	v, err := d.in.ReadValue()
	at = d.offset() - len(v)
	return d.text[at:d.offset()], at, err
}

// quoted is what stands between the quotes of the string or key lit.
func (d *document) quoted(lit string, at int) text {
	t := d.token(at+1, len(lit)-2)
	t.literal = true
	return t
}

func (d *document) member() error {
	lit, at, err := d.raw()
	if err == nil && lit[0] != '"' {
		err = errors.New("a key is not a string") // the decoder refuses it first
	}
	if err == nil {
		d.key(d.quoted(lit, at))
	}
	return err
}

func (d *document) scalar(kind jsontext.Kind) error {
	lit, at, err := d.raw()
	if err != nil {
		return err
	}
	switch kind {
	case '"':
		t := d.quoted(lit, at)
		if b, is := d.hidden[t.unescaped()]; is {
			d.addAt(t, -1, len(lit), rawBinary, "%d bytes go out as base64", len(b))
			d.binary(b)
			return nil
		}
		d.str(t, false)
	case '0':
		d.number(d.token(at, len(lit)))
	default:
		d.value(lit)
	}
	return nil
}

// lenient reads what the cleaner repairs.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// syntaxOf returns why doc is not JSON.
func syntaxOf(doc []byte) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(doc), lenient...)
	for {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		if d.StackDepth() == 0 {
			return atEnd(d)
		}
	}
}

// atEnd wants nothing but space after a document.
func atEnd(d *jsontext.Decoder) error {
	if d.PeekKind() != 0 {
		at := d.InputOffset()
		at += int64(len(d.UnreadBuffer()) - len(bytes.TrimLeft(d.UnreadBuffer(), " \t\r\n")))
		return &jsontext.SyntacticError{ByteOffset: at, Err: errors.New("expected the end")}
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return err
	}
	return nil
}

// invalid notes where doc stops being JSON.
func (w *writer) invalid(doc []byte, err error) {
	detail := "unexpected end"
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		detail = syntax.Err.Error()
	}
	w.addAt(plainText(string(doc), "document"), errorOffset(doc, err), 1, invalidJSON, "%s", short(detail))
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

// documentMarker stands for what is left out, and tells two such things apart.
func documentMarker(what string, doc []byte) string {
	sum := sha256.Sum256(doc)
	return fmt.Sprintf("[omitted: %s, %d bytes, sha256 %x]", what, len(doc), sum[:6])
}
