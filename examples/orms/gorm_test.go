package orms

import (
	"context"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// openGORM puts GORM on a test's database. It shares the pool.
func openGORM(db *pgtest.DB) (*gorm.DB, error) {
	return gorm.Open(postgres.New(postgres.Config{Conn: db.SQL()}), &gorm.Config{Logger: logger.Discard})
}

func TestGORM(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	orm, err := openGORM(db)
	if err != nil {
		t.Fatal(err)
	}
	author := factory.Auto("authors").Create(t, db)
	factory.Auto("posts").CreateN(t, db, 3, factory.By(author))

	check.Queries(t, db, check.Budget{Max: 2}) // Preload is one statement more, not one for each row
	var found []Author
	if err := orm.WithContext(t.Context()).Preload("Posts").Find(&found).Error; err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || len(found[0].Posts) != 3 {
		t.Errorf("%+v, want one author of three posts", found)
	}
}

// automigrated has the schema that GORM makes of the structs. It is made once, for a
// template, and again when the sources of this package change.
var automigrated = &pgtest.Server{Migrate: func(ctx context.Context, db *pgtest.DB) error {
	orm, err := openGORM(db)
	if err != nil {
		return err
	}
	return orm.WithContext(ctx).AutoMigrate(&Author{}, &Post{})
}}

func TestAutoMigrate(t *testing.T) {
	t.Parallel()
	orm, err := openGORM(automigrated.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := orm.Create(&Author{Name: "Ada", Posts: []Post{{Title: "Notes"}}}).Error; err != nil {
		t.Error(err)
	}
}
