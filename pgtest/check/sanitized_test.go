package check_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest/check"
	"github.com/qarion/seedbed/sanitize"
)

func TestSanitizedIsSilentOnCleanPayloads(t *testing.T) {
	t.Parallel()
	gone := httptest.NewRecorder()
	gone.WriteHeader(http.StatusNoContent)
	for _, payload := range []any{
		nil, "text", `{"a":1}`, []byte(`{"a":[1,2.5,"é 😀 العربية"]}`), json.RawMessage(`[]`),
		map[string]any{"items": []int{1}}, errors.New("not found"), bytes.NewBufferString("{}"),
		struct{ A *int }{}, gone,
	} {
		listener := testkit.NewRecorder(nil)
		check.Sanitized(listener, payload)
		if len(listener.Errors()) > 0 || !listener.CalledHelper() {
			t.Errorf("%T: %s", payload, listener.Text())
		}
	}
}

// TestSanitizedTells holds the page that a user reads to its golden file.
func TestSanitizedTells(t *testing.T) {
	t.Parallel()
	type author struct {
		Bio    string `json:"bio"`
		Avatar []byte `json:"avatar"`
	}
	page := map[string]any{
		"items": []author{{Bio: "fine"}, {Bio: "user\u202etxt.exe", Avatar: []byte("\x89PNG\r\n")}},
		"score": math.NaN(),
	}
	rec := httptest.NewRecorder()
	rec.WriteString(`{"name":"caf` + "\xe9" + `","name":"x\u0000"}`)
	response := rec.Result()
	response.Request = httptest.NewRequest(http.MethodGet, "/v1/comments?page=2", nil)

	listener := testkit.NewRecorder(nil)
	check.Sanitized(listener, page)
	check.Sanitized(listener, response)
	check.Sanitized(listener, fmt.Errorf("no row for %q\x00", "x"))
	golden(t, "sanitized", listener.Text())
}

// TestSanitizedSeesWhatLeaves tries payloads whose Go value hides it.
func TestSanitizedSeesWhatLeaves(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	rec.WriteString(`{"a":"\ud800"}`)
	for want, payload := range map[string]any{
		"lone-surrogate: $.a":  rec,
		"duplicate-key: $.a":   `{"a":1,"a":2}`,
		"c0-control: $":        errors.New("\x1b[31mred"),
		"invalid-json: $":      []byte(`{"a":`),
		"unreadable: $":        (*http.Response)(nil),
		"byte-order-mark: $":   strings.NewReader("\ufeff{}"),
		"invalid-utf8: $":      "\xff{}",
		"unsafe-integer: $[0]": []any{uint64(1) << 53},
	} {
		listener := testkit.NewRecorder(nil)
		check.Sanitized(listener, payload)
		if !strings.Contains(listener.Text(), "check.Sanitized: 1 finding") || !strings.Contains(listener.Text(), want) {
			t.Errorf("%T: want %s, got %s", payload, want, listener.Text())
		}
	}
}

// What nothing was written to, or was read before, is not clean.
func TestSanitizedOfNothingWritten(t *testing.T) {
	t.Parallel()
	read := httptest.NewRecorder()
	read.Header().Set("Content-Length", "2")
	read.WriteString("{}")
	response := read.Result()
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	for want, payload := range map[string]any{
		"nothing was written to the *httptest.ResponseRecorder: was the handler called?": httptest.NewRecorder(),
		"the *http.Response is empty: it has no status and no body":                      &http.Response{},
		"its body was read before: 2 bytes by its Content-Length":                        response,
	} {
		listener := testkit.NewRecorder(nil)
		check.Sanitized(listener, payload)
		testkit.Mention(t, listener.Text(), "unreadable: $", want)
		if strings.Contains(listener.Text(), "replace all of this") {
			t.Errorf("nothing can be replaced: %s", listener.Text())
		}
	}
}

// A limit that is not applied as it is written is refused.
func TestSanitizedByALimitThatIsNone(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]sanitize.Policy{
		"Policy.MaxString is 2: it is at least 64":                                    {MaxString: 2},
		"Policy.MaxPayload is 1000: it is at least 1024":                              {MaxPayload: 1000},
		"Policy.MaxDepth is 20000: it is at most 10000":                               {MaxDepth: 20_000},
		"Policy.MaxFindings is -1: it is at least 1":                                  {MaxFindings: -1},
		"Policy.MaxString is 2097152: it is at most an eighth of MaxPayload, 1310720": {MaxString: 2 << 20},
	} {
		r := testkit.Record(t, func(t testing.TB) { check.Sanitized(t, "xxx", p) })
		testkit.Mention(t, r.FatalMessage(), "check.Sanitized: "+want)
	}
	check.Sanitized(t, "xxx", sanitize.Policy{MaxString: 64, MaxPayload: 1024, MaxDepth: 10_000, MaxFindings: 1})
}

func TestSanitizedTakesEveryPolicy(t *testing.T) {
	t.Parallel()
	strict := sanitize.Policy{MaxString: 64}
	lenient := sanitize.Policy{AllowBinary: true}
	for _, c := range []struct {
		payload  any
		policies []sanitize.Policy
		failures int
	}{
		{[]any{[]byte{1}}, nil, 1},
		{[]any{[]byte{1}}, []sanitize.Policy{lenient}, 0},
		{[]any{[]byte{1}}, []sanitize.Policy{lenient, strict}, 1},
		{strings.Repeat("x", 65), []sanitize.Policy{strict, lenient}, 1},
	} {
		listener := testkit.NewRecorder(nil)
		check.Sanitized(listener, c.payload, c.policies...)
		if len(listener.Errors()) != c.failures {
			t.Errorf("%d failures, want %d: %s", len(listener.Errors()), c.failures, listener.Text())
		}
	}
}

// A response is checked where it is made, and stays readable.
func ExampleSanitized() {
	var t *testing.T // the test's own
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(sanitize.Value(map[string]any{"logo": []byte("\x89PNG")}, sanitize.Policy{}))
	})
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/logo", nil))
	check.Sanitized(t, rec)
}
