package desk

import (
	"net/http"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// What the database holds is not always fit to leave: every cell that may hold
// anything holds the worst, and each response is clean all the same.
func TestHostileRowsLeaveClean(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	author := members.With(factory.In(w.mine), factory.Hostile()).Create(t, w)
	provider := providers.With(factory.In(w.mine), factory.Hostile()).Create(t, w)
	datasets.With(factory.On(provider), factory.Hostile()).CreateN(t, w, 30)
	comments.With(factory.On(w.dataset), factory.By(author), factory.Hostile()).CreateN(t, w, 30)

	check.Sanitized(t, w.get(t, "spaces", w.mine.ID.String(), "providers"))
	check.Sanitized(t, w.get(t, "spaces", w.mine.ID.String(), "datasets", w.dataset.ID.String(), "comments"))
}

// A sample that is no UTF-8 leaves as a placeholder: its length and its hash.
func TestASampleLeavesAsAPlaceholder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	datasets.With(factory.On(w.provider)).Create(t, w, func(d *Dataset) { d.Name, d.Sample = "latin-1", []byte("caf\xe9") })
	res := w.get(t, "spaces", w.mine.ID.String(), "providers")
	check.Sanitized(t, res)
	for _, p := range decode[[]struct {
		Datasets []struct {
			Name   string
			Sample *struct{ Length int }
		}
	}](t, res) {
		for _, d := range p.Datasets {
			if d.Name == "latin-1" && (d.Sample == nil || d.Sample.Length != 4) {
				t.Errorf("sample: %+v, want a placeholder of 4 bytes", d.Sample)
			}
		}
	}
}

// What is refused is refused with a message of ours, clean too, and nothing is written.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	thread := []string{"spaces", w.mine.ID.String(), "datasets", w.dataset.ID.String(), "comments"}
	author := `"author": "` + w.author.ID.String() + `"`
	for body, want := range map[string]int{
		`{` + author + `, "body": ""}`:                http.StatusUnprocessableEntity,
		`{` + author + `, "body": "a\u0000b"}`:        http.StatusUnprocessableEntity,
		"{\"author\": \"\x1b[31m\", \"body\": \"x\"}": http.StatusBadRequest,
		`{"body": "by nobody"}`:                       http.StatusNotFound,
	} {
		res := w.post(t, body, thread...)
		if res.StatusCode != want {
			t.Errorf("%q: %s, want %d", body, res.Status, want)
		}
		check.Sanitized(t, res)
	}
	if got := decode[[]any](t, w.get(t, thread...)); len(got) != len(w.comments) {
		t.Errorf("%d comments, want the %d from before", len(got), len(w.comments))
	}
}
