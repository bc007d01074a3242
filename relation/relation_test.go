package relation_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/qarion/seedbed/relation"
)

type author struct {
	ID   int
	Name string
}

type comment struct {
	BookID int
	Body   string
}

type bookAuthor struct{}

func (bookAuthor) Relation() (name, loader string) { return "Book.Author", "LoadAuthors" }

type noName struct{}

func (noName) Relation() (name, loader string) { return "", "" }

type bookComments struct{}

func (bookComments) Relation() (name, loader string) { return "Book.Comments", "LoadComments" }

type book struct {
	ID       int
	AuthorID int `json:"-"`
	Author   relation.One[author, bookAuthor]
	Comments relation.Many[comment, bookComments]
}

func TestTouchingWhatIsNotLoadedNamesRelationAndLoader(t *testing.T) {
	var b book
	_, one := b.Author.Get()
	_, many := b.Comments.Get()
	_, marshal := json.Marshal(b)
	_, unnamed := relation.One[author, noName]{}.Get()
	for want, err := range map[string]error{
		"relation Book.Author is not loaded: call LoadAuthors first":                                                one,
		"relation Book.Comments is not loaded: call LoadComments first":                                             many,
		"relation Book.Author is not loaded":                                                                        marshal,
		"relation of relation_test.noName, whose Relation returns no name, is not loaded: call what loads it first": unnamed,
	} {
		var not *relation.NotLoadedError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestLoadedAndEmptyIsNotUnloaded(t *testing.T) {
	var b book
	b.Author.Set(nil)
	b.Comments.Set(nil)
	got, err := json.Marshal(b)
	if err != nil || string(got) != `{"ID":0,"Author":null,"Comments":[]}` {
		t.Fatalf("%s, %v", got, err)
	}
	if a, err := b.Author.Get(); a != nil || err != nil {
		t.Errorf("Get = %v, %v", a, err)
	}
	var back book
	if err := json.Unmarshal(got, &back); err != nil || !back.Author.Loaded() || !back.Comments.Loaded() {
		t.Errorf("unmarshalled: %v, %t, %t", err, back.Author.Loaded(), back.Comments.Loaded())
	}
}

func authorOf(b *book) (int, relation.Handle[author]) { return b.AuthorID, &b.Author }

func authorID(a author) int { return a.ID }

func TestLoadingManyIsOneFetch(t *testing.T) {
	books := []book{{ID: 1, AuthorID: 7}, {ID: 2, AuthorID: 7}, {ID: 3}, {ID: 4, AuthorID: 8}}
	calls := 0
	err := relation.Load(t.Context(), books, authorOf, func(_ context.Context, keys []int) ([]author, error) {
		calls++
		if len(keys) != 2 {
			t.Errorf("keys %v, want each once", keys)
		}
		return []author{{7, "Ann"}, {0, "not asked for"}}, nil
	}, authorID)
	if err != nil || calls != 1 {
		t.Fatalf("%v, %d calls", err, calls)
	}
	if a, _ := books[1].Author.Get(); a == nil || a.Name != "Ann" {
		t.Errorf("author of the second: %v", a)
	}
	for _, i := range []int{2, 3} {
		if a, err := books[i].Author.Get(); a != nil || err != nil {
			t.Errorf("author of %d: %v, %v, want loaded and empty", i, a, err)
		}
	}
	err = relation.Load(t.Context(), books, func(b *book) (int, relation.Handle[comment]) { return b.ID, &b.Comments },
		func(context.Context, []int) ([]comment, error) { return []comment{{1, "a"}, {4, "b"}, {1, "c"}}, nil },
		func(c comment) int { return c.BookID })
	if cs, _ := books[0].Comments.Get(); err != nil || len(cs) != 2 || cs[1].Body != "c" {
		t.Errorf("comments of the first: %v, %v", cs, err)
	}
	if err := relation.Load(t.Context(), []book{{}}, authorOf, nil, authorID); err != nil {
		t.Errorf("no key, but fetch was called: %v", err)
	}
}

func TestLoadingFails(t *testing.T) {
	broken := errors.New("broken")
	books := []book{{AuthorID: 1}}
	err := relation.Load(t.Context(), books, authorOf, func(context.Context, []int) ([]author, error) { return nil, broken }, authorID)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "Book.Author") || books[0].Author.Loaded() {
		t.Errorf("a failed fetch: %v, loaded %t", err, books[0].Author.Loaded())
	}
	err = relation.Load(t.Context(), books, authorOf, func(context.Context, []int) ([]author, error) { return []author{{ID: 1}, {ID: 1}}, nil }, authorID)
	if err == nil || err.Error() != "load relation Book.Author of 1: 2 rows where there may be one" {
		t.Errorf("two rows for one: %v", err)
	}
}

// What a caller forgot is an error that says so, and not a panic.
func TestLoadingWithoutAHandleOrAFunction(t *testing.T) {
	type shelf struct {
		book
		Spare *relation.One[author, bookAuthor]
	}
	fetch := func(context.Context, []int) ([]author, error) { return []author{{ID: 1}}, nil }
	of := func(s *shelf) (int, relation.Handle[author]) { return s.AuthorID, &s.Author }
	for name, c := range map[string]struct {
		of    func(*shelf) (int, relation.Handle[author])
		fetch func(context.Context, []int) ([]author, error)
		keyOf func(author) int
		want  string
	}{
		"nothing is missing": {of, fetch, authorID, ""},
		"no of":              {nil, fetch, authorID, "load relation: of is nil: pass a function that returns a parent's key and its handle"},
		"no fetch":           {of, nil, authorID, "load relation: fetch is nil"},
		"no keyOf":           {of, fetch, nil, "load relation: keyOf is nil"},
		"no handle":          {func(s *shelf) (int, relation.Handle[author]) { return s.AuthorID, nil }, fetch, authorID, "no handle for the relation_test.shelf at index 1: return the address of its field, as in &p.Owner"},
		"a handle of a copy": {func(s *shelf) (int, relation.Handle[author]) { copied := *s; return copied.AuthorID, &copied.Author }, fetch, authorID,
			"of returns another handle for the relation_test.shelf at index 0 each time, that of a copy: return the address of its own field"},
		"a row of another key": {of, func(context.Context, []int) ([]author, error) { return []author{{ID: 4711}}, nil }, authorID,
			"fetch returned a row of key 4711, which was not asked for"},
		"a handle that is nil": {func(s *shelf) (int, relation.Handle[author]) { return s.AuthorID, s.Spare }, fetch, authorID, "no handle for the relation_test.shelf at index 1"},
	} {
		t.Run(name, func(t *testing.T) {
			shelves := []shelf{{book: book{AuthorID: 1}, Spare: new(relation.One[author, bookAuthor])}, {book: book{AuthorID: 1}}}
			if name == "no handle" {
				first := c.of
				c.of = func(s *shelf) (int, relation.Handle[author]) {
					if s == &shelves[0] {
						return of(s)
					}
					return first(s)
				}
			}
			err := relation.Load(t.Context(), shelves, c.of, c.fetch, c.keyOf)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
