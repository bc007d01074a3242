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

// payload tells apart what is a payload already and what has to be encoded.
func (in *inspector) payload(v any) {
	switch v := v.(type) {
	case nil:
	case []byte:
		in.body(v, nil, "")
	case *http.Response:
		in.response(v)
	case interface{ Result() *http.Response }: // *httptest.ResponseRecorder
		if isNil(reflect.ValueOf(v)) {
			in.add(Unreadable, "the %T is nil", v)
			return
		}
		in.response(v.Result())
	case json.Marshaler:
		in.any(v)
	case io.Reader:
		in.reader(v)
	default:
		in.any(v)
	}
}

// reader reads no more than the policy allows, and puts back what it can.
func (in *inspector) reader(r io.Reader) {
	if v := reflect.ValueOf(r); isNil(v) {
		in.add(Unreadable, "the %s is nil", typeName(v.Type()))
		return
	}
	if buf, ok := r.(*bytes.Buffer); ok {
		in.body(buf.Bytes(), nil, "")
		return
	}
	start, seekErr := int64(0), error(io.EOF)
	seeker, _ := r.(io.Seeker)
	if seeker != nil {
		start, seekErr = seeker.Seek(0, io.SeekCurrent)
	}
	b, err := in.read(r)
	if seekErr == nil {
		if _, back := seeker.Seek(start, io.SeekStart); err == nil {
			err = back
		}
	}
	in.body(b, err, "")
}

// read reads one byte more than the limit, so that it shows.
func (in *inspector) read(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, int64(in.p.MaxPayload)+1))
}

// response inspects the body of r and leaves it as it was.
func (in *inspector) response(r *http.Response) {
	if r == nil {
		in.add(Unreadable, "the *http.Response is nil")
		return
	}
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b, err := in.read(r.Body)
	r.Body = restored{io.MultiReader(bytes.NewReader(b), &failing{r.Body, err}), r.Body}
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") && err == nil {
		b, err = in.unzip(b)
	}
	in.body(b, err, r.Header.Get("Content-Type"))
}

// restored is a body that was read, to be read again.
type restored struct {
	io.Reader
	io.Closer
}

// failing fails as the body did when it was read, or goes on reading it.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.r.Read(p)
}

// unzip is bounded like any other reading: a small body can unfold to anything.
func (in *inspector) unzip(b []byte) ([]byte, error) {
	if len(b) > in.p.MaxPayload {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b, err
	}
	return in.read(z)
}

// body inspects bytes that go out as they are. err is why they end early.
func (in *inspector) body(b []byte, err error, contentType string) {
	if err != nil {
		in.add(Unreadable, "reading stops after %d bytes: %s", len(b), short(quoteASCII(err.Error())))
	}
	if len(b) > in.p.MaxPayload {
		in.add(OversizePayload, "the payload goes over %d bytes; what follows was not inspected", in.p.MaxPayload)
		b, err = b[:in.p.MaxPayload], io.ErrShortBuffer
	}
	if len(b) == 0 {
		return
	}
	in.left = len(b)
	switch kindOf(b, contentType) {
	case bodyJSON:
		in.parse(string(b), err)
	case bodyText:
		in.plain(string(b), err)
	default:
		in.opaque(b, contentType)
	}
}

type bodyKind int

const (
	bodyText bodyKind = iota
	bodyJSON
	bodyBinary
)

// kindOf goes by the content type, and where there is none by what stands there.
func kindOf(b []byte, contentType string) bodyKind {
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "" || err != nil:
		if startsLikeJSON(b) || isJSON(b) {
			return bodyJSON
		}
		return bodyText
	case media == "text/plain" && isJSON(b):
		// What net/http sends where a handler forgets to name a type.
		return bodyJSON
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return bodyJSON
	case strings.HasPrefix(media, "text/") || isTextMedia[media] || strings.HasSuffix(media, "+xml"):
		return bodyText
	}
	return bodyBinary
}

var isTextMedia = map[string]bool{
	"application/xml":                   true,
	"application/javascript":            true,
	"application/x-ndjson":              true,
	"application/jsonl":                 true,
	"application/yaml":                  true,
	"application/graphql":               true,
	"application/x-www-form-urlencoded": true,
}

// startsLikeJSON reports whether b starts as an object or a list does.
func startsLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte(bom)), " \t\r\n")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

func isJSON(b []byte) bool { return json.Valid(bytes.TrimPrefix(b, []byte(bom))) }

// plain inspects text that is not JSON.
func (in *inspector) plain(s string, err error) {
	if err != nil {
		s = wholeRunes(s)
	}
	in.scan(s, "text", 0, s)
}

// wholeRunes drops the start of a character that the end of s cuts off.
func wholeRunes(s string) string {
	for i := len(s) - 1; i >= 0 && i >= len(s)-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			if !utf8.FullRuneInString(s[i:]) {
				return s[:i]
			}
			break
		}
	}
	return s
}

// opaque is a body that says itself that it is neither JSON nor text.
func (in *inspector) opaque(b []byte, contentType string) {
	if in.p.AllowBinary {
		return
	}
	bytes, around := excerpt(string(b), 0, excerptBytes)
	in.record(Finding{Rule: RawBinary, In: "text", Bytes: bytes, Excerpt: around, Count: 1,
		Detail: "a body of type " + short(quoteASCII(contentType))})
}
