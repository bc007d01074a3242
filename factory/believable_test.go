package factory_test

import (
	"testing"
	"time"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/testpg"
)

// A schema of no trade in particular, whose names say what agrees with what.
const tradeSchema = `
create table depots (id bigint generated always as identity primary key, name text not null, city text not null, country char(2) not null, currency char(3) not null default 'EUR', zip text, opened_on date not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create table haulages (id bigint generated always as identity primary key, depot_id bigint not null references depots, number text not null unique, phase text not null check (phase in ('planned', 'dispatched', 'delivered', 'rejected')),
	loading_starts_at timestamptz not null, loading_ends_at timestamptz not null, minutes int, dispatched_at timestamptz, delivered_at timestamptz, rejected_at timestamptz, rejection_reason text, deleted_at timestamptz, status text not null);
create table charges (id bigint generated always as identity primary key, haulage_id bigint not null references haulages, quantity int not null, unit_price numeric(10,2) not null, amount numeric(12,2) not null, discount_percent numeric(5,2) not null);
create table bills (id bigint generated always as identity primary key, state text not null, net_total bigint not null, tax_total bigint not null, gross_total bigint not null, amount_paid bigint not null, amount_due bigint not null, tax_rate numeric(4,2) not null, settled_at timestamptz);
create table drivers (id bigint generated always as identity primary key, name text not null, birth_date date not null, email text, nickname varchar(6), is_verified boolean not null, verified_at timestamptz, left_on date);
create table mirrors (id bigint generated always as identity primary key, total int not null, amount int not null, ended text, paid_rate numeric(3,2) not null, check (amount < total))`

// What made-up rows say in one column agrees with what they say in the others.
func TestColumnsOfRowAgree(t *testing.T) {
	t.Parallel()
	db := testpg.Schema(tradeSchema).DB(t)
	now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	plan := factory.Plan{Options: []factory.Option{factory.Now(now)}}
	for _, table := range []string{"depots", "haulages", "charges", "bills", "drivers", "mirrors"} {
		plan.Rows = append(plan.Rows, factory.Auto(table).N(120))
	}
	if _, err := plan.Run(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]int{
		`select count(*) from depots where updated_at < created_at or updated_at > '2026-05-04 10:00+00' or opened_on > '2026-05-04'`:                   0,
		`select count(*) from depots where (country = 'US') <> (currency = 'USD') or (city = 'Lyon') <> (zip = '69002') and zip is not null`:            0,
		`select (count(*) > 30)::int from depots where currency <> 'EUR'`:                                                                               1,
		`select count(*) from haulages where loading_ends_at - loading_starts_at not between '15 min' and '2 h'`:                                        0,
		`select count(*) from haulages where minutes <> extract(epoch from loading_ends_at - loading_starts_at) / 60`:                                   0,
		`select count(*) from haulages where (phase in ('dispatched', 'delivered')) <> (dispatched_at is not null)`:                                     0,
		`select count(*) from haulages where (phase = 'delivered') <> (delivered_at is not null) or (phase = 'rejected') <> (rejected_at is not null)`:  0,
		`select count(*) from haulages where (phase = 'rejected') <> (rejection_reason is not null) or deleted_at is not null or number !~ '^HAU-\d+$'`: 0,
		`select count(*) from charges where amount <> round(quantity * unit_price * (1 - discount_percent / 100), 2)`:                                   0,
		`select count(*) from bills where gross_total <> net_total + tax_total or tax_total <> round(net_total * tax_rate / 100)`:                       0,
		`select count(*) from bills where amount_due <> gross_total - amount_paid or amount_paid not in (0, gross_total)`:                               0,
		`select count(*) from bills where state not in ('open', 'settled') or (state = 'settled') <> (settled_at is not null)`:                          0,
		`select count(*) from drivers where birth_date > '2008-05-05' or birth_date < '1937-01-01' or left_on is not null`:                              0,
		`select count(*) from drivers where is_verified <> (verified_at is not null) or lower(split_part(name, ' ', 1)) <> split_part(email, '.', 1)`:   0,
	} {
		if n := testpg.One[int](t, db, sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
}
