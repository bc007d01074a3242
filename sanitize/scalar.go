package sanitize

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

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
	case formRaw:
		if v.IsNil() {
			w.null()
			return
		}
		w.document(v.Bytes(), nil)
	case formJSON:
		w.marshaler(v)
	case formText:
		w.textMarshaler(v)
	case formBytes, formByteArray:
		w.binary(v)
	default:
		w.found(unencodable, "%s cannot be encoded", typeName(v.Type()))
		w.marker(typeMarker(v.Kind()))
	}
}

// found notes what is wrong with the value that is written next.
func (w *walker) found(rule, format string, args ...any) {
	if w.dry {
		w.stop = true
		return
	}
	w.note(Finding{Rule: rule, Count: 1, Detail: fmt.Sprintf(format, args...)})
}

func (w *walker) note(f Finding) { w.notes = append(w.notes, note{at: len(w.out), found: &f}) }

// marker writes a text of ours in place of what must not go out.
func (w *walker) marker(text string) {
	if !w.dry {
		w.write(quote(text))
	}
}

// literal writes a number or boolean.
func (w *walker) literal(lit string, quoted bool) {
	if quoted {
		lit = `"` + lit + `"`
	}
	w.write(lit)
}

func (w *walker) boolean(b, quoted bool) {
	if w.dry {
		w.charge(len(`"false"`))
		return
	}
	w.literal(strconv.FormatBool(b), quoted)
}

func (w *walker) integer(n int64, quoted bool) {
	if w.dry {
		if (n > maxSafe || n < -maxSafe) && !quoted && !w.p.AllowUnsafeIntegers {
			w.stop = true
		}
		w.charge(longestInteger)
		return
	}
	w.literal(strconv.FormatInt(n, 10), quoted)
}

func (w *walker) unsigned(n uint64, quoted bool) {
	if w.dry {
		w.integer(int64(min(n, maxSafe+1)), quoted)
		return
	}
	w.literal(strconv.FormatUint(n, 10), quoted)
}

func (w *walker) float(v reflect.Value, quoted bool) {
	f := v.Float()
	rule := w.p.floatRule(f)
	switch {
	case w.dry && rule == "":
		w.charge(longestFloat)
	case rule == notFinite:
		w.found(rule, "%s", floatText(f))
		w.marker(floatText(f))
	case rule != "" && !quoted: // the same number, and a reader sees that it is a float
		w.found(rule, "the float %g goes out as an integer beyond ±(2^53-1)", f)
		w.write(strconv.FormatFloat(f, 'e', -1, v.Type().Bits()))
	default:
		lit, _ := json.Marshal(v.Interface()) // a finite number does not fail
		w.literal(string(lit), quoted)
	}
}

func (w *walker) number(lit string, quoted bool) {
	switch {
	case lit == "": // as encoding/json has it
		w.literal("0", quoted)
	case !isNumber(lit):
		w.found(invalidNumber, "json.Number(%s) is no number", quoteASCII(lit))
		w.str(lit, false)
	case w.dry && !quoted && w.p.numberRule(lit) != "":
		w.stop = true
	default:
		w.literal(lit, quoted)
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
	switch fits := timeFits(t); {
	case w.dry && fits:
		w.charge(longestTime)
		return
	case !fits:
		w.found(timeOutOfRange, "%s has no RFC 3339 form", timeText(t))
	}
	w.marker(timeText(t))
}

// infinity writes what pgx reads for an infinite date or time: a number with a
// String method, which encoding/json does not ask.
func (w *walker) infinity(n int64) {
	name := "infinity" // as Postgres spells it
	switch {
	case n == 0:
		w.write("0")
		return
	case n < 0:
		name = "-infinity"
	}
	w.found(timeOutOfRange, "the time %s goes out as the number %d", name, n)
	w.marker(name)
}

// str walks a string. One that may not leave stays as it is, beside the document.
func (w *walker) str(s string, quoted bool) {
	clean := w.text(s)
	switch {
	case w.dry && clean && !quoted:
	case w.dry:
		w.stop = w.stop || !clean || len(s) > w.p.MaxString/8 // it is escaped twice
		w.charge(8 * len(s))
	case !clean:
		w.notes = append(w.notes, note{at: len(w.out), text: s, quoted: quoted})
		w.write(`""`)
	case quoted:
		w.marker(quote(s))
	default:
		w.out = appendQuoted(w.out, s)
	}
}

// text reports whether s is clean, and charges what encoding/json writes for it.
func (w *walker) text(s string) bool {
	if len(s) > w.p.MaxString {
		return false
	}
	n := len(s) + 2
	i := skipPlain(s, 0)
	if i == len(s) {
		w.charge(n)
		return true
	}
	for ; i < len(s); i = skipPlain(s, i) {
		c := s[i]
		if c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' {
			n++
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || w.p.ruleOf(r) != "" {
			return false
		}
		if r < ' ' || r == '\u2028' || r == '\u2029' {
			n += 5
		}
		i += size
	}
	w.charge(n)
	return true
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
	case v.Kind() == reflect.Slice && v.IsNil():
		w.null()
		return
	case len(b) == 0 || w.p.AllowBinary:
		doc, _ := json.Marshal(v.Interface()) // bytes never fail
		w.document(doc, nil)
		return
	case w.dry:
		w.stop = true
		return
	}
	how := "base64"
	if v.Kind() == reflect.Array {
		how = "a list of numbers"
	}
	w.note(foundIn(string(b[:min(len(b), 64)]), 0, len(b), Finding{Rule: rawBinary, In: "binary",
		Detail: fmt.Sprintf("%s of %d bytes goes out as %s", typeName(v.Type()), len(b), how)}))
	switch {
	case v.Type() == hardwareAddrType:
		w.marker(net.HardwareAddr(b).String())
	case v.Kind() == reflect.Array && len(b) == 16 && !w.p.OpaqueUUIDs:
		h := hex.EncodeToString(b)
		w.marker(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
	default:
		w.write(placeholder(b, w.depth < w.p.MaxDepth))
	}
}

// placeholder stands for bytes: a reader sees that there is something, whether it
// changed, and whether a download is it. It is an object where there is room for one.
func placeholder(b []byte, object bool) string {
	if !object {
		return quote(documentMarker("binary", b))
	}
	return fmt.Sprintf(`{"type":"binary","length":%d,"sha256":"%x"}`, len(b), sha256.Sum256(b))
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
