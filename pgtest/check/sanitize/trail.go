package sanitize

import "reflect"

// trail is the way from the payload's root to the value being looked at.
type trail struct {
	open  []visit
	depth int // of objects and lists
	limit int // Policy.MaxDepth
}

// visit is a pointer, map or slice that is being looked into.
type visit struct {
	ptr uintptr
	len int
	t   reflect.Type
}

// longestTrail bounds chains of pointers, which do not nest in JSON.
const longestTrail = mostDepth + 1000

// down goes into v, which adds a level of JSON if it nests. It returns Cycle or
// TooDeep instead where it must not; then up is not to be called. The search is
// linear: trails are short, and a map costs more than it saves.
func (t *trail) down(v reflect.Value, nests bool) Rule {
	at, refers := visitOf(v)
	if refers && at.len > 0 {
		for _, o := range t.open {
			if o == at {
				return Cycle
			}
		}
	}
	if nests && t.depth >= t.limit || len(t.open) >= longestTrail {
		return TooDeep
	}
	if refers {
		t.open = append(t.open, at)
	}
	if nests {
		t.depth++
	}
	return ""
}

// up leaves v again.
func (t *trail) up(v reflect.Value, nests bool) {
	if _, refers := visitOf(v); refers {
		t.open = t.open[:len(t.open)-1]
	}
	if nests {
		t.depth--
	}
}

func visitOf(v reflect.Value) (visit, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return visit{v.Pointer(), 1, v.Type()}, true
	case reflect.Map, reflect.Slice:
		return visit{v.Pointer(), v.Len(), v.Type()}, true
	}
	return visit{}, false
}
