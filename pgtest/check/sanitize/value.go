package sanitize

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// Value returns v with everything that Inspect finds replaced, as the package
// comment lists. encoding/json encodes the result, whatever Postgres held, and
// Inspect finds nothing in it.
//
// A clean v is returned as it is; so is the result of Value. v is never written
// to. Where only a part is not clean, the rest of the result is that of v: do not
// write to either afterwards.
//
// v is what would be handed to encoding/json. A []byte in particular is binary
// here, at the top as anywhere else; to sanitize a document, hand it over as
// json.RawMessage.
func Value(v any, p Policy) any {
	p = p.filled()
	look := newInspector(p)
	look.p.MaxFindings = 1
	look.any(v)
	if len(look.found) == 0 {
		return v
	}
	w := rewriter{p: p, left: p.MaxPayload, trail: trail{limit: p.MaxDepth}}
	out, o := w.value(reflect.ValueOf(v), planOf(reflect.TypeOf(v)), false)
	switch o {
	case same:
		return v
	case noRoom:
		return "[omitted: no room]"
	}
	return out
}

// rewriter builds the clean counterpart of a value.
type rewriter struct {
	trail
	p    Policy
	left int // bytes of Policy.MaxPayload that are not used up
	// hidden are the bytes behind the document that is being rewritten.
	hidden hidden
}

// outcome says what came of rewriting a value.
type outcome int

const (
	same    outcome = iota // it is clean, use it as it is
	changed                // use what was returned
	noRoom                 // it does not fit any more, nothing was used up
)

// reserve is kept for each open list and object, so that there is room to say
// that the rest of it was left out.
const reserve = 80

// take uses n bytes up, and does not where there are not so many.
func (w *rewriter) take(n int) outcome {
	if w.left < n {
		return noRoom
	}
	w.left -= n
	return same
}

// text returns s clean, in place of whatever stood there.
func (w *rewriter) text(s string) (any, outcome) {
	s, _ = w.p.cleanText(s, w.p.MaxString)
	if w.take(encodedLen(s)) == noRoom {
		return nil, noRoom
	}
	return s, changed
}

// value returns the clean counterpart of v. The result is meaningful only where
// the outcome is changed.
func (w *rewriter) value(v reflect.Value, p *plan, quoted bool) (any, outcome) {
	switch p.formFor(v) {
	case formBool:
		return nil, w.take(5)
	case formInt:
		return w.integer(v.Int(), quoted)
	case formUint:
		return w.unsigned(v.Uint(), quoted)
	case formFloat:
		return w.float(v, quoted)
	case formNumber:
		return w.jsonNumber(v.String(), quoted)
	case formString:
		return w.stringValue(v, quoted)
	case formInterface:
		if v.IsNil() {
			return nil, w.take(4)
		}
		return w.value(v.Elem(), planOf(v.Elem().Type()), false)
	case formPointer:
		return w.pointer(v, p, quoted)
	case formStruct:
		return w.structure(v, p)
	case formSlice:
		return w.list(v, p)
	case formMap, formBadMap:
		return w.mapping(v, p)
	case formObject:
		return w.object(v)
	}
	return w.special(v, p)
}

func (w *rewriter) special(v reflect.Value, p *plan) (any, outcome) {
	switch p.formFor(v) {
	case formTime:
		t := v.Interface().(time.Time)
		if !timeFits(t) {
			return w.text(timeText(t))
		}
		return nil, w.take(timeLen(t))
	case formInfinity:
		if v.Int() != 0 {
			return w.text(infinityText(v))
		}
		return nil, w.take(1)
	case formBinary:
		if w.depth >= w.limit {
			return w.text(deepMarker(w.limit))
		}
		return nil, w.take(v.Interface().(Binary).encodedLen())
	case formBytes, formByteArray:
		return w.binary(v)
	case formRaw:
		if v.IsNil() {
			return nil, w.take(4)
		}
		return w.document(string(v.Bytes()))
	case formJSON:
		return w.marshaler(v)
	case formText:
		return w.textMarshaler(v)
	}
	return w.text(typeMarker(v.Kind()))
}

func (w *rewriter) integer(n int64, quoted bool) (any, outcome) {
	if !quoted && !w.p.AllowUnsafeIntegers && (n > maxSafe || n < -maxSafe) {
		return w.text(strconv.FormatInt(n, 10))
	}
	return nil, w.take(intLen(n) + quotes(quoted))
}

func (w *rewriter) unsigned(n uint64, quoted bool) (any, outcome) {
	if !quoted && !w.p.AllowUnsafeIntegers && n > maxSafe {
		return w.text(strconv.FormatUint(n, 10))
	}
	return nil, w.take(uintLen(n) + quotes(quoted))
}

func (w *rewriter) float(v reflect.Value, quoted bool) (any, outcome) {
	f := v.Float()
	switch rule := w.p.floatRule(f); {
	case rule == NotFinite:
		return w.text(floatText(f))
	case rule != "" && !quoted:
		return w.exponent(v)
	}
	return nil, w.take(floatLen(f, v.Type().Bits()) + quotes(quoted))
}

// exponent writes a float in the way that does not look like an integer.
func (w *rewriter) exponent(v reflect.Value) (any, outcome) {
	n := json.Number(strconv.FormatFloat(v.Float(), 'e', -1, v.Type().Bits()))
	if w.take(len(n)) == noRoom {
		return nil, noRoom
	}
	return n, changed
}

func (w *rewriter) binary(v reflect.Value) (any, outcome) {
	look := newInspector(w.p)
	look.depth = w.depth
	look.binary(v)
	switch {
	case len(look.found) == 0:
		return nil, w.take(w.p.MaxPayload - look.left)
	case look.found[0].Rule == TooDeep:
		return w.text(deepMarker(w.limit))
	}
	switch r := w.p.binaryText(bytesOf(v), v.Type()).(type) {
	case Binary:
		if w.depth >= w.limit { // a Binary is an object, one level more
			return w.text(documentMarker("binary", string(bytesOf(v))))
		}
		if w.take(r.encodedLen()) == noRoom {
			return nil, noRoom
		}
		return r, changed
	case string:
		return w.text(r)
	}
	return nil, noRoom
}

func (w *rewriter) stringValue(v reflect.Value, quoted bool) (any, outcome) {
	clean, dirty := w.p.cleanText(v.String(), w.p.MaxString)
	size := encodedLen(clean)
	if quoted {
		clean, dirty = w.quotedText(v.String())
		size = encodedLen(quote(clean))
	}
	if w.take(size) == noRoom {
		return nil, noRoom
	}
	if !dirty {
		return nil, same
	}
	return reflect.ValueOf(clean).Convert(v.Type()).Interface(), changed
}

// quotedText cleans a string such that it fits when it is encoded twice.
func (w *rewriter) quotedText(s string) (string, bool) {
	limit := w.p.MaxString
	for {
		clean, dirty := w.p.cleanText(s, limit)
		over := len(quote(clean)) - w.p.MaxString
		if over <= 0 {
			return clean, dirty
		}
		limit = min(limit, len(clean)) - over/6 - 1 // an escape is at most six bytes
		if limit < leastString {
			return cutMarker(len(s)), true // little text, and all of it escapes
		}
	}
}

func (w *rewriter) jsonNumber(lit string, quoted bool) (any, outcome) {
	switch {
	case lit == "":
		return nil, w.take(1 + quotes(quoted))
	case isNumber(lit) && (quoted || w.p.numberRule(lit) == ""):
		return nil, w.take(len(lit) + quotes(quoted))
	}
	return w.text(lit)
}

func (w *rewriter) pointer(v reflect.Value, p *plan, quoted bool) (any, outcome) {
	if v.IsNil() {
		return nil, w.take(4)
	}
	switch w.down(v, false) {
	case Cycle:
		return w.text(cycleMarker)
	case TooDeep:
		return w.text(deepMarker(w.limit))
	}
	defer w.up(v, false)
	r, o := w.value(v.Elem(), p.elem, quoted)
	if o == changed && reflect.TypeOf(r) == v.Type().Elem() {
		return pointerTo(r), changed
	}
	return r, o
}

// pointerTo returns a *T for a T.
func pointerTo(v any) any {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	return p.Interface()
}
