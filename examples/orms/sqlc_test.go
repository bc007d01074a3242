package orms

import (
	"testing"

	"example.com/orms/store"

	"github.com/qarion/seedbed/factory"
)

func TestSQLC(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	author := factory.Auto("authors").Create(t, db)
	factory.Auto("posts").CreateN(t, db, 2, factory.By(author))

	queries := store.New(db) // a *pgtest.DB is a DBTX, and so is what pg.Tx(t) returns
	titles, err := queries.Titles(t.Context(), author.Get("name").(string))
	if err != nil || len(titles) != 2 {
		t.Errorf("%q, %v; want two titles", titles, err)
	}
}
