package widgets

import (
	"testing"

	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: Migrations}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	if err := Add(t.Context(), db.Pool, "sprocket"); err != nil {
		t.Fatal(err)
	}
	if err := Add(t.Context(), db.Pool, "sprocket"); err == nil {
		t.Error("two widgets have one name")
	}
}
