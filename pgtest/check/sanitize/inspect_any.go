package sanitize

import (
	"reflect"
	"slices"
	"unicode/utf8"
)

// anyMap inspects what decoders make of an object, as mapping does, without
// reflection and without memory for each map: this is most of most payloads.
func (in *inspector) anyMap(m map[string]any) {
	if m == nil {
		in.charge(4)
		return
	}
	v := reflect.ValueOf(m)
	if !in.into(v, true) {
		return
	}
	in.charge(2)
	first := len(in.keys)
	watch := false
	for key := range m {
		in.keys = append(in.keys, key)
		watch = watch || !utf8.ValidString(key)
	}
	slices.Sort(in.keys[first:])
	var seen keySet
	here := len(in.path)
	in.path = append(in.path, step{index: -1})
	for i := first; i < first+len(m) && !in.stop; i++ {
		key := in.keys[i]
		in.path[here].name = key
		in.name(key)
		if watch {
			in.distinct(key, &seen)
		}
		in.any(m[key])
	}
	in.keys = in.keys[:first]
	in.path = in.path[:here]
	in.up(v, true)
}

func (in *inspector) anyList(list []any) {
	if list == nil {
		in.charge(4)
		return
	}
	v := reflect.ValueOf(list)
	if !in.into(v, true) {
		return
	}
	in.charge(2)
	here := len(in.path)
	in.path = append(in.path, step{})
	for i := 0; i < len(list) && !in.stop; i++ {
		in.path[here].index = i
		in.any(list[i])
		in.charge(1)
	}
	in.path = in.path[:here]
	in.up(v, true)
}
