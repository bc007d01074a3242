package sanitize

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// walker passes over a Go value as encoding/json does, in one of two ways.
//
// A dry walk writes nothing and stops at the first thing that may not leave: most
// payloads need no other. The second walk writes the document that encoding/json would
// write, clean.
type walker struct {
	p     *Policy
	out   *writer // nil: a dry walk
	left  int     // dry: bytes of Policy.MaxPayload
	stop  bool    // dry: the payload may not be clean
	depth int     // of objects and lists
	hops  int     // pointers and Wrappers that are open
	open  []reference
}

// mostHops bounds chains of pointers, which do not nest in JSON.
const mostHops = mostDepth + 1000

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
		w.literal(strconv.FormatBool(x), false)
		return
	case int64:
		w.integer(x, false)
		return
	case float64:
		if w.out == nil && w.p.floatRule(x) == "" {
			w.charge(longestFloat)
			return
		}
	case map[string]any:
		if w.out == nil {
			w.dryMap(x)
			return
		}
	case []any:
		if w.out == nil {
			w.dryList(x)
			return
		}
	}
	v := reflect.ValueOf(x)
	w.value(v, planOf(v.Type()), false)
}

func (w *walker) dryMap(m map[string]any) {
	if !w.enter(jsontext.BeginObject) {
		return
	}
	for k, v := range m {
		w.key(k)
		if w.any(v); w.stop {
			return
		}
	}
	w.depth--
}

func (w *walker) dryList(list []any) {
	if !w.enter(jsontext.BeginArray) {
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
		w.literal(strconv.FormatBool(v.Bool()), quoted)
	case formInt:
		w.integer(v.Int(), quoted)
	case formUint:
		w.unsigned(v.Uint(), quoted)
	case formFloat:
		w.float(v, quoted)
	case formString:
		w.str(v.String(), quoted)
	case formStruct:
		w.structure(v, p)
	case formPointer, formInterface, formSlice, formMap, formBytes, formRaw:
		if v.Kind() != reflect.Array && v.IsNil() {
			w.null()
			return
		}
		w.referred(form, v, p, quoted)
	default:
		w.special(form, v, quoted)
	}
}

// referred walks what v refers to.
func (w *walker) referred(form form, v reflect.Value, p *plan, quoted bool) {
	switch form {
	case formPointer:
		w.pointer(v, p, quoted)
	case formInterface:
		w.any(v.Interface())
	case formSlice:
		w.list(v, p)
	case formMap:
		w.mapping(v, p)
	case formBytes:
		w.binary(v)
	case formRaw:
		w.document(v.Bytes(), nil)
	}
}

// done reports whether the rest of the payload does not matter.
func (w *walker) done() bool { return w.stop || w.out != nil && w.out.stop }

// charge counts n bytes of a dry walk.
func (w *walker) charge(n int) {
	if w.left -= n; w.left < 0 {
		w.stop = true
	}
}

func (w *walker) null() { w.literal("null", false) }

// enter goes into an object or list unless it nests too deep.
func (w *walker) enter(begin jsontext.Token) bool {
	if w.depth >= w.p.MaxDepth {
		w.replace(deepMarker(w.p.MaxDepth), tooDeep, "%s", w.p.deep())
		return false
	}
	w.depth++
	if w.out == nil {
		w.charge(2)
	} else {
		w.out.begin(begin)
	}
	return true
}

func (w *walker) leave(end jsontext.Token) {
	w.depth--
	if w.out != nil {
		w.out.end(end)
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
func (w *walker) follow(v reflect.Value) bool { return w.out == nil || w.followOnce(v) }

func (w *walker) followOnce(v reflect.Value) bool {
	r := reference{v.Pointer(), 1, v.Type()}
	if v.Kind() != reflect.Pointer {
		r.len = v.Len()
	}
	if r.len > 0 && slices.Contains(w.open, r) {
		w.replace(cycleMarker, cycle, "this %s is one that it is part of", typeName(v.Type()))
		return false
	}
	w.open = append(w.open, r)
	return true
}

func (w *walker) unfollow() {
	if w.out != nil {
		w.open = w.open[:len(w.open)-1]
	}
}

// hop goes one pointer or Wrapper further, unless the chain is too long.
func (w *walker) hop() bool {
	w.hops++
	return w.hops <= mostHops || w.tooFar()
}

func (w *walker) tooFar() bool {
	w.replace(deepMarker(w.p.MaxDepth), tooDeep, "a chain of more than %d pointers", mostHops)
	return false
}

func (w *walker) pointer(v reflect.Value, p *plan, quoted bool) {
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
		if !w.follow(v) {
			return
		}
	}
	if w.enter(jsontext.BeginArray) {
		for i := 0; i < v.Len() && !w.done(); i++ {
			w.item()
			w.value(v.Index(i), p.elem, false)
		}
		w.leave(jsontext.EndArray)
	}
	if v.Kind() == reflect.Slice {
		w.unfollow()
	}
}

// item goes to the next element of a list.
func (w *walker) item() {
	if w.out == nil {
		w.charge(len(","))
	} else {
		w.out.top().index++
	}
}

func (w *walker) structure(v reflect.Value, p *plan) {
	if !w.enter(jsontext.BeginObject) {
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		fv, written := f.in(v)
		if !written {
			continue
		}
		if w.done() {
			break
		}
		if w.out != nil {
			w.key(f.name)
		} else { // its characters are clean, or encoding/json would not take the tag
			w.left -= len(f.name) + len(`"":,`)
			w.stop = len(f.name) > w.p.MaxString
		}
		w.value(fv, f.plan, f.quoted)
	}
	w.leave(jsontext.EndObject)
}

// key walks the name of a member.
func (w *walker) key(name string) {
	if w.out != nil {
		w.out.key(plainText(name, "key"))
		return
	}
	w.charge(len(":,"))
	w.text(name)
}

// mapping walks a map; a dry walk takes it as it comes.
func (w *walker) mapping(v reflect.Value, p *plan) {
	if !w.follow(v) {
		return
	}
	defer w.unfollow()
	if !w.enter(jsontext.BeginObject) {
		return
	}
	if w.out == nil && v.Type().Key().Kind() == reflect.String {
		for it := v.MapRange(); !w.stop && it.Next(); {
			w.key(it.Key().String())
			w.value(it.Value(), p.elem, false)
		}
	} else {
		w.entries(v, p)
	}
	w.leave(jsontext.EndObject)
}

// entries walks the members of a map in the order of encoding/json.
func (w *walker) entries(v reflect.Value, p *plan) {
	for _, e := range entriesOf(v) {
		if w.done() {
			return
		}
		w.key(e.name)
		if e.err != nil {
			w.found(unencodable, "a key of type %s cannot be encoded: %v", typeName(v.Type().Key()), e.err)
		}
		w.value(e.value, p.elem, false)
	}
}
