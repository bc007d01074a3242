// Package orms has one schema and five ways to it: GORM, Bun, Ent, sqlc and a suite of
// testify. The tests show how each is put on a test's database.
package orms

import "embed"

// Migrations are goose's.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Author is one row of authors, for GORM and Bun.
type Author struct {
	ID    int64  `gorm:"primaryKey" bun:",pk,autoincrement"`
	Name  string `gorm:"not null;unique" bun:",notnull"`
	Posts []Post `bun:"rel:has-many,join:id=author_id" db:"-"`
}

// Post is one row of posts.
type Post struct {
	ID       int64  `gorm:"primaryKey" bun:",pk,autoincrement"`
	AuthorID int64  `gorm:"not null"`
	Title    string `gorm:"not null" bun:",notnull"`
}
