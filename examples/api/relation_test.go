package desk

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/relation"
)

// A comment whose author the query did not load is not a comment without author:
// touching the author is an error that names the loader, and it does not marshal.
func TestAnAuthorThatWasNotLoaded(t *testing.T) {
	t.Parallel()
	var not *relation.NotLoadedError
	if _, err := (Comment{}).Author.Get(); !errors.As(err, &not) || not.Loader != "loadAuthors" {
		t.Errorf("got %v, want the name of the loader", err)
	}
	if _, err := json.Marshal(Comment{}); !errors.As(err, &not) {
		t.Errorf("got %v, want that it does not marshal", err)
	}
}

// Loaded and empty is not the same: a provider without datasets says [].
func TestRelationsAreInTheResponse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	providers.With(factory.In(w.mine)).Create(t, w, func(p *Provider) { p.Name = "an empty one" })

	type listed struct {
		Name     string
		Datasets json.RawMessage
	}
	for _, p := range decode[[]listed](t, w.get(t, "spaces", w.mine.ID.String(), "providers")) {
		if empty := string(p.Datasets) == "[]"; empty != (p.Name == "an empty one") {
			t.Errorf("%s has datasets %s", p.Name, p.Datasets)
		}
	}
	thread := decode[[]struct{ Author struct{ Name string } }](t,
		w.get(t, "spaces", w.mine.ID.String(), "datasets", w.dataset.ID.String(), "comments"))
	for _, c := range thread {
		if c.Author.Name != w.author.Name {
			t.Errorf("by %q, want %q", c.Author.Name, w.author.Name)
		}
	}
}
