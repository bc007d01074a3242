package orms

import (
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/qarion/seedbed/factory"
)

func TestBun(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	author := factory.Auto("authors").Create(t, db)
	factory.Auto("posts").CreateN(t, db, 2, factory.By(author))

	orm := bun.NewDB(db.SQL(), pgdialect.New())
	var found []Author
	if err := orm.NewSelect().Model(&found).Relation("Posts").Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || len(found[0].Posts) != 2 {
		t.Errorf("%+v, want one author of two posts", found)
	}
}
