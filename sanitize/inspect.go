package sanitize

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Inspect returns what in v must not leave as it is, in the order in which it
// would be written, at most p.MaxFindings. It returns nil for a clean payload.
//
// v is any Go value, seen as encoding/json sees it, or something that is a
// payload already: []byte, json.RawMessage, an io.Reader, an *http.Response, or
// an *httptest.ResponseRecorder. Those are read as JSON where they are JSON by
// their content type, or without one by their start, and as text otherwise; a body
// with a media type that is neither is raw binary. At most p.MaxPayload bytes are
// read. The body of a response can be read again afterwards, and so can a
// *bytes.Buffer; any other reader is used up.
//
// It never writes to v, and takes a panicking or failing MarshalJSON for a
// finding. Errors are findings too (unreadable).
func Inspect(v any, p Policy) []Finding {
	p = p.filled()
	if _, ok := v.(json.Marshaler); !ok {
		switch v := v.(type) {
		case []byte, *http.Response, interface{ Result() *http.Response }, io.Reader:
			return p.inspectBody(v)
		}
	}
	if w := p.clean(v, true); w != nil {
		return w.found
	}
	return nil
}

// Value returns what to hand to encoding/json in place of v: v itself where Inspect
// finds nothing, and otherwise a json.RawMessage with everything replaced that
// Inspect finds, as the package comment lists. The result always encodes, and
// Inspect finds nothing in it, nor Value anything to do.
//
//	json.NewEncoder(w).Encode(sanitize.Value(page, sanitize.Policy{}))
//
// Value never writes to v. A []byte is binary here, at the top as anywhere else;
// to sanitize a document, hand it over as json.RawMessage.
func Value(v any, p Policy) any {
	p = p.filled()
	if w := p.clean(v, false); w != nil && w.dirty {
		return json.RawMessage(w.result())
	}
	return v
}

// clean writes v as a clean document, and returns nil where it is clean as it is.
func (p *Policy) clean(v any, collect bool) *writer {
	dry := walker{p: p, left: p.MaxPayload}
	if dry.any(v); !dry.stop {
		return nil
	}
	out := newWriter(p, collect)
	w := walker{p: p, out: out}
	w.any(v)
	return out
}

// Encoder writes values as a json.Encoder does, each clean and on a line of its own.
type Encoder struct {
	json   *json.Encoder
	policy Policy
}

// NewEncoder returns an encoder that writes to w. It keeps one value in memory at a
// time, of at most p.MaxPayload bytes before HTML is escaped.
func NewEncoder(w io.Writer, p Policy) *Encoder {
	return &Encoder{json.NewEncoder(w), p}
}

// Encode writes Value(v) and a newline. It fails only where writing does.
func (e *Encoder) Encode(v any) error {
	if err := e.json.Encode(Value(v, e.policy)); err != nil {
		return fmt.Errorf("sanitize: encode %T: %w", v, err)
	}
	return nil
}
