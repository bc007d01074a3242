package sanitize

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// writer writes a clean document: it notes and replaces what must not leave in it.
type writer struct {
	p      *Policy
	json   *jsontext.Encoder
	buf    bytes.Buffer
	levels []level

	collect bool // findings are wanted, and the work ends with Policy.MaxFindings
	found   []Finding
	dirty   bool // something was found
	over    bool // the payload goes over Policy.MaxPayload
	stop    bool // nothing more is wanted
}

// level is an object or list that is open.
type level struct {
	object bool
	name   string // of the current member, as the payload has it
	index  int    // of the current member or element; -1 before the first
}

func newWriter(p *Policy, collect bool) *writer {
	w := &writer{p: p, collect: collect}
	w.json = jsontext.NewEncoder(&w.buf, jsontext.PreserveRawStrings(true))
	return w
}

// result is the clean document.
func (w *writer) result() []byte {
	if w.over {
		return fmt.Appendf(nil, `"[omitted: the payload goes over %d bytes]"`, w.p.MaxPayload)
	}
	return bytes.TrimSuffix(w.buf.Bytes(), []byte("\n"))
}

// wrote ends the work where the document has become too large. It takes what an
// encoder into a buffer returns: no error, as long as tokens come in a valid order.
func (w *writer) wrote(error) {
	if w.json.OutputOffset()+int64(len(w.levels)) > int64(w.p.MaxPayload) {
		w.overflow()
	}
}

func (w *writer) overflow() {
	if !w.stop {
		w.over = true
		w.add(oversizePayload, "the payload goes over %d bytes here; what follows was not inspected", w.p.MaxPayload)
		w.stop = true
	}
}

func (w *writer) begin(t jsontext.Token) {
	w.levels = append(w.levels, level{object: t.Kind() == '{', index: -1})
	w.wrote(w.json.WriteToken(t))
}

func (w *writer) end(t jsontext.Token) {
	w.levels = w.levels[:len(w.levels)-1]
	w.wrote(w.json.WriteToken(t))
}

func (w *writer) top() *level { return &w.levels[len(w.levels)-1] }

// value writes a scalar that is clean.
func (w *writer) value(lit string) { w.wrote(w.json.WriteValue(jsontext.Value(lit))) }

func (w *writer) marker(text string) { w.value(quote(text)) }

// str writes a string. quoted is the field option ",string": a string in a string.
func (w *writer) str(t text, quoted bool) {
	s, changed := w.clean(t)
	switch {
	case quoted:
		s, _ = w.clean(plainText(quote(s), "string"))
	case t.literal && !changed:
		w.value(t.whole[t.base-1 : t.base+len(t.s)+1])
		return
	}
	w.wrote(w.json.WriteToken(jsontext.String(s)))
}

// number writes a number, as a string where a reader would change it.
func (w *writer) number(t text) {
	rule := w.p.numberRule(t.s)
	if rule == "" {
		w.value(t.s)
		return
	}
	w.addAt(t, 0, len(t.s), rule, "%s", numberDetail(rule, t.s))
	w.marker(cut(t.s, w.p.MaxString, len(t.s)))
}

// key writes the name of a member. One that is there already gets a number.
func (w *writer) key(t text) {
	l := w.top()
	l.index++
	l.name = t.unescaped()
	name, _ := w.clean(t)
	if w.stop || w.json.WriteToken(jsontext.String(name)) == nil {
		return
	}
	if !t.literal {
		t.in = "" // what is equal is what became of it
	}
	w.addAt(t, -1, len(t.s)+2, duplicateKey, "another member of the object has the key %s", quoteASCII(name))
	for n := l.index + 1; ; n++ {
		suffix := fmt.Sprintf("~%d", n)
		if w.json.WriteToken(jsontext.String(trimTo(name, w.p.MaxString-len(suffix))+suffix)) == nil {
			return
		}
	}
}

// binary writes what stands for bytes: a reader sees that there is something, whether
// it changed, and whether a download is it. It is an object where there is room for one.
func (w *writer) binary(b []byte) {
	if len(w.levels) >= w.p.MaxDepth {
		w.marker(documentMarker("binary", b))
		return
	}
	w.value(fmt.Sprintf(`{"type":"binary","length":%d,"sha256":"%x"}`, len(b), sha256.Sum256(b)))
}
