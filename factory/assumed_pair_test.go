package factory_test

import (
	"strings"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
)

// Nothing tells where these pairs lead: not a CHECK, not a row, not a name.
const pairsOfUnknownTargets = `
create table ships (id bigint generated always as identity primary key, name text not null);
create table cranes (id int generated always as identity primary key, name text not null);
create table berths (id uuid primary key, name text not null);
create table wages (id uuid primary key, fund_type text not null, fund_id bigint not null);
create table funds (id int generated always as identity primary key, name text not null);
create table remarks (id bigint generated always as identity primary key, remarkable_type text not null, remarkable_id bigint not null, body text not null);
create table bills (id uuid primary key, payer_type text, payer_id bigint, subject_type varchar(4), subject_id uuid, n int not null);
create table logs (id uuid primary key, entity_type text not null check (entity_type in ('boat', 'other')), entity_id uuid not null);
create table marks (id uuid primary key, owner_type text not null, owner_id bigint not null, ship_id bigint not null references ships, unique (owner_type, owner_id, ship_id));`

// A pair of which nothing says where it leads points at rows that are there or, where it may
// be NULL, at none; never is one half NULL.
func TestPairsOfUnknownTargets(t *testing.T) {
	asEachRole(t, pairsOfUnknownTargets, func(t *testing.T, db *pgtest.DB) {
		var notes []string
		for range 2 {
			for _, table := range []string{"remarks", "bills", "logs", "marks", "wages"} {
				factory.Auto(table).CreateN(t, db, 3)
				notes = append(notes, factory.Auto(table).Fill(t, db, 30).Notes...)
			}
		}
		for sql, want := range map[string]int{
			`select count(*) from remarks where not exists (select from ships where remarkable_type = 'Ship' and id = remarkable_id)
			 and not exists (select from cranes where remarkable_type = 'Crane' and id = remarkable_id)
			 and not exists (select from funds where remarkable_type = 'Fund' and id = remarkable_id)`: 0,
			`select count(*) from bills where payer_type is not null or payer_id is not null or subject_type is not null or subject_id is not null`:                             0,
			`select count(*) from logs where entity_id in (select id from berths union all select id from bills union all select id from marks union all select id from wages)`: 66,
			`select count(distinct entity_type) from logs`:               2,
			`select count(*) from marks`:                                 66,
			`select count(*) from wages where fund_type ~* 'ship|crane'`: 0,
		} {
			if n := testpg.One[int](t, db, sql); n != want {
				t.Errorf("%s: %d, want %d", sql, n, want)
			}
		}
		testkit.Mention(t, strings.Join(notes, "\n"), `remarks: nothing says where the pair remarkable_type, remarkable_id leads: its rows point at `, `ships as "Ship"`)
	})
}

// What the caller says of such a pair counts, and On does not follow an assumption.
func TestPairOfUnknownTargetsByHand(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(pairsOfUnknownTargets).DB(t)
	ship := factory.Auto("ships").Create(t, db)
	_, err := factory.Auto("remarks").CreateContext(t.Context(), db, factory.On(ship))
	mention(t, err, "On(ships", "which tables remarkable_type and remarkable_id lead to is not known", "factory.WithModel")
	by := func(values map[string]any) factory.Record {
		return factory.Auto("remarks").Create(t, db, factory.Set(func(r *factory.Record) {
			for column, v := range values {
				r.Set(column, v)
			}
		}))
	}
	if r := by(map[string]any{"remarkable_type": "Lighthouse", "remarkable_id": 7}); r.Get("remarkable_type") != "Lighthouse" || r.Get("remarkable_id") != 7 {
		t.Errorf("made %v", r)
	}
	if r := by(map[string]any{"remarkable_type": "Lighthouse"}); r.Get("remarkable_type") != "Lighthouse" {
		t.Errorf("made %v", r)
	}
	if r := by(map[string]any{"remarkable_id": 7}); r.Get("remarkable_id") != 7 {
		t.Errorf("made %v", r)
	}
}

// In a port are buoys. Chains, visits and anchors are in a port too, but only chains
// reference a buoy, and where anchors lead is not known.
const pairsBesideParents = `
create table ports (id bigint generated always as identity primary key, name text not null);
create table buoys (id bigint generated always as identity primary key, port_id bigint not null references ports);
create table chains (id bigint generated always as identity primary key, port_id bigint not null references ports, buoy_id bigint not null references buoys);
create table visits (id bigint generated always as identity primary key, port_id bigint not null references ports, hours int not null);
create table anchors (id bigint generated always as identity primary key, port_id bigint not null references ports, markable_type text not null, markable_id bigint not null);`

// A row that only shares a parent with the row given to On is not about it.
func TestOnARowOfTheSameParent(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(pairsBesideParents).DB(t)
	for _, table := range []string{"anchors", "visits"} {
		buoy := factory.Auto("buoys").Create(t, db)
		_, err := factory.Auto(table).CreateContext(t.Context(), db, factory.On(buoy))
		mention(t, err, "On(buoys", "has no place in "+table)
		if unknown := strings.Contains(err.Error(), "which tables markable_type and markable_id lead to is not known"); unknown != (table == "anchors") {
			t.Errorf("%s: %v", table, err)
		}
		_, err = factory.Auto(table).FillContext(t.Context(), db, 3, factory.On(buoy))
		mention(t, err, "has no place in "+table)
		if in := factory.Auto(table).Create(t, db, factory.In(buoy)); in.Get("port_id") != buoy.Get("port_id") {
			t.Errorf("In: %v of %v", in, buoy)
		}
		if on := factory.Auto("chains").Create(t, db, factory.On(buoy)); on.Get("port_id") != buoy.Get("port_id") || on.Get("buoy_id") != buoy.Get("id") {
			t.Errorf("On: %v of %v", on, buoy)
		}
	}
}

// A pair's CHECK lists a type of which no table is known: On a row that may be meant is an
// error, though a row of another target could take it. The type that is known leads on.
func TestPairWithAnUnknownType(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(`
create table ovens (id int generated always as identity primary key, name text not null);
create table doughs (id int generated always as identity primary key, oven_id int not null references ovens);
create table tastings (id int generated always as identity primary key, thing_type text not null check (thing_type in ('dough', 'stove')), thing_id int not null);
create table weighings (id int generated always as identity primary key, thing_type text not null check (thing_type in ('dough')), thing_id int not null);`).DB(t)
	oven := factory.Auto("ovens").Create(t, db)
	_, err := factory.Auto("tastings").CreateContext(t.Context(), db, factory.On(oven))
	mention(t, err, "On(ovens", "which tables thing_type and thing_id lead to is not known for stove", "factory.WithModel", "seedbed.yaml", `Type: "stove", Table: "ovens"`)
	dough := factory.Auto("doughs").Create(t, db, factory.On(oven))
	for _, made := range []factory.Record{
		factory.Auto("tastings").Create(t, db, factory.On(dough)),
		factory.Auto("weighings").Create(t, db, factory.On(oven)), // by its dough
	} {
		if made.Get("thing_type") != "dough" {
			t.Errorf("made %v", made)
		}
	}
}
