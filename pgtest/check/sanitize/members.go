package sanitize

import (
	"fmt"
	"reflect"
)

// item is an element or member on its way into a result.
type item struct {
	name    string        // of a member
	key     reflect.Value // of a map's member
	was     reflect.Value
	plan    *plan
	field   *field // of a struct
	now     any    // where changed
	changed bool
}

// members is what came of rewriting a list or an object: which of the items were
// kept, and what is different about them.
type members struct {
	at      func(i int) item
	kept    int
	changes []change // in the order of i
	dropped int      // for want of room
	renamed bool     // a key is not what it was
	marker  *item    // says what was dropped
}

type change struct {
	i   int
	now any
}

func (m *members) same() bool { return len(m.changes) == 0 && !m.renamed && m.dropped == 0 }

// all yields the items as they are to be, the marker last.
func (m *members) all(yield func(int, item) bool) {
	changes := m.changes
	for i := range m.kept {
		it := m.at(i)
		if len(changes) > 0 && changes[0].i == i {
			it.now, it.changed = changes[0].now, true
			changes = changes[1:]
		}
		if !yield(i, it) {
			return
		}
	}
	if m.marker != nil {
		yield(m.kept, *m.marker)
	}
}

func (m *members) len() int {
	if m.marker != nil {
		return m.kept + 1
	}
	return m.kept
}

// fit reports whether every replacement can be assigned to a t.
func (m *members) fit(t reflect.Type) bool {
	for _, c := range m.changes {
		if !reflect.TypeOf(c.now).AssignableTo(t) {
			return false
		}
	}
	return m.marker == nil || reflect.TypeOf(m.marker.now).AssignableTo(t)
}

func (it *item) value() reflect.Value {
	if it.changed {
		return reflect.ValueOf(it.now)
	}
	return it.was
}

// collect rewrites n items, as many as there is room for. before is what writing
// one costs apart from its value.
func (w *rewriter) collect(n int, at func(i int) item, before func(it *item) int) (*members, outcome) {
	if w.take(2+reserve) == noRoom {
		return nil, noRoom
	}
	m := &members{at: at}
	for ; m.kept < n; m.kept++ {
		it := at(m.kept)
		cost := before(&it)
		if w.take(cost) == noRoom {
			break
		}
		now, o := w.value(it.was, it.plan, it.field != nil && it.field.quoted)
		if o == noRoom {
			w.left += cost
			break
		}
		if o == changed {
			m.changes = append(m.changes, change{m.kept, now})
		}
	}
	w.left += reserve
	m.dropped = n - m.kept
	if m.dropped > 0 && m.kept == 0 {
		// Empty but for a marker helps nobody, and would be tried again and again.
		w.left += 2
		return nil, noRoom
	}
	return m, same
}

// mark says how many elements or members were dropped. The reserve has room.
func (w *rewriter) mark(m *members, what, name string) {
	if m.dropped == 0 {
		return
	}
	marker := moreMarker(m.dropped, what)
	m.marker = &item{name: name, now: marker, changed: true}
	w.left -= encodedLen(m.marker.name) + 2 + encodedLen(marker)
}

// freeName is a member's name that none of the kept ones has.
func (m *members) freeName() string {
	if m.dropped == 0 {
		return ""
	}
	taken := make(map[string]bool)
	for _, it := range m.all {
		taken[it.name] = true
	}
	name := "…"
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("…~%d", n)
	}
	return name
}

// list puts the items into a t where they fit, and into a []any where not.
func (m *members) list(v reflect.Value) any {
	t := v.Type()
	if !m.fit(t.Elem()) || t.Kind() == reflect.Array && m.len() != t.Len() {
		loose := make([]any, 0, m.len())
		for _, it := range m.all {
			loose = append(loose, it.loose())
		}
		return loose
	}
	out := reflect.New(t).Elem()
	if t.Kind() == reflect.Slice {
		out.Set(reflect.MakeSlice(t, m.len(), m.len()))
	}
	reflect.Copy(out, v)
	for _, c := range m.changes {
		out.Index(c.i).Set(reflect.ValueOf(c.now))
	}
	if m.marker != nil {
		out.Index(m.kept).Set(m.marker.value())
	}
	return out.Interface()
}

// mapping puts the members into a t where they fit, and into an Object where not.
func (m *members) mapping(t reflect.Type) any {
	named := t.Key().Kind() == reflect.String
	if !m.fit(t.Elem()) || !named && (m.renamed || m.dropped > 0) {
		return m.object()
	}
	out := reflect.MakeMapWithSize(t, m.len())
	for _, it := range m.all {
		key := it.key
		if named {
			key = reflect.ValueOf(it.name).Convert(t.Key())
		}
		out.SetMapIndex(key, it.value())
	}
	return out.Interface()
}

func (m *members) object() Object {
	o := make(Object, 0, m.len())
	for _, it := range m.all {
		o = append(o, Member{it.name, it.loose()})
	}
	return o
}

// structure puts the members into a copy of v, if they all fit: no member was
// dropped, and no replacement has another type or belongs behind an embedded
// pointer, whose target is not ours to write to.
func (m *members) structure(v reflect.Value) (any, bool) {
	if m.dropped > 0 || !v.CanInterface() {
		return nil, false
	}
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	for _, c := range m.changes {
		f := m.at(c.i).field
		if f.viaPtr {
			return nil, false
		}
		to := out.FieldByIndex(f.index)
		if !to.CanSet() || !reflect.TypeOf(c.now).AssignableTo(to.Type()) {
			return nil, false
		}
		to.Set(reflect.ValueOf(c.now))
	}
	return out.Interface(), true
}
