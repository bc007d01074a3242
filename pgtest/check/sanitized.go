package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/sanitize"
)

// Sanitized fails the test where payload must not leave as it is (Standard #185):
// bytes that are not UTF-8, control and bidi characters, duplicate keys, raw
// binary, what encoding/json refuses, what is too large or too deep, and a charset that
// contradicts the body.
//
//	check.Sanitized(t, page)                 // any Go value, as encoding/json would write it
//	check.Sanitized(t, recorder)             // *httptest.ResponseRecorder, *http.Response
//	check.Sanitized(t, body)                 // []byte, json.RawMessage, io.Reader, a string of JSON
//
// Each finding has its path, offset and bytes, and says what to do. An error is
// checked by its message, for that is what leaves. With several policies the
// payload has to satisfy each; with none, the default one. The body of a response
// can be read again afterwards; see sanitize.Inspect for other readers.
//
// It never writes to payload, and goes on with the test. A response or recorder that
// nothing was written to is a finding; a limit that the policy does not allow ends the test.
func Sanitized(t testing.TB, payload any, policies ...sanitize.Policy) {
	t.Helper()
	subject := describe(payload)
	payload = asSent(payload)
	if len(policies) == 0 {
		policies = []sanitize.Policy{{}}
	}
	for _, p := range policies {
		if wrong := limitNotKept(p); wrong != "" {
			t.Fatalf("check.Sanitized: %s", wrong)
		}
		if found := sanitize.Inspect(payload, p); len(found) > 0 {
			t.Errorf("check.Sanitized: %s", formatSanitized(subject, found))
		}
	}
}

// limitNotKept says which limit of a policy sanitize replaces by another: a test that sets
// it would hold the payload to one that it does not name.
func limitNotKept(p sanitize.Policy) string {
	for _, limit := range []struct {
		name            string
		is, least, most int
	}{
		{"MaxString", p.MaxString, 64, math.MaxInt},
		{"MaxPayload", p.MaxPayload, 1024, math.MaxInt},
		{"MaxDepth", p.MaxDepth, 1, 10_000},
		{"MaxFindings", p.MaxFindings, 1, math.MaxInt},
	} {
		switch {
		case limit.is != 0 && limit.is < limit.least:
			return fmt.Sprintf("Policy.%s is %d: it is at least %d", limit.name, limit.is, limit.least)
		case limit.is > limit.most:
			return fmt.Sprintf("Policy.%s is %d: it is at most %d", limit.name, limit.is, limit.most)
		}
	}
	if most := cmp.Or(p.MaxPayload, 10<<20) / 8; p.MaxString > max(most, 64) {
		return fmt.Sprintf("Policy.MaxString is %d: it is at most an eighth of MaxPayload, %d", p.MaxString, most)
	}
	return ""
}

// asSent returns what of payload leaves, where that is not payload itself.
func asSent(payload any) any {
	switch p := payload.(type) {
	case json.Marshaler:
		return p
	case error:
		return p.Error()
	case string:
		if isDocument(p) {
			return json.RawMessage(p)
		}
	}
	return payload
}

// isDocument reports whether s is a body rather than a text that is part of one.
func isDocument(s string) bool {
	start := strings.TrimLeft(s, " \t\r\n")
	return start != "" && (start[0] == '{' || start[0] == '[') && json.Valid([]byte(s))
}

// describe says in a failure what was looked at.
func describe(payload any) string {
	if r, ok := payload.(*http.Response); ok && r != nil && r.Request != nil && r.Request.URL != nil {
		return fmt.Sprintf("the response to %s %s", r.Request.Method, r.Request.URL.Path)
	}
	return fmt.Sprintf("a %T", payload)
}

// formatSanitized writes each finding, and what its rule is about once.
func formatSanitized(subject string, found []sanitize.Finding) string {
	rules := map[string]sanitize.Rule{}
	for _, r := range sanitize.Rules() {
		rules[r.Name] = r
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s\n", report.Count(len(found), "finding"), subject)
	for _, f := range found {
		b.WriteString("\n")
		report.Hang(&b, "  ", f.Rule+": "+f.Path)
		report.Hang(&b, "    ", detail(f))
		if f.In != "" {
			report.Hang(&b, "      | ", f.Hex()+" in "+f.Excerpt)
		}
		if rule, first := rules[f.Rule]; first {
			report.Hang(&b, "    why  ", rule.Why)
			report.Hang(&b, "    fix  ", rule.Fix)
			delete(rules, f.Rule)
		}
	}
	if slices.ContainsFunc(found, func(f sanitize.Finding) bool { return f.Rule != "unreadable" }) {
		b.WriteString("\n  sanitize.Handler and sanitize.Encoder replace all of this before it leaves.\n")
	}
	return b.String()
}

// detail says what is there, where in it, and how often.
func detail(f sanitize.Finding) string {
	s := f.Detail
	if f.In != "" && f.In != "binary" {
		s += fmt.Sprintf(", at byte %d of the %s", f.Offset, f.In)
	}
	if f.Count > 1 {
		s += fmt.Sprintf(", and %d more like it", f.Count-1)
	}
	return s
}
