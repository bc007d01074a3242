package sanitize

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const bom = "\ufeff"

// document walks JSON text. hidden are bytes that a MarshalJSON wrote as base64 into it.
func (w *walker) document(doc []byte, hidden hidden) {
	if w.dry {
		w.stop = w.stop || len(hidden) > 0 || !w.isCleanDocument(doc)
		w.charge(len(doc))
		return
	}
	if bytes.HasPrefix(doc, []byte(bom)) {
		w.note(byteOrderMarkBefore(doc))
		doc = doc[len(bom):]
	}
	if err := syntaxOf(doc); err != nil {
		w.note(invalidAt(doc, err))
		w.marker(documentMarker("invalid JSON", doc))
		return
	}
	w.sources = append(w.sources, source{len(w.out), len(w.out) + len(doc), hidden})
	w.write(string(doc))
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
	for i := skipPlain(rest, 0); i <= w.p.MaxString; i = skipPlain(rest, i) {
		if rest[i] == '"' {
			return i
		}
		r, size := utf8.DecodeRuneInString(rest[i:])
		if r == '\\' {
			r, size = readEscape(rest[i:])
		}
		if utf16.IsSurrogate(r) || w.p.ruleOf(r) != "" {
			return -1
		}
		i += size
	}
	return -1
}

// lenient reads what the cleaner repairs.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// syntaxOf returns why doc is not JSON.
func syntaxOf(doc []byte) error {
	if jsontext.Value(doc).IsValid(lenient...) {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(doc), lenient...)
	if _, err := d.ReadValue(); err != nil {
		return err
	}
	return atEnd(d)
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

// invalidAt is where doc stops being JSON.
func invalidAt(doc []byte, err error) Finding {
	detail, at := "unexpected end", errorOffset(doc, err)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		detail = syntax.Err.Error()
	}
	return foundIn(string(doc), at, 1, Finding{Rule: invalidJSON, In: "document", Detail: short(detail)})
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

func byteOrderMarkBefore(doc []byte) Finding {
	return foundIn(string(doc), 0, len(bom), Finding{Rule: byteOrderMark, In: "document",
		Detail: "U+FEFF BYTE ORDER MARK before the document"})
}

// documentMarker stands for what is left out, and tells two such things apart.
func documentMarker(what string, doc []byte) string {
	sum := sha256.Sum256(doc)
	return fmt.Sprintf("[omitted: %s, %d bytes, sha256 %x]", what, len(doc), sum[:6])
}
