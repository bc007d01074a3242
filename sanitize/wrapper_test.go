package sanitize_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/qarion/seedbed/relation"
	"github.com/qarion/seedbed/sanitize"
)

type pageOwner struct{}

func (pageOwner) Relation() (name, loader string) { return "Page.Owner", "LoadOwners" }

type pageFiles struct{}

func (pageFiles) Relation() (name, loader string) { return "Page.Files", "LoadFiles" }

type file struct {
	Name  string                        `json:"name"`
	Blob  []byte                        `json:"blob"`
	Owner relation.One[file, pageOwner] `json:"owner"`
}

type relatedPage struct {
	Title string                           `json:"title"`
	Owner *relation.One[file, pageOwner]   `json:"owner"`
	Files relation.Many[file, pageFiles]   `json:"files"`
	Notes relation.Many[[]byte, pageFiles] `json:"notes"`
}

// related is a page of loaded relations; blob is in all of them.
func related(blob []byte) relatedPage {
	inner := file{Name: "inner", Blob: blob}
	inner.Owner.Set(nil)
	outer := file{Name: "bad \xff", Blob: blob}
	outer.Owner.Set(&inner)
	p := relatedPage{Title: "t", Owner: &relation.One[file, pageOwner]{}}
	p.Owner.Set(&inner)
	p.Files.Set([]file{inner, outer})
	p.Notes.Set(nil)
	return p
}

func pathsOf(found []sanitize.Finding) (paths []string) {
	for _, f := range found {
		paths = append(paths, f.Rule+" "+f.Path)
	}
	return paths
}

func TestBytesInLoadedRelations(t *testing.T) {
	t.Parallel()
	blob := []byte("\x89PNG\r\n")
	found := pathsOf(sanitize.Inspect(related(blob), sanitize.Policy{}))
	want := []string{"raw-binary $.owner.blob", "raw-binary $.files[0].blob", "invalid-utf8 $.files[1].name",
		"raw-binary $.files[1].blob", "raw-binary $.files[1].owner.blob"}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	out := sound(t, func() any { return related(blob) }, sanitize.Policy{})
	doc, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(doc); strings.Contains(text, base64.StdEncoding.EncodeToString(blob)) || strings.Count(text, `"type":"binary"`) != 4 ||
		!strings.Contains(text, `"notes":[]`) || !strings.Contains(text, `"owner":null`) {
		t.Errorf("sanitized: %s", text)
	}
	if rest := sanitize.Inspect(related(nil).Owner, sanitize.Policy{}); len(rest) > 0 {
		t.Errorf("a clean relation: %v", rest)
	}
	if allowed := sanitize.Inspect(related(blob), sanitize.Policy{AllowBinary: true}); len(allowed) != 1 {
		t.Errorf("with AllowBinary: %v", allowed)
	}
}

func TestUnloadedRelationStaysAnError(t *testing.T) {
	t.Parallel()
	page := related(nil)
	page.Files.Set([]file{{Name: "its owner is not loaded"}})
	found := sanitize.Inspect(page, sanitize.Policy{})
	last := found[len(found)-1]
	if len(found) != 1 || last.Rule != "unencodable" || last.Path != "$.files[0].owner" ||
		!strings.Contains(last.Detail, "relation Page.Owner is not loaded") {
		t.Errorf("found %v", found)
	}
	sound(t, func() any { return relatedPage{} }, sanitize.Policy{})
}

// methodical has a MarshalJSON that writes its exported field in some way.
type methodical struct {
	Data []byte
	As   func([]byte) any
}

func (m methodical) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"kind": "blob", "data": m.As(m.Data)})
}

func TestBytesBehindMarshalJSON(t *testing.T) {
	t.Parallel()
	blob := []byte{0, 1, 0xfb, 0xff, 0xfe} // has + and / in base64
	ways := map[string]struct {
		as   func([]byte) any
		seen bool
	}{
		"base64":      {func(b []byte) any { return b }, true},
		"list of it":  {func(b []byte) any { return []any{1, [][]byte{b}} }, true},
		"length":      {func(b []byte) any { return len(b) }, false},
		"hexadecimal": {func(b []byte) any { return hex.EncodeToString(b) }, false},
	}
	for name, way := range ways {
		build := func() any { return map[string]any{"x": &methodical{blob, way.as}} }
		found := sanitize.Inspect(build(), sanitize.Policy{})
		if seen := len(found) == 1 && found[0].Rule == "raw-binary" && strings.HasPrefix(found[0].Path, "$.x.data"); seen != way.seen {
			t.Errorf("%s: found %v, want a finding: %t", name, found, way.seen)
		}
		doc, err := json.Marshal(sanitize.Value(build(), sanitize.Policy{}))
		if gone := strings.Contains(string(doc), `"type":"binary","length":5`); err != nil || gone != way.seen {
			t.Errorf("%s: sanitized to %s, %v", name, doc, err)
		}
	}
}

// endless wraps itself.
type endless struct{}

func (e endless) Marshals() (any, bool)        { return e, true }
func (e endless) MarshalJSON() ([]byte, error) { return []byte(`"end"`), nil }

// faulty panics where it is asked what it wraps.
type faulty struct{}

func (faulty) Marshals() (any, bool)        { panic("no") }
func (faulty) MarshalJSON() ([]byte, error) { return []byte(`"a\u0000"`), nil }

func TestWrappersThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	sound(t, func() any { return []any{endless{}} }, sanitize.Policy{})
	if found := sanitize.Inspect([]any{faulty{}}, sanitize.Policy{}); len(found) != 1 || found[0].Rule != "nul" {
		t.Errorf("found %v", found)
	}
}
