package factory_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// mistaken is a schema in which rows that a test asks for cannot be made, each for another
// reason.
var mistaken = &pgtest.Server{Migrations: fstest.MapFS{"00001_mistaken.sql": {Data: []byte(`-- +goose Up
create type size as enum ('small', 'large');
create table countries (id bigint generated always as identity primary key, name text not null, eu boolean not null unique);
create table shirts (id bigint generated always as identity primary key, size size not null unique, n int not null unique);
create table eggs (id bigint generated always as identity primary key, hen_id bigint not null);
create table hens (id bigint generated always as identity primary key, egg_id bigint not null references eggs);
alter table eggs add foreign key (hen_id) references hens;
create table accounts (id bigint generated always as identity primary key, name varchar(12) not null, "Nick" varchar(3));
create table articles (id bigint generated always as identity primary key, title text not null);
create table comments (id bigint generated always as identity primary key, author_id bigint not null references accounts,
	commentable_type text not null, commentable_id bigint not null, body text not null);
-- +goose Down
drop table comments, articles, accounts, hens, eggs, shirts, countries;
`)}}}

// A unique column of few values says for how many rows there is room.
func TestMoreRowsThanAKeyHasValues(t *testing.T) {
	t.Parallel()
	db := mistaken.DB(t)
	_, err := factory.Auto("countries").CreateNContext(t.Context(), db, 5)
	mention(t, err, "eu has 2 values, so that no more than 2 rows have room: ask for fewer rows")
	_, err = factory.Auto("shirts").CreateNContext(t.Context(), db, 3)
	mention(t, err, "size has 2 values, so that no more than 2 rows have room")
	same := factory.Set(func(r *factory.Record) { r.Set("n", 1) })
	_, err = factory.Auto("shirts").CreateNContext(t.Context(), db, 2, same)
	mention(t, err, "leave its columns out and free values are made")
}

func TestTextThatIsTooLong(t *testing.T) {
	t.Parallel()
	db := mistaken.DB(t)
	_, err := factory.Auto("accounts").CreateContext(t.Context(), db, factory.Set(func(r *factory.Record) { r.Set("name", "größer als zwölf") }))
	mention(t, err, `accounts.name takes 12 characters, and "größer als zwölf" has 16`, "SQLSTATE 22001")
	_, err = factory.Auto("accounts").CreateContext(t.Context(), db, factory.Set(func(r *factory.Record) { r.Set("Nick", "four") }))
	mention(t, err, `accounts.Nick takes 3 characters, and "four" has 4`)
}

func TestRequiredKeysInACycle(t *testing.T) {
	t.Parallel()
	_, err := factory.Auto("eggs").CreateContext(t.Context(), mistaken.DB(t))
	mention(t, err, "no row can be the first", "hens(egg_id) → eggs", "eggs(hen_id) → hens", "DEFERRABLE INITIALLY DEFERRED")
}

// A pair whose targets no Model declares is named, with the Model that declares them.
func TestOnARowOfAPairWithoutTargets(t *testing.T) {
	t.Parallel()
	db := mistaken.DB(t)
	article := factory.Auto("articles").Create(t, db)
	_, err := factory.Auto("comments").CreateContext(t.Context(), db, factory.On(article))
	mention(t, err, "has no place in comments", "which tables commentable_type and commentable_id lead to is not known", "factory.WithModel(model)", "seedbed model",
		`{Table: "comments", Type: "commentable_type", ID: "commentable_id",`, `Targets: []seedbed.Target{{Type: "…", Table: "articles", Key: "id"}}`)
	found, err := seedbed.Discover(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	model := found.Model.With(seedbed.Model{Polymorphic: []seedbed.Polymorphic{{Table: "comments", Type: "commentable_type", ID: "commentable_id",
		Targets: []seedbed.Target{{Type: "Article", Table: "articles", Key: "id"}}}}})
	comment := factory.Auto("comments").Create(t, db, factory.On(article), factory.WithModel(model))
	if comment.Get("commentable_id") != article.Get("id") || comment.Get("commentable_type") != "Article" {
		t.Errorf("%v is not on %v", comment, article)
	}
	_, err = factory.Auto("eggs").CreateContext(t.Context(), db, factory.On(article))
	mention(t, err, "has no place in eggs, which references hens")
	_, plain := factory.Auto("accounts").CreateContext(t.Context(), db, factory.In(article))
	mention(t, plain, "In(articles 1) has no place in accounts, which references nothing: leave it out")
	if strings.Contains(err.Error(), "WithModel") {
		t.Errorf("no pair, but: %v", err)
	}
}

func TestColumnThatIsMisspelt(t *testing.T) {
	t.Parallel()
	_, err := factory.Auto("articles").CreateContext(t.Context(), mistaken.DB(t), factory.Set(func(r *factory.Record) { r.Set("titel", "T") }))
	mention(t, err, `create articles: there is no column "titel" in articles; did you mean title?`)
	if strings.Contains(err.Error(), "struct") {
		t.Errorf("no struct is the caller's: %v", err)
	}
}

type nameless struct{ ID int64 }

func (nameless) TableName() string { return "" }

// A factory that is nil, or whose rows do not name their table, says so whatever it is used for.
func TestFactoryThatIsNone(t *testing.T) {
	t.Parallel()
	db := mistaken.DB(t)
	articles := factory.Auto("articles")
	var unassigned *factory.Factory[factory.Record]
	names := factory.New(factory.Definition[nameless]{})
	const isNil, isEmpty = "the factory is nil: assign what New, Auto or With returns", "TableName of factory_test.nameless is empty"
	for name, test := range map[string]struct {
		call func() error
		want string
	}{
		"nil":              {func() error { _, err := unassigned.CreateContext(t.Context(), db); return err }, isNil},
		"zero":             {func() error { _, err := new(factory.Factory[nameless]).CreateContext(t.Context(), db); return err }, isNil},
		"nil with options": {func() error { _, err := unassigned.With(factory.Seed(1)).CreateContext(t.Context(), db); return err }, isNil},
		"nil to build":     {func() error { _, err := unassigned.Build(0); return err }, isNil},
		"nil to fill":      {func() error { _, err := unassigned.FillContext(t.Context(), db, 2); return err }, isNil},
		"nil children": {func() error {
			_, err := articles.CreateContext(t.Context(), db, factory.Has(1, unassigned))
			return err
		}, isNil},
		"no children": {func() error { _, err := articles.CreateContext(t.Context(), db, factory.Has(1, nil)); return err }, isNil},
		"nil parents": {func() error {
			_, err := factory.New(factory.Definition[nameless]{Parents: []factory.Maker{unassigned}}).Build(0)
			return err
		}, "a factory of Parents is nil"},
		"no name":           {func() error { _, err := names.CreateContext(t.Context(), db); return err }, isEmpty},
		"no name to fill":   {func() error { _, err := names.FillContext(t.Context(), db, 2); return err }, isEmpty},
		"children, no name": {func() error { _, err := articles.CreateContext(t.Context(), db, factory.Has(1, names)); return err }, isEmpty},
		"parent, no name":   {func() error { _, err := articles.CreateContext(t.Context(), db, factory.On(nameless{})); return err }, "create articles: On: " + isEmpty},
		"healthy":           {func() error { _, err := articles.CreateContext(t.Context(), db, nil); return err }, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.call(); !strings.Contains(fmt.Sprint(err), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
