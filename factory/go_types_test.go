package factory_test

import (
	"database/sql"
	"net/netip"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// goTypes is a schema for structs with all kinds of fields: named strings, embedded
// structs, pointers and pgtype's types; with keys of text, a trigger, and a base whose
// subtypes have tables.
var goTypes = &pgtest.Server{Migrations: fstest.MapFS{"00001_go_types.sql": {Data: []byte(`-- +goose Up
create type color as enum ('red', 'green');
create table firms (slug text primary key, "legalName" text not null, rank int not null default 7);
create table assets (firm text not null references firms, no int not null, kind text not null check (kind in ('car','house')), owner bigint not null, label text not null, primary key (firm, no));
create table owners (id bigint generated always as identity primary key, firm text not null references firms, nick varchar(12) not null, unique (firm, nick));
alter table assets add foreign key (owner) references owners;
create table cars (firm text not null, no int not null, wheels int not null, primary key (firm, no), foreign key (firm, no) references assets);
create table houses (firm text not null, no int not null, rooms int not null, primary key (firm, no), foreign key (firm, no) references assets);
create table kitchen (
	id bigint generated always as identity primary key, firm text not null references firms,
	c color not null default 'green', cs color[] not null, ints int[] not null, ip inet not null, dur interval not null, r int4range not null, amount numeric(10,2) not null,
	note text, opt int, meta jsonb not null default '{}', blob bytea, at timestamptz not null, d date not null, flag boolean not null default true, small smallint not null, f real not null,
	up text generated always as (upper(note)) stored, created timestamptz not null default now()
);
create function stamp() returns trigger language plpgsql as 'begin new.note := coalesce(new.note, ''trig''); return new; end';
create trigger stamp before insert on kitchen for each row execute function stamp();
-- +goose Down
drop schema public cascade; create schema public;
`)}}}

type firm struct {
	Slug      string
	LegalName string `db:"legalName"`
	Rank      *int
}

func (firm) TableName() string { return "public.firms" }

type base struct {
	ID   int64
	Firm string
}

type colour string
type kitchen struct {
	base
	C       colour
	Cs      []string
	Ints    []int32
	IP      netip.Addr
	Dur     time.Duration
	R       pgtype.Range[pgtype.Int4]
	Amount  float64
	Note    sql.NullString
	Opt     pgtype.Int4
	Meta    map[string]any
	Blob    []byte
	At      time.Time
	D       time.Time
	Flag    bool
	Small   int
	F       float32
	Up      *string
	Created time.Time
}

func (kitchen) TableName() string { return "kitchen" }

type asset struct {
	Firm  string
	No    int
	Kind  string
	Owner int64
	Label string
}

func (asset) TableName() string { return "assets" }

type owner struct {
	ID   int64
	Firm string
	Nick string
}

func (owner) TableName() string { return "owners" }

var (
	firms    = factory.New(factory.Definition[firm]{})
	owners   = factory.New(factory.Definition[owner]{})
	assets   = factory.New(factory.Definition[asset]{})
	kitchens = factory.New(factory.Definition[kitchen]{Row: func(k *kitchen, _ *factory.Cells) {
		k.C, k.Cs, k.Dur, k.Meta = "red", []string{"red", "green"}, time.Hour, map[string]any{"a": 1}
	}})
)

func TestGoTypes(t *testing.T) {
	t.Parallel()
	db := goTypes.DB(t)
	none := firms.Create(t, db, func(f *firm) { f.Slug, f.Rank = "", new(int) })
	nothing := func(k *kitchen) { k.Flag, k.Small, k.F, k.Amount = false, 0, 0, 0 }
	k := kitchens.With(factory.In(none)).Create(t, db, nothing)
	if k.ID == 0 || k.Firm != "" || k.C != "red" || k.Note.String != "trig" || k.Up == nil || *k.Up != "TRIG" || k.Created.IsZero() || k.At.IsZero() {
		t.Errorf("%+v", k)
	}
	kitchens.With(factory.In(none)).Fill(t, db, 100, nothing)
	kitchens.Fill(t, db, 50)
	for where, want := range map[string]int{
		"firm = '' and not flag and small = 0 and f = 0 and amount = 0": 101,
		"cs = '{red,green}' and dur = '1 hour' and meta = '{\"a\": 1}'": 151,
	} {
		if n := count(t, db, "select count(*) from kitchen where "+where); n != want {
			t.Errorf("%d rows where %s, want %d", n, where, want)
		}
	}
	// a map cannot hold every number that jsonb can: it keeps what it has
	hostile := kitchens.With(factory.Hostile())
	hostile.CreateN(t, db, 20)
	factory.Fill(t, db, hostile.N(50))
	if n := count(t, db, "select count(*) from kitchen where meta <> '{\"a\": 1}'"); n < 40 {
		t.Errorf("%d hostile settings", n)
	}
}

// Each base has the row of its subtype, whichever option places it.
func TestFillPlacedBase(t *testing.T) {
	t.Parallel()
	db := goTypes.DB(t)
	o := owners.Create(t, db)
	factory.Fill(t, db, assets.With(factory.By(o)).N(20))
	factory.Fill(t, db, assets.With(factory.In(o)).N(20))
	assets.With(factory.By(o)).CreateN(t, db, 2)
	if n := count(t, db, "select count(*) from assets where owner = $1", o.ID); n != 42 {
		t.Errorf("%d assets of the owner, want 42", n)
	}
	if n := count(t, db, "select (select count(*) from cars) + (select count(*) from houses)"); n != 42 {
		t.Errorf("%d subtype rows, want 42", n)
	}
}
