package desk

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// Whatever is asked for in one space, nothing of the other shows: no value, no key,
// neither in what is sent nor in what is logged.
func TestNothingOfAnotherSpaceLeaves(t *testing.T) {
	w := newWorld(t) // not parallel: the log is the process's
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })

	canaries := check.Canaries(t, w, check.Options{}, w.theirs.ID)
	mine := w.mine.ID.String()
	providers := w.get(t, "spaces", mine, "providers")
	thread := w.get(t, "spaces", mine, "datasets", w.dataset.ID.String(), "comments")
	posted := w.post(t, `{"author": "`+w.author.ID.String()+`", "body": "Looks good."}`,
		"spaces", mine, "datasets", w.dataset.ID.String(), "comments")
	canaries.Absent(t, providers, thread, posted, &log)

	// And that was no silence: each of them answered with what is ours.
	if got := decode[[]any](t, providers); len(got) != 1 {
		t.Errorf("%d providers, want 1", len(got))
	}
	if got := decode[[]any](t, thread); len(got) != 3 {
		t.Errorf("%d comments, want 3", len(got))
	}
	decode[struct{}](t, posted)
}

// A resource of another space and one that no space has are the same to a caller.
func TestAnotherSpacesResourceDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := datasets.With(factory.In(w.theirs)).Create(t, w)
	body := `{"author": "` + w.author.ID.String() + `", "body": "Whose is this?"}`
	for _, id := range []uuid.UUID{theirs.ID, uuid.New()} {
		res := w.post(t, body, "spaces", w.mine.ID.String(), "datasets", id.String(), "comments")
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("comment on %s: %s, want 404", id, res.Status)
		}
	}
	check.Integrity(t, w)
}

// The database itself shows desk_app the space that the session names, and without
// one nothing. Row-level security, not the WHERE of our queries, holds this.
func TestTheRoleSeesOneSpace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for space, want := range map[string]int{w.mine.ID.String(): 3, w.theirs.ID.String(): 3, uuid.NewString(): 0, "": 0} {
		app := w.As(t, "desk_app", map[string]string{"desk.space": space})
		var n int
		if err := app.QueryRow(t.Context(), "SELECT count(*) FROM comments").Scan(&n); err != nil || n != want {
			t.Errorf("space %q: %d comments, %v; want %d", space, n, err, want)
		}
	}
}

// Code that forgets its space writes nothing either.
func TestTheRoleWritesInItsSpaceOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.As(t, "desk_app", map[string]string{"desk.space": w.mine.ID.String()})
	_, err := app.Exec(t.Context(), "INSERT INTO members (space_id, name, email) VALUES ($1, 'Eve', 'eve@example.test')", w.theirs.ID)
	if err == nil {
		t.Error("desk_app wrote into a space that it is not in")
	}
}
