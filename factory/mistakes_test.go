package factory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

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
create table teams (id bigint generated always as identity primary key, name text not null);
create table players (id bigint generated always as identity primary key, team_id bigint not null references teams,
	shirt smallint not null check (shirt between 1 and 3), twice int generated always as (shirt * 2) stored, unique (team_id, shirt));
create view team_names as select id, name from teams;
create table paradox (id bigint generated always as identity primary key, n int not null check (n > 10), check (n < 5));
create table visits (id bigint generated always as identity primary key, starts_at timestamptz not null, ends_at timestamptz not null,
	seats int not null, taken int not null, check (ends_at > starts_at), check (taken <= seats));
-- +goose Down
drop view team_names;
drop table visits, paradox, players, teams;
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

// A Go value that the column does not take is named with the column, and the caller's
// transaction goes on.
func TestValueOfAnotherType(t *testing.T) {
	t.Parallel()
	tx, err := mistaken.DB(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	shirts, comments, articles := factory.Auto("shirts"), factory.Auto("comments"), factory.Auto("articles")
	for _, c := range []struct {
		table  *factory.Factory[factory.Record]
		column string
		value  any
		want   string
	}{
		{shirts, "n", true, "shirts.n%s: a Go bool cannot be stored in type integer"},
		{shirts, "n", []int{1}, "shirts.n%s: a Go []int cannot be stored in type integer"},
		{shirts, "n", 1.5, "shirts.n%s: 1.5 is no whole number, which type integer takes"},
		{shirts, "n", 1 << 40, "shirts.n%s: type integer does not take it: 1099511627776 is greater than maximum value for int4"},
		{shirts, "n", 2.0, ""},
		{articles, "title", struct{ N int }{1}, "articles.title%s: a Go struct { N int } cannot be stored in type text"},
		{comments, "author_id", 999, "leave its columns out and a parent is made, or give a row that is there with In, On or By"},
	} {
		set := factory.Set(func(r *factory.Record) {
			if r.Set(c.column, c.value); c.table == comments {
				r.Set("commentable_type", "Article")
				r.Set("commentable_id", 1)
			}
		})
		for place, make := range map[string]func(db seedbed.DB) error{
			"":        func(db seedbed.DB) error { _, err := c.table.CreateContext(t.Context(), db, set); return err },
			", row 0": func(db seedbed.DB) error { _, err := c.table.FillContext(t.Context(), db, 1, set); return err },
		} {
			err := pgx.BeginFunc(t.Context(), tx, func(savepoint pgx.Tx) error { return errors.Join(make(savepoint), errors.New("undo")) })
			mention(t, err, strings.Replace(c.want, "%s", place, 1))
			if c.want == "" && err.Error() != "undo" {
				t.Errorf("%v: %v", c.value, err)
			}
		}
	}
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

type player struct {
	ID, TeamID int64
	Shirt      int16
	Twice      int32
}

func (player) TableName() string { return "players" }

// Each is answered with what was meant.
func TestMistakes(t *testing.T) {
	t.Parallel()
	db := mistaken.DB(t)
	set := func(column string, value any) factory.Option {
		return func(r *factory.Record) { r.Set(column, value) }
	}
	players := factory.New(factory.Definition[player]{})
	for name, c := range map[string]struct {
		err  func() error
		says []string
	}{
		"a generated column": {func() error {
			_, err := factory.Auto("players").CreateContext(t.Context(), db, set("twice", 9))
			return err
		},
			[]string{"create players: twice is generated by Postgres, from (shirt * 2); leave it out"}},
		"a generated field": {func() error {
			_, err := players.CreateContext(t.Context(), db, func(p *player) { p.Twice = 9 })
			return err
		}, []string{"field Twice: twice is generated by Postgres, from (shirt * 2); leave it zero"}},
		"a generated field of a plan": {func() error {
			_, err := players.FillContext(t.Context(), db, 2, func(p *player) { p.Twice = 9 })
			return err
		}, []string{"field Twice: twice is generated by Postgres"}},
		"a column unlike any": {func() error {
			_, err := factory.Auto("players").CreateContext(t.Context(), db, set("nickname", "bo"))
			return err
		},
			[]string{`there is no column "nickname" in players; the table has id, team_id, shirt, twice`}},
		"more rows than a key has room for": {func() error {
			_, err := factory.Auto("teams").CreateContext(t.Context(), db, factory.Has(4, factory.Auto("players")))
			return err
		}, []string{"shirt has 3 values, so that no more than 3 rows have room for each team_id: ask for fewer rows"}},
		"a view": {func() error { _, err := factory.Auto("team_names").CreateContext(t.Context(), db); return err },
			[]string{"create team_names: no such table team_names: it is a view, which shows rows of teams: make rows of those"}},
		"no name": {func() error { _, err := factory.Auto("").CreateContext(t.Context(), db); return err },
			[]string{`create Auto(""): the table's name is empty`}},
		"a factory of the reference schema": {func() error { _, err := factory.Datasets.CreateContext(t.Context(), db); return err },
			[]string{"no such table datasets: this factory is of Seedbed's reference schema; make one of your own with factory.New or factory.Auto"}},
		"a trait of the reference schema": {func() error { _, err := players.CreateContext(t.Context(), db, factory.Slack()); return err },
			[]string{"Slack() is no option for rows of factory_test.player"}},
		"constraints that contradict each other": {func() error { _, err := factory.Auto("paradox").CreateContext(t.Context(), db); return err },
			[]string{"no row of paradox was found that satisfies paradox_", "CHECK ((n > 10))", "CHECK ((n < 5))", "together with"}},
		"half of what a CHECK compares": {func() error {
			_, err := factory.Auto("visits").CreateContext(t.Context(), db, set("seats", -1000))
			return err
		},
			[]string{"seats was given, and taken made up without regard to that: give taken, too"}},
		"a Model of other tables": {func() error {
			model := seedbed.Model{Tenants: []seedbed.Tenant{{Name: "team", Table: "team", Key: []string{"id"}}}}
			_, err := factory.Auto("players").CreateContext(t.Context(), db, factory.WithModel(model))
			return err
		}, []string{"create players: ", "table team does not exist; did you mean teams?"}},
		"Has the wrong way round": {func() error {
			_, err := factory.Auto("players").CreateContext(t.Context(), db, factory.Has(2, factory.Auto("teams")))
			return err
		}, []string{"create players: Has: its rows would reference the new players, and players reference teams: make the row of teams first, and pass it with On"}},
		"an enum's value": {func() error {
			_, err := factory.Auto("shirts").CreateContext(t.Context(), db, set("size", "smal"))
			return err
		},
			[]string{`shirts.size: ERROR: invalid input value for enum size: "smal" (SQLSTATE 22P02); it is one of small, large`}},
	} {
		err := c.err()
		if mention(t, err, c.says...); t.Failed() {
			t.Fatal(name)
		}
	}
}

// An end is made up after the start that is given, and a start before the end.
func TestSpanOfWhichOneEndIsGiven(t *testing.T) {
	t.Parallel()
	db := mistaken.DB(t)
	for _, column := range []string{"starts_at", "ends_at"} {
		for _, year := range []int{1990, 2090} {
			at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			given := func(r *factory.Record) { r.Set(column, at) }
			row := factory.Auto("visits").Create(t, db, given)
			if got, _ := row.Values[column].(time.Time); !got.Equal(at) {
				t.Errorf("%s is %s, want %s", column, got, at)
			}
			factory.Auto("visits").Fill(t, db, 3, given)
		}
	}
}
