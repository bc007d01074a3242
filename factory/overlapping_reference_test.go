package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// A foreign key over two columns, each of which has one of its own: the three parents of a
// row agree, also where a column is nullable and the row goes without.
func TestOverlappingForeignKeys(t *testing.T) {
	const schema = `
create table ws (id uuid primary key, name text not null);
create table dirs (id uuid primary key, name text not null);
create table dir_ws (dir_id uuid not null references dirs, ws_id uuid not null references ws, unique (dir_id, ws_id));
create table members (id uuid primary key, dir_id uuid not null references dirs, ws_id uuid not null references ws, foreign key (dir_id, ws_id) references dir_ws (dir_id, ws_id));
create table circles (id uuid primary key, ws_id uuid references ws, dir_id uuid not null references dirs, foreign key (dir_id, ws_id) references dir_ws (dir_id, ws_id))`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			factory.Fill(t, db, factory.Auto("ws").N(9), factory.Auto("dirs").N(9), factory.Auto("dir_ws").N(12), factory.Auto("members").N(60), factory.Auto("circles").N(60))
			factory.Auto("members").CreateN(t, db, 3)
			factory.Auto("circles").CreateN(t, db, 3)
		}
		check.Integrity(t, db)
		if n := testpg.One[int](t, db, "select count(ws_id) from circles"); n == 0 || n == 126 {
			t.Errorf("%d of 126 circles have a ws, want some", n)
		}
	})
}

// The default of a pair's type names its table: rows that leave the type to the default have
// an id of that table.
func TestPairWhoseDefaultNamesItsTable(t *testing.T) {
	const schema = `
create table posts (id uuid primary key, title text not null);
create table notes (id uuid primary key, subject_type text not null default 'posts', subject_id uuid, body text not null)`
	asEachRole(t, schema, func(t *testing.T, db *pgtest.DB) {
		for range 2 {
			factory.Auto("notes").CreateN(t, db, 3)
			factory.Auto("notes").Fill(t, db, 10)
		}
		if n := testpg.One[int](t, db, "select count(*) from notes join posts p on p.id = subject_id and subject_type = 'posts'"); n != 26 {
			t.Errorf("%d of 26 notes are about a post", n)
		}
		check.Integrity(t, db)
	})
}
