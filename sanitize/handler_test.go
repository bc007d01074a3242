package sanitize_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qarion/seedbed/sanitize"
)

// served returns the response to a handler behind Handler.
func served(t *testing.T, p sanitize.Policy, h http.HandlerFunc) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(sanitize.Handler(h, p))
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestHandlerCleansWhatLeaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", `{"a" : "é"}` + "\n", `{"a" : "é"}` + "\n"}, // clean: byte for byte
		{"application/json", `{"a":"x\u0000"}`, `{"a":"x�"}`},
		{"application/problem+json", "{\"a\":\"\xff\",\"a\":1}", `{"a":"�","a~2":1}`},
		{"", `{"a":"\u202e"}`, `{"a":"�"}`},
		{"application/x-ndjson", "{\"a\":\"\\u0000\"}\n\n[1]\n{\"b\":\"\xff\"}", "{\"a\":\"�\"}\n\n[1]\n{\"b\":\"�\"}"},
		{"text/csv", "a,\x00é\n", "a,�é\n"},
		{"text/csv; charset=iso-8859-1", "a,\xe9\n", "a,\xe9\n"},
		{"image/png", "\x89PNG\x00", "\x89PNG\x00"},
	} {
		for _, size := range []int{1, 7, 1000} { // of each write
			response, body := served(t, sanitize.Policy{}, func(w http.ResponseWriter, _ *http.Request) {
				if c.contentType != "" {
					w.Header().Set("Content-Type", c.contentType)
				}
				w.WriteHeader(http.StatusAccepted)
				for rest := c.body; rest != ""; {
					n := min(size, len(rest))
					if written, err := io.WriteString(w, rest[:n]); written != n || err != nil {
						t.Errorf("wrote %d of %d, %v", written, n, err)
					}
					rest = rest[n:]
				}
			})
			if body != c.want || response.StatusCode != http.StatusAccepted {
				t.Errorf("%s in writes of %d: got %q (%s), want %q", c.contentType, size, body, response.Status, c.want)
			}
			if found := sanitize.Inspect(&http.Response{Header: response.Header, Body: io.NopCloser(strings.NewReader(body))}, sanitize.Policy{AllowBinary: true}); len(found) > 0 && !strings.Contains(c.contentType, "8859") {
				t.Errorf("%s: what left has %s", c.contentType, report("it", found))
			}
		}
	}
}

func TestHandlerIsBounded(t *testing.T) {
	t.Parallel()
	p := sanitize.Policy{MaxPayload: 2000}
	var written int
	response, body := served(t, p, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=latin1")
		w.Header().Set("Content-Length", "5000000")
		fmt.Fprint(w, `{"items":[`)
		for range 100_000 {
			n, _ := fmt.Fprint(w, `{"name":"somebody"},`)
			written += n
		}
		fmt.Fprint(w, `1]}`)
	})
	if body != `"[omitted: the payload goes over 2000 bytes]"` {
		t.Errorf("%d bytes: …%s", len(body), body[max(0, len(body)-100):])
	}
	if response.Header.Get("Content-Type") != "application/json; charset=utf-8" || written < 1_000_000 {
		t.Errorf("%v, wrote %d", response.Header, written)
	}
}

// TestHandlerStreams lets the client see the first line before the second is written.
func TestHandlerStreams(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"text/event-stream", "application/jsonl"} {
		next := make(chan struct{})
		server := httptest.NewServer(sanitize.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			for range 2 {
				fmt.Fprint(w, "\"é\"\n")
				w.(http.Flusher).Flush()
				<-next
			}
		}), sanitize.Policy{}))
		response, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 5)
		for range 2 {
			if _, err := io.ReadFull(response.Body, line); err != nil || string(line) != "\"é\"\n" {
				t.Fatalf("%q, %v", line, err)
			}
			next <- struct{}{}
		}
		response.Body.Close()
		server.Close()
	}
}

func TestHandlerOfNothing(t *testing.T) {
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, "sanitize.Handler: the handler is nil: pass what serves") {
			t.Errorf("got %s", said)
		}
	}()
	sanitize.Handler(nil, sanitize.Policy{})
}

func TestHandlerWithoutABody(t *testing.T) {
	t.Parallel()
	response, body := served(t, sanitize.Policy{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if response.StatusCode != http.StatusNoContent || body != "" {
		t.Errorf("%s %q", response.Status, body)
	}
}

// TestHandlerPasses what it cannot read.
func TestHandlerPasses(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{"Content-Encoding": "gzip", "Content-Range": "bytes 2-5/20"} {
		rec := httptest.NewRecorder()
		sanitize.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set(key, value)
			fmt.Fprint(w, "\x1f\x8b")
		}), sanitize.Policy{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
		if rec.Body.String() != "\x1f\x8b" {
			t.Errorf("%s: left as %q", key, rec.Body)
		}
	}
}

func TestEncoderWritesCleanLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	e := sanitize.NewEncoder(&b, sanitize.Policy{})
	for _, v := range []any{map[string]int{"a": 1}, "x\x00", make(chan int)} {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	if want := "{\"a\":1}\n\"x\ufffd\"\n\"[omitted: chan cannot be encoded]\"\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
