package sanitize

import (
	"encoding/json"
	"reflect"
)

// text inspects a string or key that encoding/json is going to escape.
func (in *inspector) text(s, what string) {
	if !in.charge(encodedLen(s)) {
		return
	}
	in.size(len(s))
	in.scan(s, what, 0, s)
}

// scan looks for flaws in text, which stands in whole at byte base.
func (in *inspector) scan(text, what string, base int, whole string) {
	t := textScan{p: &in.p, s: text}
	if _, found := t.next(0); found {
		in.flaws(&textScan{p: &in.p, s: text}, text, what, base, whole) // t itself stays on the stack
	}
}

// stringValue inspects a string; encoding/json encodes a quoted one twice.
func (in *inspector) stringValue(s string, quoted bool) {
	if !quoted {
		in.text(s, "string")
		return
	}
	twice := quote(s)
	if !in.charge(encodedLen(twice)) {
		return
	}
	in.size(len(twice))
	in.scan(s, "string", 0, s)
}

// quote is s as a JSON string, as encoding/json writes the inner one.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string never fails
	return string(b)
}

func (in *inspector) size(n int) {
	if n > in.p.MaxString {
		in.add(OversizeString, "%d bytes, at most %d are allowed", n, in.p.MaxString)
	}
}

// scanner finds flaws one after the other.
type scanner interface{ next(from int) (flaw, bool) }

// flaws records what s finds, one finding a rule. The text that is scanned stands
// in whole at byte base.
func (in *inspector) flaws(s scanner, text, what string, base int, whole string) {
	from := len(in.found)
	f, more := s.next(0)
	for ; more && !in.stop; f, more = s.next(f.at + f.size) {
		if again := countAgain(in.found[from:], f.rule); again {
			continue
		}
		bytes, around := excerpt(whole, base+f.at, f.size)
		in.record(Finding{Rule: f.rule, In: what, Offset: base + f.at, Bytes: bytes, Excerpt: around,
			Count: 1, Detail: f.describe(text)})
	}
}

func countAgain(found []Finding, rule Rule) bool {
	for i := range found {
		if found[i].Rule == rule {
			found[i].Count++
			return true
		}
	}
	return false
}

// raw inspects a json.RawMessage. encoding/json writes a nil one as null, and
// fails on an empty one.
func (in *inspector) raw(v reflect.Value) {
	if v.IsNil() {
		in.charge(4)
		return
	}
	in.document(string(v.Bytes()))
}

// marshaler inspects what a MarshalJSON encodes, or where nobody tells, what it
// returns.
func (in *inspector) marshaler(v reflect.Value) {
	if inner, ok := unwrapped(v); ok {
		in.any(inner)
		return
	}
	doc, err := marshalJSON(v)
	if err != nil {
		in.add(Unencodable, "MarshalJSON of %s fails: %s", typeName(v.Type()), short(quoteASCII(err.Error())))
		return
	}
	before := len(in.found)
	in.hidden = in.p.hiddenIn(string(doc), v)
	in.document(string(doc))
	in.hidden = nil
	if len(in.found) == before && coerced(string(doc), v) {
		in.add(InvalidUTF8, "MarshalJSON of %s makes U+FFFD of bytes that are not UTF-8", typeName(v.Type()))
	}
}

// textMarshaler inspects what a MarshalText returns.
func (in *inspector) textMarshaler(v reflect.Value) {
	text, err := marshalText(v)
	switch {
	case err != nil:
		in.add(Unencodable, "MarshalText of %s fails: %s", typeName(v.Type()), short(quoteASCII(err.Error())))
	case text == nil:
		in.charge(4)
	default:
		in.text(string(text), "string")
	}
}
