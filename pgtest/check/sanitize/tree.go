package sanitize

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// parseTree reads JSON text into Objects, []any, strings, json.Numbers, bools and
// nils. Unlike encoding/json it keeps order, duplicate keys, and the bytes that
// are not UTF-8. What nests deeper than depth levels becomes a marker.
func parseTree(doc string, depth, limit int) (any, error) {
	t := treeParser{lexer: lexer{s: doc}, depth: limit - depth, limit: limit}
	if len(doc) >= len(bom) && doc[:len(bom)] == bom {
		t.i = len(bom)
	}
	first, err := t.next()
	if err != nil {
		return nil, err
	}
	v, err := t.tree(first)
	if err != nil {
		return nil, err
	}
	if _, err := t.next(); err != nil { // only the end is an end
		return nil, err
	}
	return v, nil
}

type treeParser struct {
	lexer
	depth int // levels that may still be opened
	limit int
}

func (t *treeParser) tree(tok token) (any, error) {
	lit := t.s[tok.at:tok.end]
	switch tok.kind {
	case tokenOpen:
		if t.depth == 0 {
			return deepMarker(t.limit), t.skip()
		}
		t.depth--
		defer func() { t.depth++ }()
		if lit == "{" {
			return t.object()
		}
		return t.list()
	case tokenString:
		return unquote(t.inside(tok), tok.escaped), nil
	case tokenNumber:
		return json.Number(lit), nil
	}
	if lit == "null" {
		return nil, nil
	}
	return lit == "true", nil
}

func (t *treeParser) object() (any, error) {
	o := Object{}
	for {
		key, err := t.next()
		if err != nil || key.kind == tokenClose {
			return o, err
		}
		tok, err := t.next()
		if err != nil {
			return nil, err
		}
		v, err := t.tree(tok)
		if err != nil {
			return nil, err
		}
		o = append(o, Member{unquote(t.inside(key), key.escaped), v})
	}
}

func (t *treeParser) list() (any, error) {
	list := []any{}
	for {
		tok, err := t.next()
		if err != nil || tok.kind == tokenClose {
			return list, err
		}
		v, err := t.tree(tok)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

// skip reads up to the end of the bracket that was just opened.
func (t *treeParser) skip() error {
	for open := 1; open > 0; {
		tok, err := t.next()
		if err != nil {
			return err
		}
		switch tok.kind {
		case tokenOpen:
			open++
		case tokenClose:
			open--
		}
	}
	return nil
}

// The markers that stand in place of what is left out. Each fits the least
// MaxString, and none tells what an error said: that stays in the house.

func deepMarker(limit int) string {
	return fmt.Sprintf("[omitted: nested deeper than %d levels]", limit)
}

func typeMarker(kind fmt.Stringer) string {
	return fmt.Sprintf("[omitted: %s cannot be encoded]", kind)
}

const (
	cycleMarker  = "[omitted: refers to itself]"
	failedMarker = "[omitted: failed to encode]"
)

// documentMarker tells two things apart that are left out.
func documentMarker(what, doc string) string {
	sum := sha256.Sum256([]byte(doc))
	return fmt.Sprintf("[omitted: %s, %d bytes, sha256 %x]", what, len(doc), sum[:6])
}

func moreMarker(n int, what string) string {
	return fmt.Sprintf("[truncated: %d more %s]", n, what)
}
