package sanitize

import (
	"bytes"
	"net/http"
	"strconv"
)

// Handler returns a handler that serves next and lets its responses leave clean.
//
//	http.ListenAndServe(addr, sanitize.Handler(mux, sanitize.Policy{}))
//
// A JSON response is held back until next returns, up to p.MaxPayload bytes; what is
// clean then leaves byte for byte, and a marker leaves in place of what goes over the limit.
// Lines of JSON (application/x-ndjson, application/jsonl) leave one by one, and other
// text as it is written, of any length, both with U+FFFD in place of what must not
// leave; Flush reaches the client. Everything else passes: images and downloads, parts
// of a body (Content-Range), what has a Content-Encoding (put Handler inside of
// compression), text that declares another charset than UTF-8, hijacked connections.
//
// Bytes that a handler encoded as base64 are text by now: Encoder, Value and
// check.Sanitized see those.
func Handler(next http.Handler, p Policy) http.Handler {
	if next == nil {
		panic("sanitize.Handler: the handler is nil: pass what serves the requests, such as a *http.ServeMux")
	}
	p = p.filled()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clean := &responseWriter{ResponseWriter: w, policy: p, bodiless: r.Method == http.MethodHead}
		next.ServeHTTP(clean, r)
		clean.finish()
	})
}

// responseWriter cleans what is written through it.
type responseWriter struct {
	http.ResponseWriter
	policy   Policy
	bodiless bool
	status   int
	mode     mode
	held     []byte // what cannot leave yet
}

// mode is what is done with a body.
type mode int

const (
	undecided mode = iota
	pass
	holdJSON
	cleanLines
	cleanTextBody
)

// Unwrap is for http.ResponseController.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseWriter) WriteHeader(status int) {
	switch {
	case status < 200:
		w.ResponseWriter.WriteHeader(status)
	case w.status == 0:
		w.status = status
	}
}

func (w *responseWriter) Write(b []byte) (int, error) {
	if w.mode == undecided {
		w.decide(b)
	}
	var err error
	switch w.mode {
	case holdJSON:
		w.held = append(w.held, b[:min(len(b), max(0, w.policy.MaxPayload+1-len(w.held)))]...)
	case cleanLines:
		err = w.lines(b)
	case cleanTextBody:
		w.held = append(w.held, b...)
		whole := wholeRunes(w.held)
		err = w.sendText(whole)
		w.held = append(w.held[:0], w.held[len(whole):]...)
	default:
		return w.ResponseWriter.Write(b)
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// decide goes by the headers, and where there is no type by the first bytes.
func (w *responseWriter) decide(b []byte) {
	header := w.Header()
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", http.DetectContentType(b))
		if startsLikeJSON(b) {
			header.Set("Content-Type", "application/json")
		}
	}
	media := mediaOf(header.Get("Content-Type"))
	switch {
	case header.Get("Content-Encoding") != "" || header.Get("Content-Range") != "" || w.bodiless:
		w.mode = pass
	case media.isJSON():
		w.mode = holdJSON
		if !media.isUTF8() {
			header.Set("Content-Type", media.name+"; charset=utf-8")
		}
		return // the header leaves with the body
	case media.isLines():
		w.mode = cleanLines
	case media.isText() && media.isUTF8():
		w.mode = cleanTextBody
	default:
		w.mode = pass
	}
	if w.mode != pass {
		header.Del("Content-Length")
	}
	w.sendHeader()
}

func (w *responseWriter) sendHeader() {
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
}

// lines sends the lines that are whole, and a marker for one over Policy.MaxPayload.
func (w *responseWriter) lines(b []byte) error {
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		w.held = append(w.held, line[:min(len(line), max(0, w.policy.MaxPayload+1-len(w.held)))]...)
		b = rest
		if whole {
			if err := w.sendLine("\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *responseWriter) sendLine(end string) error {
	line := w.held
	if len(bytes.TrimSpace(line)) > 0 {
		line = w.policy.cleanBody(line)
	}
	_, err := w.ResponseWriter.Write(append(bytes.Clone(line), end...))
	w.held = w.held[:0]
	return err
}

func (w *responseWriter) sendText(b []byte) error {
	_, err := w.ResponseWriter.Write([]byte(w.policy.cleanText(string(b), len(b)*len("\ufffd"))))
	return err
}

// finish sends what is held. What the client no longer takes is lost.
func (w *responseWriter) finish() {
	switch {
	case w.mode == undecided:
		w.sendHeader()
	case w.mode == holdJSON:
		body := w.policy.cleanBody(w.held)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.sendHeader()
		_, _ = w.ResponseWriter.Write(body)
	case w.mode == cleanLines && len(w.held) > 0:
		_ = w.sendLine("")
	case w.mode == cleanTextBody && len(w.held) > 0:
		_ = w.sendText(w.held)
	}
}

// Flush sends what can leave. JSON cannot before it is whole.
func (w *responseWriter) Flush() {
	if w.mode == holdJSON {
		return
	}
	if w.mode == undecided {
		w.decide(nil)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // an error where it cannot
}

// cleanBody returns the clean form of a body that is JSON.
func (p Policy) cleanBody(doc []byte) []byte {
	w := walker{p: &p, left: p.MaxPayload}
	if w.isCleanDocument(doc) {
		return doc
	}
	out := newWriter(&p, false)
	out.document(doc, nil)
	return out.result()
}
