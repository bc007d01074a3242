package sanitize

import (
	"reflect"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// screen passes over a Go value without writing anything, and says quickly that it
// is clean, which most are. Where it is not sure it says no, and the cleaner decides.
type screen struct {
	p     *Policy
	left  int // bytes of Policy.MaxPayload
	depth int // of objects and lists
	hops  int // pointers followed
}

// mostHops is how long a chain of pointers may be before the cleaner looks for cycles.
const mostHops = 100

// passes reports whether v is clean and fits.
func (p *Policy) passes(v any) bool {
	s := screen{p: p, left: p.MaxPayload}
	return s.any(v)
}

func (s *screen) charge(n int) bool {
	s.left -= n
	return s.left >= 0
}

// any knows the types that decoders and pgx make most without reflection.
func (s *screen) any(x any) bool {
	switch x := x.(type) {
	case nil, bool:
		return s.charge(6)
	case string:
		return s.text(x)
	case int64:
		return s.integer(x)
	case float64:
		return s.float(x)
	case map[string]any:
		if !s.enter() {
			return false
		}
		for k, v := range x {
			if !s.text(k) || !s.charge(2) || !s.any(v) {
				return false
			}
		}
		return s.leave()
	case []any:
		if !s.enter() {
			return false
		}
		for _, v := range x {
			if !s.any(v) || !s.charge(1) {
				return false
			}
		}
		return s.leave()
	}
	v := reflect.ValueOf(x)
	return s.value(v, planOf(v.Type()), false)
}

func (s *screen) enter() bool {
	s.depth++
	return s.depth <= s.p.MaxDepth && s.charge(4)
}

func (s *screen) leave() bool {
	s.depth--
	return true
}

func (s *screen) value(v reflect.Value, p *plan, quoted bool) bool {
	switch p.formFor(v) {
	case formBool:
		return s.charge(7)
	case formInt:
		return s.integer(v.Int())
	case formUint:
		return v.Uint() <= maxSafe && s.charge(longestInteger)
	case formFloat:
		return s.float(v.Float())
	case formString:
		if quoted && v.Len() > s.p.MaxString/8 { // it is escaped twice
			return false
		}
		return s.text(v.String()) && (!quoted || s.charge(8*v.Len()))
	case formInterface:
		if v.IsNil() {
			return s.charge(4)
		}
		return s.any(v.Interface())
	case formPointer:
		if v.IsNil() {
			return s.charge(4)
		}
		s.hops++
		clean := s.hops <= mostHops && s.value(v.Elem(), p.elem, quoted)
		s.hops--
		return clean
	case formStruct:
		return s.structure(v, p)
	case formSlice:
		return s.list(v, p)
	case formMap:
		return s.mapping(v, p)
	case formTime:
		return timeFits(v.Interface().(time.Time)) && s.charge(longestTime)
	case formJSON:
		return s.wrapped(v, p)
	case formRaw:
		if b := v.Bytes(); s.document(b) {
			return true
		}
	}
	return s.other(v, p, quoted)
}

// other leaves a value to a cleaner of its own.
func (s *screen) other(v reflect.Value, p *plan, quoted bool) bool {
	c := cleaner{p: *s.p, around: s.depth, collect: true}
	c.p.MaxFindings = 1
	c.p.MaxPayload = s.left
	c.value(v, p, quoted)
	return !c.dirty && s.charge(len(c.out))
}

// wrapped looks at what a Wrapper wraps.
func (s *screen) wrapped(v reflect.Value, p *plan) bool {
	inner, ok := unwrapped(v)
	if !ok {
		return s.other(v, p, false)
	}
	s.hops++
	clean := s.hops <= mostHops && s.any(inner)
	s.hops--
	return clean
}

func (s *screen) integer(n int64) bool {
	return n <= maxSafe && n >= -maxSafe && s.charge(longestInteger)
}

func (s *screen) float(f float64) bool {
	return s.p.floatRule(f) == "" && s.charge(longestFloat)
}

// What numbers and times take at most, in quotes.
const (
	longestInteger = len(`"-9007199254740991"`)
	longestFloat   = len(`"-0.0000012345678901234567"`)
	longestTime    = len(`"2006-01-02T15:04:05.999999999+07:00"`)
)

func (s *screen) structure(v reflect.Value, p *plan) bool {
	if !s.enter() {
		return false
	}
	for i := range p.fields {
		f := &p.fields[i]
		if fv, written := f.in(v); written {
			if !s.charge(len(f.name)+4) || !s.value(fv, f.plan, f.quoted) {
				return false
			}
		}
	}
	return s.leave()
}

func (s *screen) list(v reflect.Value, p *plan) bool {
	if !s.enter() {
		return false
	}
	for i := range v.Len() {
		if !s.value(v.Index(i), p.elem, false) || !s.charge(1) {
			return false
		}
	}
	return s.leave()
}

func (s *screen) mapping(v reflect.Value, p *plan) bool {
	if v.Type().Key().Kind() != reflect.String {
		return v.Len() == 0 && s.charge(4) // the cleaner asks the keys' methods
	}
	if !s.enter() {
		return false
	}
	for it := v.MapRange(); it.Next(); {
		if !s.text(it.Key().String()) || !s.charge(2) || !s.value(it.Value(), p.elem, false) {
			return false
		}
	}
	return s.leave()
}

// document looks at JSON text: the decoder says that it is whole, UTF-8 and without
// duplicate keys.
func (s *screen) document(doc []byte) bool {
	return len(doc) <= s.left && jsontext.Value(doc).IsValid() && s.tokens(string(doc)) && s.charge(len(doc))
}

// tokens looks at a valid document.
func (s *screen) tokens(doc string) bool {
	depth := s.depth
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case c == '"':
			n := s.literal(doc[i+1:])
			if n < 0 {
				return false
			}
			i += 1 + n
		case c == '{' || c == '[':
			if depth++; depth > s.p.MaxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || '0' <= c && c <= '9':
			n := len(doc[i:]) - len(strings.TrimLeft(doc[i:], "-+.eE0123456789"))
			if s.p.numberRule(doc[i:i+n]) != "" {
				return false
			}
			i += n - 1
		}
	}
	return true
}

// literal returns the length of the clean string that rest starts with, and -1 where it is not clean.
func (s *screen) literal(rest string) int {
	scan := textScan{p: s.p, balanced: -1}
	for i := skipPlain(rest, 0); i <= s.p.MaxString; i = skipPlain(rest, i) {
		if rest[i] == '"' {
			return i
		}
		r, size := utf8.DecodeRuneInString(rest[i:])
		if r == '\\' {
			r, size = readEscape(rest[i:])
		}
		if utf16.IsSurrogate(r) || scan.ruleOf(r) != "" {
			return -1
		}
		i += size
	}
	return -1
}

// text looks at a string and charges what encoding/json writes for it.
func (s *screen) text(t string) bool {
	if len(t) > s.p.MaxString {
		return false
	}
	n := len(t) + 2
	scan := textScan{p: s.p, s: t}
	for i := skipPlain(t, 0); i < len(t); i = skipPlain(t, i) {
		c := t[i]
		if c < utf8.RuneSelf {
			if c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' {
				n++
				i++
				continue
			}
			return false
		}
		r, size := utf8.DecodeRuneInString(t[i:])
		if r == utf8.RuneError && size == 1 || scan.ruleOf(r) != "" {
			return false
		}
		if r == '\u2028' || r == '\u2029' {
			n += 3
		}
		i += size
	}
	return s.charge(n)
}
