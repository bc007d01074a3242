package sanitize

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"
)

// inspectBody inspects what is a payload already.
func (p Policy) inspectBody(v any) []Finding {
	w := newWriter(&p, true)
	switch v := v.(type) {
	case []byte:
		w.body(v, nil, "")
	case *http.Response:
		w.response(v)
	case interface{ Result() *http.Response }: // *httptest.ResponseRecorder
		if isNil(reflect.ValueOf(v)) {
			w.add(unreadable, "the %T is nil", v)
			break
		}
		r := v.Result()
		if n := w.response(r); n == 0 && r.StatusCode == http.StatusOK && len(r.Header) == 0 {
			w.add(unreadable, "nothing was written to the %T: was the handler called?", v)
		}
	case *bytes.Buffer:
		if v == nil {
			w.add(unreadable, "the *bytes.Buffer is nil")
			break
		}
		w.body(v.Bytes(), nil, "")
	case io.Reader:
		b, err := w.readAll(v)
		w.body(b, err, "")
	}
	return w.found
}

// readAll reads one byte more than the limit, so that it shows.
func (w *writer) readAll(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, int64(w.p.MaxPayload)+1))
}

// response inspects the body of r and leaves it as it was. It returns the bytes that were
// looked at.
func (w *writer) response(r *http.Response) int {
	if r == nil {
		w.add(unreadable, "the *http.Response is nil")
		return 0
	}
	if r.Body == nil || r.Body == http.NoBody {
		if r.StatusCode == 0 {
			w.add(unreadable, "the *http.Response is empty: it has no status and no body")
		}
		return 0
	}
	b, err := w.readAll(r.Body)
	if len(b) == 0 && err == nil && r.ContentLength > 0 && (r.Request == nil || r.Request.Method != http.MethodHead) {
		w.add(unreadable, "its body was read before: %d bytes by its Content-Length", r.ContentLength)
	}
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failing{err}
	}
	r.Body = restored{io.MultiReader(bytes.NewReader(b), rest), r.Body}
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") && err == nil {
		b, err = w.unzip(b)
	}
	w.body(b, err, r.Header.Get("Content-Type"))
	return len(b)
}

// restored is a body that was read, to be read again.
type restored struct {
	io.Reader
	io.Closer
}

// failing fails as the body did when it was read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// unzip is bounded like any other reading: a small body can unfold to anything.
func (w *writer) unzip(b []byte) ([]byte, error) {
	if len(b) > w.p.MaxPayload {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b, err
	}
	return w.readAll(z)
}

// body inspects bytes that go out as they are. err is why they end early.
func (w *writer) body(b []byte, err error, contentType string) {
	if err != nil {
		w.add(unreadable, "reading stops after %d bytes: %s", len(b), short(quoteASCII(err.Error())))
	}
	if len(b) > w.p.MaxPayload {
		w.add(oversizePayload, "the payload goes over %d bytes; what follows was not inspected", w.p.MaxPayload)
		b, err = b[:w.p.MaxPayload], io.ErrShortBuffer
	}
	if len(b) == 0 {
		return
	}
	media := mediaOf(contentType)
	kind := media.kind(b)
	if kind != binaryBody {
		w.charset(b, media)
	}
	w.p.MaxPayload = 8 * len(b) // they are what they are, however they are written
	switch kind {
	case jsonBody:
		w.bodyJSON(b, err)
	case textBody:
		w.plain(string(b), err)
	default:
		w.opaque(b, contentType)
	}
}

// bodyJSON inspects a document. Where it was cut off, its end is no error of its own.
func (w *writer) bodyJSON(b []byte, cause error) {
	if dry := (walker{p: w.p, left: len(b)}); dry.isCleanDocument(b) {
		return
	}
	err := w.copy(b, nil)
	if err == nil || w.stop {
		return
	}
	w.levels = w.levels[:0]
	if cause == nil || errorOffset(b, err)+longestToken <= len(b) {
		w.invalid(b, err)
	}
}

// longestToken is how far before the end of a document that was cut off the cut
// can look like an error: \u00e9 is read in one piece.
const longestToken = len(`\ud83d\ude00`)

// media is what a Content-Type says.
type media struct {
	known   bool
	name    string // such as application/json
	charset string // in lower case
}

func mediaOf(contentType string) media {
	name, params, err := mime.ParseMediaType(contentType)
	if contentType == "" || err != nil {
		return media{}
	}
	return media{true, name, strings.ToLower(params["charset"])}
}

func (m media) isJSON() bool {
	return m.name == "application/json" || strings.HasSuffix(m.name, "+json")
}

func (m media) isUTF8() bool { return m.charset == "" || m.charset == "utf-8" || m.charset == "utf8" }

// isLines reports whether each line is a document of its own.
func (m media) isLines() bool {
	return m.name == "application/x-ndjson" || m.name == "application/jsonl"
}

func (m media) isText() bool {
	return strings.HasPrefix(m.name, "text/") || strings.HasSuffix(m.name, "+xml") || m.isLines() || otherText[m.name]
}

var otherText = map[string]bool{
	"application/xml":                   true,
	"application/javascript":            true,
	"application/yaml":                  true,
	"application/graphql":               true,
	"application/x-www-form-urlencoded": true,
}

type bodyKind int

const (
	textBody bodyKind = iota
	jsonBody
	binaryBody
)

// kind goes by the content type, and where there is none by what stands there.
func (m media) kind(b []byte) bodyKind {
	switch {
	case !m.known:
		if startsLikeJSON(b) || isJSON(b) {
			return jsonBody
		}
		return textBody
	case m.name == "text/plain" && isJSON(b):
		// What net/http sends where a handler forgets to name a type.
		return jsonBody
	case m.isJSON():
		return jsonBody
	case m.isText():
		return textBody
	}
	return binaryBody
}

// startsLikeJSON reports whether b starts as an object or a list does.
func startsLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte(bom)), " \t\r\n")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

func isJSON(b []byte) bool { return json.Valid(bytes.TrimPrefix(b, []byte(bom))) }

// charset notes where a body is UTF-8 and says that it is not. That it says UTF-8 and
// is not is invalid-utf8, at the bytes.
func (w *writer) charset(b []byte, m media) {
	switch {
	case m.isUTF8():
		return
	case strings.HasPrefix(m.charset, "utf-16") || strings.HasPrefix(m.charset, "utf-32"):
		if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
			return
		}
	case isASCII(b) || !utf8.Valid(b):
		return // the same in every charset that has ASCII; or indeed another charset
	}
	at := bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
	at = max(at, 0)
	w.addAt(plainText(string(b), "text"), at, 1, charsetMismatch,
		"the header says charset=%s, and the body is not", short(quoteASCII(m.charset)))
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plain inspects text that is not JSON.
func (w *writer) plain(s string, err error) {
	if err != nil {
		s = string(wholeRunes([]byte(s)))
	}
	w.flaws(plainText(s, "text"))
}

// wholeRunes drops the start of a character that the end of b cuts off.
func wholeRunes(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

// opaque is a body that says itself that it is neither JSON nor text.
func (w *writer) opaque(b []byte, contentType string) {
	if !w.p.AllowBinary {
		w.addAt(plainText(string(b), "text"), 0, excerptBytes, rawBinary, "a body of type %s", short(quoteASCII(contentType)))
	}
}
