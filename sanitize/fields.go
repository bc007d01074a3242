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
	index     []int
	plan      *plan
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
	all := collectFields(nil, t, nil, nil, made)
	byName := map[string][]field{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	kept := slices.DeleteFunc(all, func(f field) bool { return !dominates(f, byName[f.name]) })
	return kept
}

// collectFields appends the fields of t, which is embedded at index in types.
func collectFields(all []field, t reflect.Type, index []int, types []reflect.Type, made map[reflect.Type]*plan) []field {
	if slices.Contains(types, t) {
		return all // within itself: those further out win
	}
	types = append(types, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" || !sf.IsExported() && !(sf.Anonymous && pointee(sf.Type).Kind() == reflect.Struct) {
			continue
		}
		f := newField(sf, tag)
		f.index = append(slices.Clone(index), i)
		if inner := embedded(sf); inner != nil && !f.tagged {
			all = collectFields(all, inner, f.index, slices.Clone(types), made)
			continue
		}
		f.plan = makePlan(sf.Type, made)
		all = append(all, f)
	}
	return all
}

// embedded returns the struct that sf embeds, or nil.
func embedded(sf reflect.StructField) reflect.Type {
	inner := sf.Type
	if inner.Name() == "" {
		inner = pointee(inner)
	}
	if !sf.Anonymous || inner.Kind() != reflect.Struct {
		return nil
	}
	return inner
}

func newField(sf reflect.StructField, tag string) field {
	name, options, _ := strings.Cut(tag, ",")
	f := field{name: name, tagged: validName(name)}
	if !f.tagged {
		f.name = sf.Name
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

// dominates reports whether f is the one of those with its name that is written.
func dominates(f field, same []field) bool {
	better := 0
	for _, g := range same {
		if cmp.Or(cmp.Compare(len(g.index), len(f.index)), cmp.Compare(rank(g), rank(f))) <= 0 {
			better++
		}
	}
	return better == 1 // f itself
}

func rank(f field) int {
	if f.tagged {
		return 0
	}
	return 1
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

// in returns the field's value in the struct v; false where it is not written.
func (f *field) in(v reflect.Value) (reflect.Value, bool) {
	if len(f.index) == 1 && !f.omitEmpty && !f.omitZero {
		return v.Field(f.index[0]), true
	}
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
