package sanitize

import (
	"encoding/json"
	"reflect"
)

func (w *rewriter) textMarshaler(v reflect.Value) (any, outcome) {
	text, err := marshalText(v)
	switch {
	case err != nil:
		return w.text(failedMarker)
	case text == nil:
		return nil, w.take(4)
	}
	clean, dirty := w.p.cleanText(string(text), w.p.MaxString)
	if dirty {
		return w.text(clean)
	}
	return nil, w.take(encodedLen(clean))
}

func (w *rewriter) marshaler(v reflect.Value) (any, outcome) {
	if inner, ok := unwrapped(v); ok {
		return w.unwrapped(inner)
	}
	doc, err := marshalJSON(v)
	if err != nil {
		return w.text(failedMarker)
	}
	w.hidden = w.p.hiddenIn(string(doc), v)
	r, o := w.document(string(doc))
	w.hidden = nil
	if o == same && coerced(string(doc), v) {
		return json.RawMessage(doc), changed
	}
	return r, o
}

func (w *rewriter) unwrapped(inner any) (any, outcome) {
	if inner == nil {
		return nil, w.take(4)
	}
	return w.value(reflect.ValueOf(inner), planOf(reflect.TypeOf(inner)), false)
}
