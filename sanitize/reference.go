package sanitize

import "reflect"

// reference is a pointer, map or slice that is being written.
type reference struct {
	ptr uintptr
	len int
	t   reflect.Type
}

// mostReferences bounds chains of pointers, which do not nest in JSON.
const mostReferences = mostDepth + 1000

// follow goes into a pointer, map or slice, unless it is part of itself; then it
// writes a marker and returns false. The search is linear: few are open at a time.
func (c *cleaner) follow(v reflect.Value) bool {
	r := reference{v.Pointer(), 1, v.Type()}
	if v.Kind() != reflect.Pointer {
		r.len = v.Len()
	}
	for _, open := range c.refs {
		if r.len > 0 && open == r {
			c.add(cycle, "this %s is one that it is part of", typeName(v.Type()))
			c.marker(cycleMarker)
			return false
		}
	}
	if len(c.refs) >= mostReferences {
		c.add(tooDeep, "a chain of more than %d pointers", mostReferences)
		c.marker(deepMarker(c.p.MaxDepth))
		return false
	}
	c.refs = append(c.refs, r)
	return true
}

func (c *cleaner) unfollow() { c.refs = c.refs[:len(c.refs)-1] }
