package bookmarks

import (
	"slices"
	"testing"

	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: Migrations}

func TestListIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	for _, b := range [][2]string{{"ada", "https://a.example"}, {"bob", "https://b.example"}, {"ada", "https://a.example"}} {
		if err := Add(t.Context(), db.Pool, b[0], b[1]); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := List(t.Context(), db.Pool, "ada"); err != nil || !slices.Equal(got, []string{"https://a.example"}) {
		t.Errorf("List(ada) = %q, %v", got, err)
	}
}
