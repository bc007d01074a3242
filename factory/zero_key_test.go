package factory_test

import (
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// zeroKeys is a schema whose keys the application chooses: 0 and ” are keys.
var zeroKeys = &pgtest.Server{Migrations: fstest.MapFS{"00001_zero_keys.sql": {Data: []byte(`-- +goose Up
create table teams (no int primary key, name text not null);
create table boards (team int not null references teams, pos smallint not null, code text not null, primary key (team, pos, code));
create table cards (
	team int not null, board smallint not null, code text not null, rank int not null, done boolean not null, points int not null default 3,
	primary key (team, board, code, rank),
	foreign key (team, board, code) references boards
);
create table notes (
	id bigint generated always as identity primary key,
	team int not null, board smallint not null, code text not null, rank int not null, body text not null,
	foreign key (team, board, code, rank) references cards
);
-- +goose Down
drop table notes; drop table cards; drop table boards; drop table teams;
`)}}}

type team struct {
	No   int
	Name string
}

func (team) TableName() string { return "teams" }

type board struct {
	Team int
	Pos  int16
	Code string
}

func (board) TableName() string { return "boards" }

type card struct {
	Team   int
	Board  int16
	Code   string
	Rank   int32
	Done   bool
	Points int
}

func (card) TableName() string { return "cards" }

type note struct {
	ID    int64
	Team  int
	Board int16
	Code  string
	Rank  int32
	Body  string
}

func (note) TableName() string { return "notes" }

// Zero is a key like any other: it survives, and rows can belong to it.
func TestZeroIsAKey(t *testing.T) {
	t.Parallel()
	db := zeroKeys.DB(t)
	zero := factory.New(factory.Definition[team]{}).Create(t, db, func(t *team) { t.No = 0 })
	b := factory.New(factory.Definition[board]{}).With(factory.In(zero)).
		Create(t, db, func(b *board) { b.Pos, b.Code = 0, "" })
	c := factory.New(factory.Definition[card]{}).With(factory.On(b)).
		Create(t, db, func(c *card) { c.Rank, c.Done, c.Points = 0, false, 0 })
	notes := factory.New(factory.Definition[note]{})
	n := notes.With(factory.On(c)).Create(t, db)
	if n.ID == 0 || n.Team != 0 || n.Board != 0 || n.Code != "" || n.Rank != 0 || n.Body == "" {
		t.Errorf("the note is %+v", n)
	}
	notes.With(factory.On(c)).Fill(t, db, 20)
	factory.Auto("notes").With(factory.On(c)).CreateN(t, db, 2)
	for table, want := range map[string]int{
		"teams where no = 0":                                    1,
		"boards where (team, pos, code) = (0, 0, '')":           1,
		"cards where rank = 0 and not done and points = 0":      1,
		"notes where (team, board, code, rank) = (0, 0, '', 0)": 23,
		"teams": 1, "boards": 1, "cards": 1,
	} {
		if got := count(t, db, "select count(*) from "+table); got != want {
			t.Errorf("%d %s, want %d", got, table, want)
		}
	}
}

// The first result of a run has the ordinal 0.
func TestOrdinalZero(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	first := func(r *factory.CheckResult) { r.Ordinal = 0 }
	for range 2 { // of two runs
		if r := factory.CheckResults.Create(t, db, factory.Set(first)); r.Ordinal != 0 {
			t.Errorf("ordinal %d, want 0", r.Ordinal)
		}
	}
	if n := count(t, seeder(t, db), "select count(*) from check_results where ordinal = 0"); n != 2 {
		t.Errorf("%d results with ordinal 0, want 2", n)
	}
}
