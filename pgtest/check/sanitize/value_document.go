package sanitize

import (
	"encoding/json"
	"reflect"
)

// document returns the clean counterpart of JSON text, a json.RawMessage.
func (w *rewriter) document(doc string) (any, outcome) {
	if len(doc) <= w.left && w.cleanDocument(doc) {
		return nil, w.take(len(doc))
	}
	if len(doc) > w.p.MaxPayload {
		return w.rawText(documentMarker("JSON too large", doc))
	}
	tree, err := parseTree(doc, w.depth, w.p.MaxDepth)
	if err != nil {
		return w.rawText(documentMarker("invalid JSON", doc))
	}
	return w.tree(w.hidden.replace(tree))
}

// cleanDocument reports whether Inspect finds nothing in doc where it stands.
func (w *rewriter) cleanDocument(doc string) bool {
	look := newInspector(w.p)
	look.p.MaxFindings = 1
	look.depth, look.hidden = w.depth, w.hidden
	look.document(doc)
	return len(look.found) == 0
}

// tree rewrites what parseTree returned and encodes it again.
func (w *rewriter) tree(tree any) (any, outcome) {
	if tree == nil {
		if w.take(4) == noRoom {
			return nil, noRoom
		}
		return json.RawMessage("null"), changed
	}
	r, o := w.value(reflect.ValueOf(tree), planOf(reflect.TypeOf(tree)), false)
	if o == noRoom {
		return nil, noRoom
	}
	if o == same {
		r = tree
	}
	return encodeTree(r)
}

func (w *rewriter) rawText(marker string) (any, outcome) {
	r, o := w.text(marker)
	if o == noRoom {
		return nil, noRoom
	}
	return encodeTree(r)
}

// encodeTree cannot fail on what rewriting left in a tree; were it to, the
// caller leaves the value out.
func encodeTree(tree any) (any, outcome) {
	doc, err := Object{{"", tree}}.MarshalJSON()
	if err != nil {
		return nil, noRoom
	}
	return json.RawMessage(doc[len(`{"":`) : len(doc)-1]), changed
}
