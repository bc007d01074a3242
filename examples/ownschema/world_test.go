package gallery

import (
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: Migrations}

type Tenant struct {
	ID   int64
	Name string
}

type User struct {
	ID       int64
	TenantID int64 `db:"tenantId"`
	Email    string
}

func (Tenant) TableName() string  { return "tenants" }
func (User) TableName() string    { return "users" }
func (Post) TableName() string    { return "posts" }
func (Comment) TableName() string { return "comments" }

// What matters to the tests has a function; all else is made up from the catalog.
var (
	tenants = factory.New(factory.Definition[Tenant]{})
	users   = factory.New(factory.Definition[User]{
		Row: func(u *User, c *factory.Cells) { u.Email = c.Of("email").Email() },
	}).With(factory.WithModel(Model))
	posts = factory.New(factory.Definition[Post]{
		Row:     func(p *Post, c *factory.Cells) { p.Title = c.Of("title").Sentence() },
		Parents: []factory.Maker{users},
	}).With(factory.WithModel(Model))
	comments = factory.New(factory.Definition[Comment]{
		Row:     func(m *Comment, c *factory.Cells) { m.Body = c.Of("body").Comment() },
		Parents: []factory.Maker{posts, users},
	}).With(factory.WithModel(Model))
)
