package sanitize

import (
	"encoding/json"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// any writes what an interface holds.
func (c *cleaner) any(x any) {
	if x == nil {
		c.write("null")
		return
	}
	v := reflect.ValueOf(x)
	c.value(v, planOf(v.Type()), false)
}

// value writes v as encoding/json does, but for what must not leave. quoted is the
// field option ",string".
func (c *cleaner) value(v reflect.Value, p *plan, quoted bool) {
	if c.stop {
		return
	}
	switch p.formFor(v) {
	case formBool:
		c.scalar(strconv.FormatBool(v.Bool()), quoted)
	case formInt:
		n := v.Int()
		c.integer(strconv.FormatInt(n, 10), n > maxSafe || n < -maxSafe, quoted)
	case formUint:
		c.integer(strconv.FormatUint(v.Uint(), 10), v.Uint() > maxSafe, quoted)
	case formFloat:
		c.float(v, quoted)
	case formNumber:
		c.number(v.String(), quoted)
	case formString:
		c.goString(v.String(), quoted)
	case formInterface:
		if v.IsNil() {
			c.write("null")
			return
		}
		c.value(v.Elem(), planOf(v.Elem().Type()), false)
	case formPointer:
		c.pointer(v, p, quoted)
	case formStruct:
		c.structure(v, p)
	case formSlice:
		c.list(v, p)
	case formMap:
		c.mapping(v, p)
	default:
		c.special(v, p)
	}
}

// special writes the forms that are not plain JSON.
func (c *cleaner) special(v reflect.Value, p *plan) {
	switch p.formFor(v) {
	case formTime:
		c.time(v.Interface().(time.Time))
	case formInfinity:
		c.infinity(v.Int())
	case formRaw:
		if v.IsNil() {
			c.write("null")
			return
		}
		c.json(v.Bytes(), nil)
	case formJSON:
		c.marshaler(v)
	case formText:
		c.textMarshaler(v)
	case formBytes, formByteArray:
		c.binary(v)
	default:
		c.add(unencodable, "%s cannot be encoded", typeName(v.Type()))
		c.marker(typeMarker(v.Kind()))
	}
}

func (c *cleaner) scalar(lit string, quoted bool) {
	if quoted {
		lit = `"` + lit + `"`
	}
	c.write(lit)
}

func (c *cleaner) integer(lit string, unsafe, quoted bool) {
	if unsafe && !quoted && !c.p.AllowUnsafeIntegers {
		c.add(unsafeInteger, "%s is beyond ±(2^53-1)", lit)
		quoted = true
	}
	c.scalar(lit, quoted)
}

func (c *cleaner) float(v reflect.Value, quoted bool) {
	f, format := v.Float(), byte('g')
	switch rule := c.p.floatRule(f); {
	case rule == notFinite:
		c.add(rule, "%s", floatText(f))
		c.marker(floatText(f))
		return
	case rule != "" && !quoted:
		c.add(rule, "the float %g goes out as an integer beyond ±(2^53-1)", f)
		format = 'e' // the same number, and a reader sees that it is a float
	}
	if format == 'e' {
		c.write(strconv.FormatFloat(f, format, -1, v.Type().Bits()))
		return
	}
	lit, _ := json.Marshal(v.Interface()) // a finite number does not fail
	c.scalar(string(lit), quoted)
}

func (c *cleaner) number(lit string, quoted bool) {
	if lit == "" {
		lit = "0" // as encoding/json has it
	}
	switch rule := c.p.numberRule(lit); {
	case !isNumber(lit):
		c.add(invalidNumber, "json.Number(%s) is no number", quoteASCII(lit))
		c.goText(lit)
	case rule != "" && !quoted:
		c.add(rule, "%s", numberDetail(rule, lit))
		c.goText(lit)
	default:
		c.scalar(lit, quoted)
	}
}

func (c *cleaner) time(t time.Time) {
	if !timeFits(t) {
		c.add(timeOutOfRange, "%s has no RFC 3339 form", timeText(t))
	}
	c.marker(timeText(t))
}

// infinity writes what pgx reads for an infinite date or time: a number with a
// String method, which encoding/json does not ask.
func (c *cleaner) infinity(n int64) {
	name := map[bool]string{true: "infinity", false: "-infinity"}[n > 0] // as Postgres spells it
	if n == 0 {
		c.write("0")
		return
	}
	c.add(timeOutOfRange, "the time %s goes out as the number %d", name, n)
	c.marker(name)
}

// goText writes what stands in place of another value.
func (c *cleaner) goText(s string) {
	s, _ = c.p.cleanText(s, c.p.MaxString)
	c.marker(s)
}

func (c *cleaner) goString(s string, quoted bool) {
	t := plainText(s, "string")
	if !quoted {
		c.str(t)
		return
	}
	clean := c.inspect(&t)
	twice := quote(s)
	if clean && len(twice) > c.p.MaxString {
		c.add(oversizeString, "%d bytes, at most %d are allowed", len(twice), c.p.MaxString)
		clean = false
	}
	if !clean {
		s, _ = c.p.cleanText(s, max(leastString, c.p.MaxString/8)) // an escape is at most six bytes
		if twice = quote(s); len(twice) > c.p.MaxString {
			twice = cutMarker(len(s))
		}
	}
	c.marker(twice)
}

// quote is s as a JSON string, as encoding/json writes the inner one.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string never fails
	return strings.TrimSuffix(b.String(), "\n")
}

func (c *cleaner) pointer(v reflect.Value, p *plan, quoted bool) {
	switch {
	case v.IsNil():
		c.write("null")
	case c.follow(v):
		c.value(v.Elem(), p.elem, quoted)
		c.unfollow()
	}
}

func (c *cleaner) list(v reflect.Value, p *plan) {
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			c.write("null")
			return
		}
		if !c.follow(v) {
			return
		}
		defer c.unfollow()
	}
	if !c.open(false) {
		return
	}
	for i := 0; i < v.Len() && !c.stop; i++ {
		l := c.top()
		if l.full {
			l.dropped += v.Len() - i
			break
		}
		l.index = i
		c.value(v.Index(i), p.elem, false)
	}
	c.close()
}

func (c *cleaner) structure(v reflect.Value, p *plan) {
	if !c.open(true) {
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		fv, written := f.in(v)
		if !written || c.skips() {
			continue
		}
		c.key(plainText(f.name, "key"))
		c.value(fv, f.plan, f.quoted)
	}
	c.close()
}

func (c *cleaner) binary(v reflect.Value) {
	b := bytesOf(v)
	switch {
	case v.Kind() == reflect.Slice && v.IsNil():
		c.write("null")
		return
	case len(b) == 0 || c.p.AllowBinary:
		doc, _ := json.Marshal(v.Interface()) // bytes never fail
		c.json(doc, nil)
		return
	}
	how := "base64"
	if v.Kind() == reflect.Array {
		how = "a list of numbers"
	}
	t := plainText(string(b[:min(len(b), 64)]), "binary")
	bytes, around := excerpt(t.s, 0, len(b))
	c.record(Finding{Rule: rawBinary, In: "binary", Bytes: bytes, Excerpt: around, Count: 1,
		Detail: typeName(v.Type()) + " of " + strconv.Itoa(len(b)) + " bytes goes out as " + how})
	switch {
	case v.Type() == hardwareAddrType:
		c.marker(net.HardwareAddr(b).String())
	case v.Kind() == reflect.Array && len(b) == 16 && !c.p.OpaqueUUIDs:
		c.marker(uuidText(b))
	default:
		c.placeholder(b)
	}
}
