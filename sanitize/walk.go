package sanitize

import (
	"reflect"
	"slices"
)

// walker passes over a Go value as encoding/json does, in one of two ways.
//
// A dry walk writes nothing and stops at the first thing that may not leave: most
// payloads need no other. The second walk writes the document that encoding/json would
// write, where it would write one, with notes for the cleaner on what it does not show.
type walker struct {
	p     *Policy
	dry   bool
	left  int  // bytes of Policy.MaxPayload
	stop  bool // dry: it may not be clean; otherwise: there is no room
	depth int  // of objects and lists
	hops  int  // pointers and Wrappers that are open
	open  []reference

	out     []byte
	notes   []note
	sources []source
}

// note says what is wrong with the value or key at an offset of a walker's document.
type note struct {
	at     int
	found  *Finding // nil where the note is about a text
	text   string   // what stands there in place of ""
	quoted bool     // as a string in a string
}

// source is a part of a walker's document that was one already.
type source struct {
	start, end int
	hidden     hidden // bytes in it
}

// mostHops bounds chains of pointers, which do not nest in JSON.
const mostHops = mostDepth + 1000

// isClean reports whether a dry walk finds nothing.
func (w *walker) isClean(v any) bool {
	w.any(v)
	return !w.stop
}

// any walks what an interface holds. It knows the types that decoders and pgx make
// most without reflection.
func (w *walker) any(x any) {
	switch x := x.(type) {
	case nil:
		w.null()
		return
	case string:
		w.str(x, false)
		return
	case bool:
		w.boolean(x, false)
		return
	case int64:
		w.integer(x, false)
		return
	case float64:
		if w.dry && w.p.floatRule(x) == "" {
			w.charge(longestFloat)
			return
		}
	case map[string]any:
		if w.dry {
			w.dryMap(x)
			return
		}
	case []any:
		if w.dry {
			w.dryList(x)
			return
		}
	}
	v := reflect.ValueOf(x)
	w.value(v, planOf(v.Type()), false)
}

func (w *walker) dryMap(m map[string]any) {
	if !w.enter() {
		return
	}
	for k, v := range m {
		w.left -= len(`:,`)
		if !w.text(k) {
			w.stop = true
			return
		}
		if w.any(v); w.stop {
			return
		}
	}
	w.depth--
}

func (w *walker) dryList(list []any) {
	if !w.enter() {
		return
	}
	for _, v := range list {
		if w.any(v); w.stop {
			return
		}
		w.left--
	}
	w.depth--
}

// value walks v. quoted is the field option ",string".
func (w *walker) value(v reflect.Value, p *plan, quoted bool) {
	switch form := p.formFor(v); form {
	case formBool:
		w.boolean(v.Bool(), quoted)
	case formInt:
		w.integer(v.Int(), quoted)
	case formUint:
		w.unsigned(v.Uint(), quoted)
	case formFloat:
		w.float(v, quoted)
	case formString:
		w.str(v.String(), quoted)
	case formInterface:
		if v.IsNil() {
			w.null()
			return
		}
		w.any(v.Interface())
	case formPointer:
		w.pointer(v, p, quoted)
	case formStruct:
		w.structure(v, p)
	case formSlice:
		w.list(v, p)
	case formMap:
		w.mapping(v, p)
	default:
		w.special(form, v, quoted)
	}
}

func (w *walker) charge(n int) {
	if w.left -= n; w.left < 0 {
		w.stop = true
	}
}

func (w *walker) write(s string) {
	if !w.dry {
		w.out = append(w.out, s...)
	}
	w.charge(len(s))
}

func (w *walker) null() { w.write("null") }

// comma writes one before every item but the first.
func (w *walker) comma() {
	if w.dry {
		w.left--
		return
	}
	w.writeComma()
}

func (w *walker) writeComma() {
	if last := w.out[len(w.out)-1]; last != '[' && last != '{' {
		w.write(",")
	}
}

// enter goes into an object or list unless it nests too deep.
func (w *walker) enter() bool {
	if w.depth >= w.p.MaxDepth {
		w.found(tooDeep, "%s", w.p.deep())
		w.marker(deepMarker(w.p.MaxDepth))
		return false
	}
	w.depth++
	w.charge(2)
	return !w.stop
}

func (w *walker) bracket(b byte) {
	if !w.dry {
		w.out = append(w.out, b)
	}
}

// reference is a pointer, map or slice that is being written.
type reference struct {
	ptr uintptr
	len int
	t   reflect.Type
}

// follow goes into a pointer, map or slice, unless it is part of itself. A dry walk
// leaves that to the bounds of depth and hops.
func (w *walker) follow(v reflect.Value) bool { return w.dry || w.followOnce(v) }

func (w *walker) followOnce(v reflect.Value) bool {
	r := reference{v.Pointer(), 1, v.Type()}
	if v.Kind() != reflect.Pointer {
		r.len = v.Len()
	}
	if r.len > 0 && slices.Contains(w.open, r) {
		w.found(cycle, "this %s is one that it is part of", typeName(v.Type()))
		w.marker(cycleMarker)
		return false
	}
	w.open = append(w.open, r)
	return true
}

func (w *walker) unfollow() {
	if !w.dry {
		w.open = w.open[:len(w.open)-1]
	}
}

// hop goes one pointer or Wrapper further, unless the chain is too long.
func (w *walker) hop() bool {
	w.hops++
	return w.hops <= mostHops || w.tooFar()
}

func (w *walker) tooFar() bool {
	w.found(tooDeep, "a chain of more than %d pointers", mostHops)
	w.marker(deepMarker(w.p.MaxDepth))
	return false
}

func (w *walker) pointer(v reflect.Value, p *plan, quoted bool) {
	if v.IsNil() {
		w.null()
		return
	}
	if !w.follow(v) {
		return
	}
	if w.hop() {
		w.value(v.Elem(), p.elem, quoted)
	}
	w.hops--
	w.unfollow()
}

func (w *walker) list(v reflect.Value, p *plan) {
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			w.null()
			return
		}
		if !w.follow(v) {
			return
		}
	}
	if w.enter() {
		w.bracket('[')
		for i := 0; i < v.Len() && !w.stop; i++ {
			w.comma()
			w.value(v.Index(i), p.elem, false)
		}
		w.bracket(']')
		w.depth--
	}
	if v.Kind() == reflect.Slice {
		w.unfollow()
	}
}

func (w *walker) structure(v reflect.Value, p *plan) {
	if !w.enter() {
		return
	}
	w.bracket('{')
	for i := range p.fields {
		f := &p.fields[i]
		fv, written := f.in(v)
		if !written {
			continue
		}
		if w.stop {
			return
		}
		if w.dry {
			w.left -= len(f.name) + len(`"":,`)
			w.stop = len(f.name) > w.p.MaxString
		} else {
			w.key(f.name)
		}
		w.value(fv, f.plan, f.quoted)
	}
	w.bracket('}')
	w.depth--
}

// key writes the name of a member, and what stands around it.
func (w *walker) key(name string) {
	w.comma()
	w.str(name, false)
	w.write(":")
}

// mapping writes a map; a dry walk takes it as it comes.
func (w *walker) mapping(v reflect.Value, p *plan) {
	if v.IsNil() {
		w.null()
		return
	}
	if !w.follow(v) {
		return
	}
	if w.enter() {
		w.bracket('{')
		if w.dry && v.Type().Key().Kind() == reflect.String {
			for it := v.MapRange(); !w.stop && it.Next(); {
				w.key(it.Key().String())
				w.value(it.Value(), p.elem, false)
			}
		} else if v.Len() > 0 {
			w.entries(v, p)
		}
		w.bracket('}')
		w.depth--
	}
	w.unfollow()
}

// entries writes the members of a map in the order of encoding/json.
func (w *walker) entries(v reflect.Value, p *plan) {
	for _, e := range entriesOf(v) {
		if w.stop {
			return
		}
		w.comma()
		if e.err != nil {
			w.found(unencodable, "a key of type %s cannot be encoded: %v", typeName(v.Type().Key()), e.err)
		}
		w.str(e.name, false)
		w.write(":")
		w.value(e.value, p.elem, false)
	}
}
