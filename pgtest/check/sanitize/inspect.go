package sanitize

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Inspect returns what in v must not leave as it is, in the order in which it
// would be written, at most p.MaxFindings. It returns nil for a clean payload.
//
// v is any Go value, seen as encoding/json sees it, or something that is a
// payload already: []byte, json.RawMessage, an io.Reader, an *http.Response, or
// an *httptest.ResponseRecorder. Those are read as JSON where they are JSON by
// their content type, or without one by their start, and as text otherwise; a
// body with a media type that is neither is raw binary. At most p.MaxPayload bytes are
// read. The body of a response can be read again afterwards, and so can a reader
// that seeks or is a *bytes.Buffer; any other reader is used up.
//
// It never writes to v, and takes a panicking or failing MarshalJSON for a
// finding. Errors are findings too (unreadable).
func Inspect(v any, p Policy) []Finding {
	in := newInspector(p.filled())
	in.payload(v)
	return in.found
}

// inspector looks at one payload and collects what it finds.
type inspector struct {
	trail
	p     Policy
	path  path
	left  int // bytes of Policy.MaxPayload that are not used up
	found []Finding
	stop  bool
	keys  []string // of the maps that are open, sorted map by map
	// hidden are the bytes behind the document that is being read.
	hidden hidden
}

func newInspector(p Policy) *inspector {
	return &inspector{p: p, left: p.MaxPayload, trail: trail{limit: p.MaxDepth}}
}

// add records a finding about the value as a whole.
func (in *inspector) add(rule Rule, format string, args ...any) {
	in.record(Finding{Rule: rule, Detail: fmt.Sprintf(format, args...), Count: 1})
}

func (in *inspector) record(f Finding) {
	if in.stop {
		return
	}
	f.Path = in.path.String()
	in.found = append(in.found, f)
	in.stop = len(in.found) >= in.p.MaxFindings
}

// charge accounts for n bytes of payload. It ends the inspection, and returns
// false, where they are too many.
func (in *inspector) charge(n int) bool {
	in.left -= n
	if in.left < 0 && !in.stop {
		in.add(OversizePayload, "the payload goes over %d bytes here; what follows was not inspected", in.p.MaxPayload)
		in.stop = true
	}
	return !in.stop
}

// any inspects what an interface holds. The types that decoders and pgx make
// most are told apart without reflection.
func (in *inspector) any(x any) {
	switch x := x.(type) {
	case nil:
		in.charge(4)
	case string:
		in.text(x, "string")
	case bool:
		in.charge(5)
	case int64:
		in.integer(x, false)
	case float64:
		in.float(x, 64, false)
	case json.Number:
		in.number(string(x), false)
	case map[string]any:
		in.anyMap(x)
	case []any:
		in.anyList(x)
	default:
		v := reflect.ValueOf(x)
		in.value(v, planOf(v.Type()), false)
	}
}

func (in *inspector) value(v reflect.Value, p *plan, quoted bool) {
	if in.stop {
		return
	}
	switch p.formFor(v) {
	case formBool:
		in.charge(5)
	case formInt:
		in.integer(v.Int(), quoted)
	case formUint:
		in.unsigned(v.Uint(), quoted)
	case formFloat:
		in.float(v.Float(), v.Type().Bits(), quoted)
	case formString:
		in.stringValue(v.String(), quoted)
	case formNumber:
		in.number(v.String(), quoted)
	case formInterface:
		in.inner(v)
	case formPointer:
		in.pointer(v, p, quoted)
	case formStruct:
		in.structure(v, p)
	case formSlice:
		in.list(v, p)
	case formMap:
		in.mapping(v, p)
	default:
		in.special(v, p)
	}
}

// special inspects the forms that are not plain JSON.
func (in *inspector) special(v reflect.Value, p *plan) {
	switch p.formFor(v) {
	case formTime:
		in.time(v)
	case formInfinity:
		in.infinity(v)
	case formBinary:
		if in.into(v, true) { // it is an object
			in.charge(v.Interface().(Binary).encodedLen())
			in.up(v, true)
		}
	case formObject:
		in.object(v)
	case formRaw:
		in.raw(v)
	case formJSON:
		in.marshaler(v)
	case formText:
		in.textMarshaler(v)
	case formBytes, formByteArray:
		in.binary(v)
	case formBadMap:
		in.add(Unencodable, "map keys of type %s cannot be encoded", typeName(v.Type().Key()))
	default:
		in.add(Unencodable, "%s cannot be encoded", typeName(v.Type()))
	}
}

func (in *inspector) integer(n int64, quoted bool) {
	if !quoted && !in.p.AllowUnsafeIntegers && (n > maxSafe || n < -maxSafe) {
		in.add(UnsafeInteger, "%d is beyond ±(2^53-1)", n)
	}
	in.charge(intLen(n) + quotes(quoted))
}

func (in *inspector) unsigned(n uint64, quoted bool) {
	if !quoted && !in.p.AllowUnsafeIntegers && n > maxSafe {
		in.add(UnsafeInteger, "%d is beyond 2^53-1", n)
	}
	in.charge(uintLen(n) + quotes(quoted))
}

func (in *inspector) float(f float64, bits int, quoted bool) {
	switch rule := in.p.floatRule(f); {
	case rule == NotFinite:
		in.add(rule, "%s", floatText(f))
		return
	case rule != "" && !quoted:
		in.add(rule, "the float %g goes out as an integer beyond ±(2^53-1)", f)
	}
	in.charge(floatLen(f, bits) + quotes(quoted))
}

func (in *inspector) number(lit string, quoted bool) {
	if lit == "" {
		lit = "0" // as encoding/json has it
	}
	switch rule := in.p.numberRule(lit); {
	case !isNumber(lit):
		in.add(InvalidNumber, "json.Number(%s) is no number", quoteASCII(lit))
		return
	case rule != "" && !quoted:
		in.add(rule, "%s", numberDetail(rule, lit))
	}
	in.charge(len(lit) + quotes(quoted))
}

func quotes(quoted bool) int {
	if quoted {
		return 2
	}
	return 0
}

func numberDetail(rule Rule, lit string) string {
	if rule == NumberOutOfRange {
		return short(lit) + " does not fit a float64"
	}
	return short(lit) + " is beyond ±(2^53-1), where a float64 rounds"
}

func short(s string) string {
	if len(s) <= longestName {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:longestName], len(s))
}

func (in *inspector) time(v reflect.Value) {
	t := v.Interface().(time.Time)
	if !timeFits(t) {
		in.add(TimeOutOfRange, "%s has no RFC 3339 form", timeText(t))
		return
	}
	in.charge(timeLen(t))
}

// infinity inspects what pgx reads for an infinite date or time: a number with a
// String method, which encoding/json does not ask.
func (in *inspector) infinity(v reflect.Value) {
	if v.Int() != 0 {
		in.add(TimeOutOfRange, "the time %s goes out as the number %d", infinityText(v), v.Int())
	}
	in.charge(intLen(v.Int()))
}

func (in *inspector) binary(v reflect.Value) {
	n := v.Len()
	switch {
	case n == 0:
		in.charge(4)
	case !in.p.AllowBinary:
		b := bytesOf(v)
		how := "base64"
		if v.Kind() == reflect.Array {
			how = "a list of numbers"
		}
		bytes, excerpt := excerpt(string(b[:min(n, 64)]), 0, n)
		in.record(Finding{Rule: RawBinary, In: "binary", Bytes: bytes, Excerpt: excerpt, Count: 1,
			Detail: fmt.Sprintf("%s of %d bytes goes out as %s", typeName(v.Type()), n, how)})
	case v.Kind() == reflect.Array:
		if in.into(v, true) {
			in.charge(2 + 4*n)
			in.up(v, true)
		}
	default:
		in.size(base64.StdEncoding.EncodedLen(n))
		in.charge(2 + base64.StdEncoding.EncodedLen(n))
	}
}

func (in *inspector) inner(v reflect.Value) {
	if v.IsNil() {
		in.charge(4)
		return
	}
	in.any(v.Interface())
}

func (in *inspector) pointer(v reflect.Value, p *plan, quoted bool) {
	if v.IsNil() {
		in.charge(4)
		return
	}
	if in.into(v, false) {
		in.value(v.Elem(), p.elem, quoted)
		in.up(v, false)
	}
}

// into goes down into v, or says why it must not.
func (in *inspector) into(v reflect.Value, nests bool) bool {
	switch rule := in.down(v, nests); rule {
	case Cycle:
		in.add(rule, "this %s is one that it is part of", typeName(v.Type()))
	case TooDeep:
		in.add(rule, "%s", tooDeep(in.p.MaxDepth))
	default:
		return true
	}
	return false
}

func tooDeep(limit int) string {
	return fmt.Sprintf("nested deeper than %d levels; what is below was not inspected", limit)
}
