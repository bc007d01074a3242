package sanitize

import (
	"encoding/hex"
	"encoding/json"
	"net"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// What numbers and times take at most, in quotes.
const (
	longestInteger = len(`"-9007199254740991"`)
	longestFloat   = len(`"-0.0000012345678901234567"`)
	longestTime    = len(`"2006-01-02T15:04:05.999999999+07:00"`)
)

// special walks the forms that are not plain JSON.
func (w *walker) special(form form, v reflect.Value, quoted bool) {
	switch form {
	case formNumber:
		w.number(v.String(), quoted)
	case formTime:
		w.time(timeIn(v))
	case formInfinity:
		w.infinity(v.Int())
	case formJSON:
		w.marshaler(v)
	case formText:
		w.textMarshaler(v)
	case formByteArray:
		w.binary(v)
	default:
		w.replace(typeMarker(v.Kind()), unencodable, "%s cannot be encoded", typeName(v.Type()))
	}
}

// found notes what is wrong with the value that is written next.
func (w *walker) found(rule, format string, args ...any) {
	if w.out == nil {
		w.stop = true
		return
	}
	w.out.add(rule, format, args...)
}

// replace notes what is wrong and writes a text of ours in its place.
func (w *walker) replace(text, rule, format string, args ...any) {
	w.found(rule, format, args...)
	if w.out != nil {
		w.out.marker(text)
	}
}

// literal walks a number or boolean that is clean.
func (w *walker) literal(lit string, quoted bool) {
	switch {
	case w.out == nil:
		w.charge(len(lit) + len(`""`))
	case quoted:
		w.out.value(`"` + lit + `"`)
	default:
		w.out.value(lit)
	}
}

func (w *walker) integer(n int64, quoted bool) {
	if w.out != nil {
		w.number(strconv.FormatInt(n, 10), quoted)
		return
	}
	if (n > maxSafe || n < -maxSafe) && !quoted && !w.p.AllowUnsafeIntegers {
		w.stop = true
	}
	w.charge(longestInteger)
}

func (w *walker) unsigned(n uint64, quoted bool) {
	if w.out != nil {
		w.number(strconv.FormatUint(n, 10), quoted)
		return
	}
	w.integer(int64(min(n, maxSafe+1)), quoted)
}

func (w *walker) float(v reflect.Value, quoted bool) {
	f := v.Float()
	rule := w.p.floatRule(f)
	switch {
	case w.out == nil && rule == "":
		w.charge(longestFloat)
	case rule == notFinite:
		w.replace(floatText(f), rule, "%s", floatText(f))
	case rule != "" && !quoted: // the same number, and a reader sees that it is a float
		w.found(rule, "the float %g goes out as an integer beyond ±(2^53-1)", f)
		w.literal(strconv.FormatFloat(f, 'e', -1, v.Type().Bits()), false)
	default:
		lit, _ := json.Marshal(v.Interface()) // a finite number does not fail
		w.literal(string(lit), quoted)
	}
}

// number walks a number in decimal, which an integer or a json.Number is.
func (w *walker) number(lit string, quoted bool) {
	switch {
	case lit == "": // as encoding/json has it
		w.literal("0", quoted)
	case !isNumber(lit):
		w.found(invalidNumber, "json.Number(%s) is no number", quoteASCII(lit))
		w.str(lit, false)
	case quoted:
		w.literal(lit, true)
	case w.out != nil:
		w.out.number(text{s: lit})
	case w.p.numberRule(lit) != "":
		w.stop = true
	default:
		w.literal(lit, false)
	}
}

// timeIn does not allocate where it need not.
func timeIn(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

func (w *walker) time(t time.Time) {
	switch {
	case !timeFits(t):
		w.replace(timeText(t), timeOutOfRange, "%s has no RFC 3339 form", timeText(t))
	case w.out == nil:
		w.charge(longestTime)
	default:
		w.out.marker(timeText(t))
	}
}

// infinity writes what pgx reads for an infinite date or time: a number with a
// String method, which encoding/json does not ask.
func (w *walker) infinity(n int64) {
	name := "infinity" // as Postgres spells it
	switch {
	case n == 0:
		w.literal("0", false)
		return
	case n < 0:
		name = "-infinity"
	}
	w.replace(name, timeOutOfRange, "the time %s goes out as the number %d", name, n)
}

func (w *walker) str(s string, quoted bool) {
	if w.out != nil {
		w.out.str(plainText(s, "string"), quoted)
		return
	}
	w.text(s)
	if quoted { // it is escaped twice
		w.stop = w.stop || len(s) > w.p.MaxString/8
		w.charge(8 * len(s))
	}
}

// text ends a dry walk where s is not clean, and charges what encoding/json writes for
// s, or more.
func (w *walker) text(s string) {
	n := len(s)
	if plain := skipPlain(s, 0); plain < n {
		scan := textScan{p: w.p, s: s}
		_, flawed := scan.next(plain)
		w.stop = w.stop || flawed
		n *= w.p.escapedSize()
	}
	if len(s) > w.p.MaxString {
		w.stop = true
	}
	w.charge(n + len(`""`))
}

// escapedSize is how many bytes encoding/json writes at most for one of a clean string.
func (p *Policy) escapedSize() int {
	if p.Allow != "" {
		return len(`\u001b`)
	}
	return len(`\n`)
}

// quote is s as a JSON string.
func quote(s string) string { return string(appendQuoted(nil, s)) }

func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // fails on invalid UTF-8 only, and writes U+FFFD for it
	return b
}

func (w *walker) binary(v reflect.Value) {
	b := bytesOf(v)
	switch {
	case len(b) == 0 || w.p.AllowBinary:
		doc, _ := json.Marshal(v.Interface()) // bytes never fail
		w.document(doc, nil)
		return
	case w.out == nil:
		w.stop = true
		return
	}
	how := "base64"
	if v.Kind() == reflect.Array {
		how = "a list of numbers"
	}
	w.out.addAt(plainText(string(b[:min(len(b), 64)]), "binary"), 0, len(b), rawBinary,
		"%s of %d bytes goes out as %s", typeName(v.Type()), len(b), how)
	switch {
	case v.Type() == hardwareAddrType:
		w.out.marker(net.HardwareAddr(b).String())
	case v.Kind() == reflect.Array && len(b) == 16:
		h := hex.EncodeToString(b)
		w.out.marker(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
	default:
		w.out.binary(b)
	}
}

// bytesOf returns the bytes of a slice or array of them, addressable or not.
func bytesOf(v reflect.Value) []byte {
	if v.Kind() == reflect.Slice || v.CanAddr() {
		return v.Bytes()
	}
	b := make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(b), v)
	return b
}
