package sanitize

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
)

// mapping writes a map, in the order of encoding/json.
func (c *cleaner) mapping(v reflect.Value, p *plan) {
	if v.IsNil() {
		c.write("null")
		return
	}
	if !c.follow(v) {
		return
	}
	defer c.unfollow()
	if !c.open(true) {
		return
	}
	for _, e := range entriesOf(v) {
		if c.skips() {
			continue
		}
		if e.err != nil {
			c.top().name = ""
			c.add(unencodable, "a key of type %s cannot be encoded: %v", typeName(v.Type().Key()), e.err)
		}
		c.key(plainText(e.name, "key"))
		c.value(e.value, p.elem, false)
	}
	c.close()
}

// entry is a member of a map.
type entry struct {
	name  string
	err   error // of the key's MarshalText
	value reflect.Value
}

// entriesOf returns the members of a map, sorted by the text of their keys.
func entriesOf(v reflect.Value) []entry {
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		e := entry{value: it.Value()}
		if e.name, e.err = keyText(it.Key()); e.err != nil {
			e.name = failedMarker
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
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
