package factory_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// deferredConstraints is a schema with constraints that Postgres checks by triggers, which
// a plan disables.
var deferredConstraints = &pgtest.Server{Extensions: []string{"btree_gist"}, Migrations: fstest.MapFS{"00001_deferred.sql": {Data: []byte(`-- +goose Up
create table slots (
	id bigint generated always as identity primary key,
	room int not null, "From" timestamptz not null, "to" timestamptz not null, cancelled boolean not null default false,
	constraint no_overlap exclude using gist (room with =, tstzrange("From", "to") with &&) where (not cancelled) deferrable initially deferred
);
create table seats (no int not null constraint seat_once unique deferrable, row text);
create table labels (label text, constraint label_once unique nulls not distinct (label) deferrable);
-- +goose Down
drop table slots; drop table seats; drop table labels;
`)}}}

func TestFillProvesWhatIsDeferred(t *testing.T) {
	t.Parallel()
	own := deferredConstraints.DB(t)
	if _, err := own.Exec(t.Context(), "grant select, insert on all tables in schema public to seedbed_seeder"); err != nil {
		t.Fatal(err)
	}
	db := seeder(t, own) // a role that may switch triggers off
	one := func(columns map[string]any) func(*factory.Record) {
		return func(r *factory.Record) {
			for name, v := range columns {
				r.Set(name, v)
			}
		}
	}
	slot := map[string]any{"room": 1, "From": "2026-01-01 10:00Z", "to": "2026-01-01 11:00Z"}
	free := map[string]any{"room": 1, "From": "2026-01-01 10:00Z", "to": "2026-01-01 11:00Z", "cancelled": true}
	for name, rows := range map[string]factory.Volume{
		"no_overlap": factory.Auto("slots").N(3, one(slot)),
		"seat_once":  factory.Auto("seats").N(3, one(map[string]any{"no": 7})),
		"label_once": factory.Auto("labels").N(3, one(map[string]any{"label": nil})),
	} {
		report, err := factory.Plan{Rows: []factory.Volume{rows}}.Run(t.Context(), db)
		var proof *factory.ProofError
		if !errors.As(err, &proof) || proof.Constraint != name || proof.Rows != 3 {
			t.Errorf("%s: got %+v, %v", name, report, err)
		}
	}
	if n := count(t, db, "select (select count(*) from slots) + (select count(*) from seats) + (select count(*) from labels)"); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
	factory.Auto("slots").Fill(t, db, 50, one(free))
	report := factory.Auto("slots").Fill(t, db, 1, one(slot))
	if report.Triggers || report.Proven == 0 {
		t.Errorf("nothing was proven: %+v", report)
	}
	_, err := factory.Plan{Rows: []factory.Volume{factory.Auto("slots").N(1, one(slot))}}.Run(t.Context(), db)
	if !errors.As(err, new(*factory.ProofError)) {
		t.Errorf("a row that was there before: got %v", err)
	}
}
