package sanitize

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// field is one member that encoding/json writes for a struct.
type field struct {
	name      string
	nameLen   int // as encoded, with quotes and colon
	index     []int
	plan      *plan
	viaPtr    bool // it sits behind an embedded pointer
	tagged    bool
	quoted    bool // `json:",string"`
	omitEmpty bool
	omitZero  bool
	isZero    func(reflect.Value) bool // nil: reflect's
}

// fieldsOf lists the members of t in the order of its fields, by the rules of
// encoding/json: exported ones, those of embedded structs promoted; of several
// with one name the shallowest wins, then the tagged one, then none.
func fieldsOf(t reflect.Type, made map[reflect.Type]*plan) []field {
	var all []field
	visited := map[reflect.Type]bool{}
	for level := []embedded{{t: t, times: 1}}; len(level) > 0; {
		var deeper []embedded
		for _, e := range level {
			if visited[e.t] {
				continue
			}
			visited[e.t] = true
			all, deeper = e.collect(all, deeper, made)
		}
		level = deeper
	}
	return dominant(all)
}

// embedded is a struct whose fields are looked at.
type embedded struct {
	t      reflect.Type
	index  []int
	viaPtr bool
	times  int // how often this type is embedded at this level
}

func (e embedded) collect(all []field, deeper []embedded, made map[reflect.Type]*plan) ([]field, []embedded) {
	for i := range e.t.NumField() {
		sf := e.t.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" || !sf.IsExported() && !embedsStruct(sf) {
			continue
		}
		f := e.field(sf, i, tag)
		if inner, ok := promotes(sf, f); ok {
			deeper = queue(deeper, embedded{inner, f.index, e.viaPtr || sf.Type.Kind() == reflect.Pointer, 1})
			continue
		}
		if f.name == "" {
			f.name = sf.Name
		}
		f.nameLen = encodedLen(f.name) + 1
		f.plan = makePlan(sf.Type, made)
		all = append(all, f)
		if e.times > 1 {
			all = append(all, f) // twice, so that it annihilates itself
		}
	}
	return all, deeper
}

// queue adds e to the next level, or counts it there: two are as good as many.
func queue(level []embedded, e embedded) []embedded {
	for i := range level {
		if level[i].t == e.t {
			level[i].times++
			return level
		}
	}
	return append(level, e)
}

func (e embedded) field(sf reflect.StructField, i int, tag string) field {
	name, options, _ := strings.Cut(tag, ",")
	if !validName(name) {
		name = ""
	}
	f := field{
		name:   name,
		tagged: name != "",
		index:  append(slices.Clone(e.index), i),
		viaPtr: e.viaPtr,
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero, f.isZero = true, zeroMethod(sf.Type)
		case "string":
			f.quoted = quotable(sf.Type)
		}
	}
	return f
}

// embedsStruct reports whether an unexported field may still bring exported ones.
func embedsStruct(sf reflect.StructField) bool {
	return sf.Anonymous && pointee(sf.Type).Kind() == reflect.Struct
}

// promotes returns the struct whose fields stand in for the embedded field sf.
func promotes(sf reflect.StructField, f field) (reflect.Type, bool) {
	inner := sf.Type
	if inner.Name() == "" {
		inner = pointee(inner)
	}
	return inner, sf.Anonymous && f.name == "" && inner.Kind() == reflect.Struct
}

func pointee(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// validName reports whether encoding/json takes a tag's name as it is.
func validName(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}

func quotable(t reflect.Type) bool {
	if t.Name() == "" {
		t = pointee(t)
	}
	switch formOfKind(t) {
	case formBool, formInt, formUint, formFloat, formString:
		return true
	}
	return false
}

type zeroer interface{ IsZero() bool }

// zeroMethod returns t's own notion of zero, nil where it has none.
func zeroMethod(t reflect.Type) func(reflect.Value) bool {
	zeroerType := reflect.TypeFor[zeroer]()
	switch {
	case t.Implements(zeroerType):
		return func(v reflect.Value) bool { return isNil(v) || v.Interface().(zeroer).IsZero() }
	case reflect.PointerTo(t).Implements(zeroerType):
		return func(v reflect.Value) bool {
			p := reflect.New(t)
			p.Elem().Set(v)
			return p.Interface().(zeroer).IsZero()
		}
	}
	return nil
}

// isNil reports whether v is a nil pointer, or an interface that is or holds one.
func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Interface:
		return v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil()
	}
	return false
}

// dominant keeps, of each name, the one field that encoding/json writes.
func dominant(all []field) []field {
	byName := map[string][]field{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	var kept []field
	for _, same := range byName {
		slices.SortStableFunc(same, func(a, b field) int {
			return cmp.Or(cmp.Compare(len(a.index), len(b.index)), cmp.Compare(rank(a), rank(b)))
		})
		if len(same) > 1 && len(same[0].index) == len(same[1].index) && same[0].tagged == same[1].tagged {
			continue
		}
		kept = append(kept, same[0])
	}
	slices.SortFunc(kept, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return kept
}

func rank(f field) int {
	if f.tagged {
		return 0
	}
	return 1
}

// in returns the field's value in the struct v; false where it is not written.
func (f *field) in(v reflect.Value) (reflect.Value, bool) {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, !(f.omitEmpty && isEmpty(v) || f.omitZero && f.zero(v))
}

func (f *field) zero(v reflect.Value) bool {
	if f.isZero != nil {
		return f.isZero(v)
	}
	return v.IsZero()
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return false
	}
	return v.IsZero()
}
