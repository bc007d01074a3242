package sanitize_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/qarion/seedbed/sanitize"
)

// rulesOf lists the rules that p breaks, in order.
func rulesOf(v any, p sanitize.Policy) string {
	var names []string
	for _, f := range sanitize.Inspect(v, p) {
		names = append(names, f.Rule+" "+f.Path)
	}
	return strings.Join(names, "; ")
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"nothing":               {"", ""},
		"object":                {`{"a":[1,2.5,"é",true,null]}`, ""},
		"spaced":                {" \n[1 , 2]\n", ""},
		"text":                  {"page not found\n", ""},
		"word":                  {"null", ""},
		"text like a word":      {"nullable", ""},
		"text with quotes":      {`"No", she said.`, ""},
		"string":                {`"\u0000"`, "nul $"},
		"raw NUL in text":       {"a\x00", "nul $"},
		"raw NUL in JSON":       {"[\"a\x00\"]", "invalid-json $"},
		"BOM":                   {"\ufeff{}", "byte-order-mark $"},
		"UTF-16":                {"\xff\xfe{\x00", "invalid-utf8 $; nul $"},
		"cut off":               {`{"a":[1,`, "invalid-json $"},
		"two documents":         {"{}\n{}", "invalid-json $"},
		"escaped bidi in a key": {`{"\u202e":{"x":"\u0001"}}`, `bidi-control $["\u202e"]; c0-control $["\u202e"].x`},
		"many of one kind":      {`["\u0000\u0000","\u0000"]`, "nul $[0]; nul $[1]"},
		"duplicates by decoding": {`{"\ud800":1,"\ud801":2}`,
			`lone-surrogate $["\ufffd"]; lone-surrogate $["\ufffd"]; duplicate-key $["\ufffd"]`},
		"half a pair and its replacement": {`{"\ud800":1,"\ufffd":2}`,
			`lone-surrogate $["\ufffd"]; duplicate-key $["\ufffd"]`},
		"raw and escaped duplicates": {"{\"a\xff\":1,\"a\\ufffd\":2}", `invalid-utf8 $["a\xff"]; duplicate-key $["a\ufffd"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rulesOf([]byte(c.body), sanitize.Policy{}); got != c.want {
				t.Errorf("[]byte: got %q, want %q", got, c.want)
			}
			if got := rulesOf(iotest.OneByteReader(strings.NewReader(c.body)), sanitize.Policy{}); got != c.want {
				t.Errorf("io.Reader: got %q, want %q", got, c.want)
			}
			if got := rulesOf(response(c.body, ""), sanitize.Policy{}); got != c.want {
				t.Errorf("*http.Response: got %q, want %q", got, c.want)
			}
		})
	}
}

func response(body, contentType string) *http.Response {
	return &http.Response{
		Header: http.Header{"Content-Type": {contentType}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json; charset=utf-8", "oops", "invalid-json $"},
		{"application/problem+json", `{"title":"\u0000"}`, "nul $.title"},
		{"text/plain", `{"title":`, ""},
		{"text/plain; charset=utf-8", `{"title":"\ud800"}`, "lone-surrogate $.title"},
		{"text/html; charset=utf-8", "<p>\x1b", "c0-control $"},
		{"image/svg+xml", "<svg>\xff", "invalid-utf8 $"},
		{"image/png", "\x89PNG", "raw-binary $"},
		{"application/octet-stream", "abc", "raw-binary $"},
		{"not a type;;", `{"a":1,"a":2}`, "duplicate-key $.a"},
	} {
		if got := rulesOf(response(c.body, c.contentType), sanitize.Policy{}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.contentType, got, c.want)
		}
	}
	if got := rulesOf(response("\x89PNG", "image/png"), sanitize.Policy{AllowBinary: true}); got != "" {
		t.Errorf("AllowBinary: got %q", got)
	}
}

// TestCharsets holds what a header says against the body.
func TestCharsets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json; charset=iso-8859-1", `{"a":"é"}`, "charset-mismatch $"},
		{"application/json; charset=US-ASCII", `{"a":"é"}`, "charset-mismatch $"},
		{"application/json; charset=utf-16", `{"a":1}`, "charset-mismatch $"},
		{"text/html; charset=windows-1252", "<p>é", "charset-mismatch $"},
		{"text/html; charset=windows-1252", `<p>\xe9`, "invalid-utf8 $"},
		{"application/json; charset=utf-8", `{"a":"\xe9"}`, "invalid-utf8 $.a"},
		{"application/json; charset=iso-8859-1", `{"a":"e"}`, ""},
		{"application/json; charset=UTF8", `{"a":"é"}`, ""},
		{"application/octet-stream; charset=iso-8859-1", "é", "raw-binary $"},
	} {
		c.body = strings.ReplaceAll(c.body, `\xe9`, "\xe9")
		if got := rulesOf(response(c.body, c.contentType), sanitize.Policy{}); got != c.want {
			t.Errorf("%s, %q: got %q, want %q", c.contentType, c.body, got, c.want)
		}
	}
}

// TestBodiesCanBeReadAgain also holds for what lies beyond the limit.
func TestBodiesCanBeReadAgain(t *testing.T) {
	t.Parallel()
	closed := false
	body := strings.Repeat("0123456789", 1000)
	r := response(body, "text/plain")
	r.Body = closer{r.Body, &closed}
	for range 2 {
		if got := rulesOf(r, sanitize.Policy{MaxPayload: 2000}); got != "oversize-payload $" {
			t.Errorf("got %q", got)
		}
	}
	if again, err := io.ReadAll(r.Body); string(again) != body || err != nil {
		t.Errorf("read %d bytes again, %v", len(again), err)
	}
	if r.Body.Close(); !closed {
		t.Error("Close does not reach the body")
	}
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error { *c.closed = true; return nil }

func TestABufferIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	b := bytes.NewBufferString(`{"a":"\u0000"}`)
	if got := rulesOf(b, sanitize.Policy{}); got != "nul $.a" || b.String() != `{"a":"\u0000"}` {
		t.Errorf("got %q, left with %q", got, b)
	}
}

// TestReadingIsBounded reads from a reader that never ends, and cuts a document
// in the middle of each kind of token.
func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	read := 0
	endless := readerFunc(func(p []byte) (int, error) {
		read += len(p)
		return copy(p, bytes.Repeat([]byte(`["é\u00e9",12.5e3,true`), 1+len(p)/24)), nil
	})
	rulesOf(endless, sanitize.Policy{MaxPayload: 1 << 20})
	if read > 4<<20 {
		t.Errorf("read %d bytes", read)
	}
	whole := "[" + strings.Repeat(`"é\u00e9",12.5e3,true,{"k\n":null},`, 60) + "1]"
	for limit := 1024; limit < 1100; limit++ {
		got := rulesOf([]byte(whole), sanitize.Policy{MaxPayload: limit})
		if got != "oversize-payload $" {
			t.Errorf("cut at %d: got %q", limit, got)
		}
	}
	text := strings.Repeat("aé", 1000)
	for limit := 1024; limit < 1030; limit++ {
		if got := rulesOf(response(text, "text/plain"), sanitize.Policy{MaxPayload: limit}); got != "oversize-payload $" {
			t.Errorf("text cut at %d: got %q", limit, got)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestUnreadable(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader(`{"a":"\u0000","b`), iotest.ErrReader(errors.New("connection reset")))
	if got := rulesOf(broken, sanitize.Policy{}); got != "unreadable $; nul $.a" {
		t.Errorf("broken reader: got %q", got)
	}
	r := response("", "")
	r.Body = io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc")))) // fails once
	for range 2 {
		if got := rulesOf(r, sanitize.Policy{}); got != "unreadable $" {
			t.Errorf("broken body: got %q", got)
		}
	}
	for _, v := range []any{(*http.Response)(nil), (*httptest.ResponseRecorder)(nil), (*bytes.Buffer)(nil), &http.Response{}, httptest.NewRecorder()} {
		if got := rulesOf(v, sanitize.Policy{}); got != "unreadable $" {
			t.Errorf("nil or empty %T: got %q", v, got)
		}
	}
	if got := rulesOf(&http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, sanitize.Policy{}); got != "" {
		t.Errorf("no body: got %q", got)
	}
}

func TestRecorderAndGzip(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Type", "application/json")
	rec.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(rec)
	if _, err := io.WriteString(z, `{"a":"\u0000"}`); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got := rulesOf(rec, sanitize.Policy{}); got != "nul $.a" {
		t.Errorf("got %q", got)
	}
	short := httptest.NewRecorder()
	short.Header().Set("Content-Encoding", "gzip")
	short.Body.Write(rec.Body.Bytes()[:5])
	if got := rulesOf(short, sanitize.Policy{}); !strings.HasPrefix(got, "unreadable $") {
		t.Errorf("truncated gzip: got %q", got)
	}
}
