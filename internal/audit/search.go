package audit

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Match is a canary that was met where it must not be.
type Match struct {
	Canary
	// Path to it, such as $.items[3].body.
	Path string
	// Form it was in: "as it is", "hex", "base64", "URL-escaped", "bytes", "gzip", …
	Form string
}

// Search looks through any Go value: structs with unexported fields, maps with
// their keys, pointers, errors, bytes and strings; JSON within strings; and texts
// in hexadecimal, base64, URL escapes, gzip, deflate, zstd and UTF-16, up to three
// layers deep.
func (c *Canaries) Search(v any) []Match {
	s := &search{canaries: c, seen: map[visit]bool{}, known: map[string]bool{}}
	s.walk("$", reflect.ValueOf(v), 0)
	// Maps come in no order.
	slices.SortStableFunc(s.found, func(a, b Match) int { return strings.Compare(a.Path, b.Path) })
	return s.found
}

type search struct {
	canaries *Canaries
	seen     map[visit]bool
	known    map[string]bool
	found    []Match
}

type visit struct {
	pointer uintptr
	typ     reflect.Type
}

const maxDepth = 64

func (s *search) walk(path string, v reflect.Value, depth int) {
	if !v.IsValid() || depth > maxDepth {
		return
	}
	s.asError(path, v)
	switch v.Kind() {
	case reflect.String:
		s.text(path, v.String())
	case reflect.Slice, reflect.Array:
		s.list(path, v, depth)
	case reflect.Map:
		if s.visited(v.Pointer(), v.Type()) {
			return
		}
		iter := v.MapRange()
		for iter.Next() {
			key := fmt.Sprint(iter.Key())
			s.walk(path+"{key}", iter.Key(), depth+1)
			s.walk(path+"."+key, iter.Value(), depth+1)
		}
	case reflect.Pointer:
		if !v.IsNil() && !s.visited(v.Pointer(), v.Type()) {
			s.walk(path, v.Elem(), depth+1)
		}
	case reflect.Interface:
		s.walk(path, v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			s.walk(path+"."+v.Type().Field(i).Name, v.Field(i), depth+1)
		}
	}
}

func (s *search) visited(pointer uintptr, typ reflect.Type) bool {
	k := visit{pointer, typ}
	if s.seen[k] {
		return true
	}
	s.seen[k] = true
	return false
}

// asError reads what an error says, which is more than its fields.
func (s *search) asError(path string, v reflect.Value) {
	if !v.CanInterface() || v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.IsNil() {
		return
	}
	err, ok := v.Interface().(error)
	if !ok {
		return
	}
	s.text(path+".Error()", err.Error())
	if next := errors.Unwrap(err); next != nil {
		s.walk(path+".Unwrap()", reflect.ValueOf(next), 1)
	}
}

func (s *search) list(path string, v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		raw := make([]byte, v.Len())
		for i := range raw {
			raw[i] = byte(v.Index(i).Uint())
		}
		s.text(path, string(raw))
		return
	}
	for i := range v.Len() {
		s.walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i), depth+1)
	}
}

// text looks at a string: as JSON, where it is, for the path; then as it is and in
// whatever it may be encoded.
func (s *search) text(path, text string) {
	before := len(s.found)
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		var doc any
		if json.Unmarshal([]byte(trimmed), &doc) == nil {
			s.walk(path, reflect.ValueOf(doc), 1)
		}
	}
	if len(s.found) == before {
		s.layers(path, text, "as it is", 3)
	}
}

var (
	hexRun    = regexp.MustCompile(`[0-9A-Fa-f]{24,}`)
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}={0,2}`)
)

func (s *search) layers(path, text, form string, left int) {
	s.plain(path, text, form)
	if left == 0 || len(text) < 12 {
		return
	}
	if strings.ContainsAny(text, "%+") {
		if plain, err := url.QueryUnescape(text); err == nil && plain != text {
			s.layers(path, plain, "URL-escaped", left-1)
		}
	}
	if strings.Contains(text, `\`) {
		var plain string
		if json.Unmarshal([]byte(`"`+strings.ReplaceAll(strings.ReplaceAll(text, `\"`, `"`), `"`, `\"`)+`"`), &plain) == nil && plain != text {
			s.layers(path, plain, "JSON-escaped", left-1)
		}
	}
	for form, plain := range unpacked(text) {
		s.layers(path, plain, form, left-1)
	}
	for _, run := range hexRun.FindAllString(text, -1) {
		for _, r := range []string{run, run[1:]} {
			if plain, err := hex.DecodeString(r[:len(r)&^1]); err == nil {
				s.layers(path, string(plain), "hex", left-1)
			}
		}
	}
	for _, run := range base64Run.FindAllString(text, -1) {
		run = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(run, "="))
		// A run may begin before the encoded text does, by what stands around it.
		for skip := range 4 {
			r := run[skip:]
			if plain, err := base64.RawStdEncoding.DecodeString(r[:len(r)-badTail(len(r))]); err == nil {
				s.layers(path, string(plain), "base64", left-1)
			}
		}
	}
}

// badTail is 1 where a length is impossible in base64.
func badTail(n int) int {
	if n%4 == 1 {
		return 1
	}
	return 0
}

func (s *search) plain(path, text, form string) {
	lower := strings.ToLower(text)
	for _, c := range s.canaries.Planted {
		if strings.Contains(text, c.Text) || strings.HasPrefix(c.Text, "canary") && strings.Contains(lower, c.Text) {
			s.add(c, path, form)
		}
	}
	for _, c := range s.canaries.IDs {
		bare := strings.ReplaceAll(c.Text, "-", "")
		raw, err := hex.DecodeString(bare)
		switch {
		case strings.Contains(lower, strings.ToLower(c.Text)), len(bare) == 32 && strings.Contains(lower, bare):
			s.add(c, path, form)
		case err == nil && len(raw) == 16 && strings.Contains(text, string(raw)):
			s.add(c, path, "bytes")
		}
	}
}

func (s *search) add(c Canary, path, form string) {
	k := path + "\x00" + c.Text
	if s.known[k] {
		return
	}
	s.known[k] = true
	s.found = append(s.found, Match{Canary: c, Path: path, Form: form})
}
