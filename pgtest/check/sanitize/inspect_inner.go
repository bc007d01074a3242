package sanitize

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// list inspects a slice or an array.
func (in *inspector) list(v reflect.Value, p *plan) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		in.charge(4)
		return
	}
	if !in.into(v, true) {
		return
	}
	in.charge(2)
	here := len(in.path)
	in.path = append(in.path, step{})
	for i := 0; i < v.Len() && !in.stop; i++ {
		in.path[here].index = i
		in.value(v.Index(i), p.elem, false)
		in.charge(1)
	}
	in.path = in.path[:here]
	in.up(v, true)
}

func (in *inspector) structure(v reflect.Value, p *plan) {
	if !in.into(v, true) {
		return
	}
	in.charge(2)
	here := len(in.path)
	in.path = append(in.path, step{index: -1})
	for i := range p.fields {
		f := &p.fields[i]
		fv, written := f.in(v)
		if !written || in.stop {
			continue
		}
		in.path[here].name = f.name
		in.charge(f.nameLen + 1)
		in.value(fv, f.plan, f.quoted)
	}
	in.path = in.path[:here]
	in.up(v, true)
}

func (in *inspector) object(v reflect.Value) {
	if v.IsNil() {
		in.charge(4)
		return
	}
	if !in.into(v, true) {
		return
	}
	in.charge(2)
	var seen keySet
	here := len(in.path)
	in.path = append(in.path, step{index: -1})
	for _, m := range v.Interface().(Object) {
		if in.stop {
			break
		}
		in.path[here].name = m.Name
		in.name(m.Name)
		in.distinct(m.Name, &seen)
		in.any(m.Value)
	}
	in.path = in.path[:here]
	in.up(v, true)
}

// mapping inspects a map, in the order in which encoding/json writes it.
func (in *inspector) mapping(v reflect.Value, p *plan) {
	if v.IsNil() {
		in.charge(4)
		return
	}
	if !in.into(v, true) {
		return
	}
	in.charge(2)
	var seen keySet
	entries := entriesOf(v)
	watch := mayCollide(v, entries)
	here := len(in.path)
	in.path = append(in.path, step{index: -1})
	for _, e := range entries {
		if in.stop {
			break
		}
		in.path[here].name = e.key
		if e.err != nil {
			in.add(Unencodable, "a key of type %s cannot be encoded: %v", typeName(v.Type().Key()), e.err)
			continue
		}
		in.name(e.key)
		if watch {
			in.distinct(e.key, &seen)
		}
		in.value(e.value, p.elem, false)
	}
	in.path = in.path[:here]
	in.up(v, true)
}

// name inspects the name of a member; the path already ends in it.
func (in *inspector) name(name string) {
	in.text(name, "key")
	in.charge(2)
}

// distinct reports a name that readers have got before.
func (in *inspector) distinct(name string, seen *keySet) {
	if !seen.add(name) {
		in.add(DuplicateKey, "%s", writtenTwice(asRead(name)))
	}
}

func writtenTwice(key string) string {
	return "the key " + quoteASCII(key) + " is written twice in one object"
}

// mayCollide reports whether two keys of a map can be the same to a reader: where
// they are made by a method, or not UTF-8.
func mayCollide(v reflect.Value, entries []entry) bool {
	if v.Type().Key().Kind() != reflect.String {
		return v.Type().Key().Implements(textMarshalerType)
	}
	return slices.ContainsFunc(entries, func(e entry) bool { return !utf8.ValidString(e.key) })
}

// entry is a member of a map.
type entry struct {
	key   string
	err   error // of the key's MarshalText
	value reflect.Value
}

// entriesOf returns the members of a map with text for keys, sorted by it.
func entriesOf(v reflect.Value) []entry {
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := keyText(it.Key())
		entries = append(entries, entry{key, err, it.Value()})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return entries
}

// keyText returns a map key as encoding/json writes it.
func keyText(k reflect.Value) (string, error) {
	if k.Kind() == reflect.String {
		return k.String(), nil
	}
	if k.Type().Implements(textMarshalerType) {
		text, err := marshalText(k)
		return string(text), err
	}
	if k.CanInt() {
		return strconv.FormatInt(k.Int(), 10), nil
	}
	return strconv.FormatUint(k.Uint(), 10), nil
}

// asRead is what a reader of the encoded JSON gets for s.
func asRead(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune { return r }, s) // each invalid byte becomes U+FFFD
}

// keySet is the keys of one object so far, as a reader gets them.
type keySet struct {
	few  []string
	many map[string]struct{}
}

// fewKeys is how many are compared one by one before a map is made.
const fewKeys = 16

// add returns false where the key is there already.
func (s *keySet) add(key string) bool {
	key = asRead(key)
	if s.many != nil {
		n := len(s.many)
		s.many[key] = struct{}{}
		return len(s.many) > n
	}
	if slices.Contains(s.few, key) {
		return false
	}
	s.few = append(s.few, key)
	if len(s.few) > fewKeys {
		s.many = make(map[string]struct{}, 4*fewKeys)
		for _, k := range s.few {
			s.many[k] = struct{}{}
		}
	}
	return true
}
