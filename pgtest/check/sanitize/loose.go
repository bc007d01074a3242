package sanitize

import (
	"encoding/json"
	"reflect"
)

// loose returns the item for a place that takes any type, such that it is
// encoded there as it would have been where it stood.
func (it *item) loose() any {
	if it.field != nil && it.field.quoted {
		return it.quoted()
	}
	if !it.changed {
		return keep(it.was)
	}
	if it.was.IsValid() && it.was.CanAddr() && reflect.TypeOf(it.now) == it.was.Type() && isAggregate(it.was) {
		return pointerTo(it.now)
	}
	return it.now
}

// quoted returns a field with the ",string" option as encoding/json writes it:
// a string that holds JSON. What is not JSON any more, such as "NaN", is a string
// as it is.
func (it *item) quoted() any {
	was, p := it.was, it.field.plan
	for was.Kind() == reflect.Pointer && p.form == formPointer {
		if was.IsNil() {
			return nil
		}
		was, p = was.Elem(), p.elem
	}
	form := p.formFor(was)
	if form == formJSON || form == formText { // those ignore the option
		return keep(it.was)
	}
	now := was
	if it.changed {
		now = reflect.Indirect(reflect.ValueOf(it.now))
		if form != formString {
			return it.now
		}
	}
	if form == formNumber && now.Len() == 0 {
		return "0"
	}
	doc, err := json.Marshal(now.Interface())
	if err != nil {
		return failedMarker
	}
	return string(doc)
}

// keep returns a clean v for a place that takes any type. Where v is addressable
// its address is kept, or a MarshalJSON with a pointer receiver, on v or further
// in, would no longer be called.
func keep(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Interface && v.IsNil():
		return nil
	case !v.CanInterface():
		return expose(v)
	}
	p := planOf(v.Type())
	if v.CanAddr() && (isAggregate(v) || p.ptrJSON || p.ptrText) {
		return v.Addr().Interface()
	}
	return v.Interface()
}

func isAggregate(v reflect.Value) bool {
	return v.Kind() == reflect.Struct || v.Kind() == reflect.Array
}

// expose returns the members of an embedded struct of an unexported type, which
// reflection does not hand out whole.
func expose(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	items := fieldItems(v, planOf(v.Type()))
	m := members{kept: len(items), at: func(i int) item { return items[i] }}
	return m.object()
}
