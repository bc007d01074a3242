package factory_test

import (
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

// customerSchema is a schema in which Discover takes customers for the tenants.
var customerSchema = &pgtest.Server{Migrations: fstest.MapFS{"00001_customers.sql": {Data: []byte(`-- +goose Up
create table customers (id bigint generated always as identity primary key, name text not null);
create table orders (id bigint generated always as identity primary key, customer_id bigint not null references customers, total int not null);
create table lines (id bigint generated always as identity primary key, order_id bigint not null references orders,
	customer_id bigint not null references customers, n int not null);
create table coupons (id bigint generated always as identity primary key, customer_id bigint references customers, n int not null);
-- +goose Down
drop table lines; drop table coupons; drop table orders; drop table customers;
`)}}}

func TestNoRows(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	if users := factory.Users.CreateN(t, db, 0); users == nil || len(users) != 0 {
		t.Errorf("got %#v, want an empty list", users)
	}
	if _, err := factory.Users.CreateNContext(t.Context(), nil, 0); err != nil {
		t.Errorf("for none, nothing is asked of the database: %v", err)
	}
	if report := factory.Users.Fill(t, db, 0); report.Rows != 0 || len(report.Tables) != 0 {
		t.Errorf("filled %+v", report)
	}
	report := factory.Fill(t, db, factory.Users.N(0), factory.Spaces.N(2), factory.Datasets.N(0))
	tx := seeder(t, db)
	if n := count(t, tx, `select (select count(*) from users) * 100 + (select count(*) from spaces)`); n != 2 || report.Rows < 2 {
		t.Errorf("%d users and spaces, report %+v", n, report)
	}
	factory.Datasets.Create(t, tx, factory.Has(0, factory.QualityChecks))
	_, create := factory.Users.CreateNContext(t.Context(), db, -1)
	mention(t, create, "create users: -1 rows asked for")
	_, build := factory.Users.Build(-1)
	mention(t, build, "build users: row -1: rows count from 0")
	_, has := factory.Datasets.CreateContext(t.Context(), db, factory.Has(-2, factory.QualityChecks))
	mention(t, has, "Has: -2 rows of quality_checks asked for")
}

// On refuses a row that Discover takes for a tenant, and names In. Has places children in
// their tenant without that.
func TestOnATenant(t *testing.T) {
	t.Parallel()
	db := customerSchema.DB(t)
	customer := factory.Auto("customers").Create(t, db)
	for _, table := range []string{"orders", "lines", "coupons"} {
		_, err := factory.Auto(table).With(factory.On(customer)).CreateContext(t.Context(), db)
		mention(t, err, "On(customers 1)", "has no place in "+table, "the Model takes it for their tenant: place them with In")
		if rec := factory.Auto(table).With(factory.In(customer)).Create(t, db); rec.Get("customer_id") != customer.Get("id") {
			t.Errorf("In: %v", rec)
		}
	}
	owner := factory.Auto("customers").With(factory.Has(2, factory.Auto("orders").With(factory.Has(3, factory.Auto("lines"))))).Create(t, db)
	if n := count(t, db, "select count(*) from lines l join orders o on (o.id, o.customer_id) = (l.order_id, l.customer_id) where l.customer_id = $1", owner.Get("id")); n != 6 {
		t.Errorf("the customer has %d lines of its own orders, want 6", n)
	}
	ref := pg.DB(t)
	organization := factory.Organizations.Create(t, ref, factory.Has(2, factory.Spaces), factory.Has(1, factory.OrganizationMemberships))
	if n := count(t, seeder(t, ref), "select count(*) from spaces where organization_id = '"+organization.ID.String()+"'"); n != 2 {
		t.Errorf("the organization has %d spaces, want 2", n)
	}
	_, err := factory.CheckResults.CreateContext(t.Context(), ref, factory.On(organization))
	mention(t, err, "place them with In")
	factory.CheckResults.Create(t, ref, factory.In(organization))
	_, err = factory.Users.With(factory.In(organization)).CreateContext(t.Context(), ref)
	mention(t, err, "has no place in users")
}

// In names the tenant. A row that is given to it is also shared as a parent, where one of
// its table is required.
func TestInARowOfTheTenant(t *testing.T) {
	t.Parallel()
	db := customerSchema.DB(t)
	order := factory.Auto("orders").Create(t, db)
	line := factory.Auto("lines").With(factory.In(order)).Create(t, db)
	if line.Get("order_id") != order.Get("id") || line.Get("customer_id") != order.Get("customer_id") {
		t.Errorf("%v is not of %v", line, order)
	}
	ref := pg.DB(t)
	first := factory.Datasets.Create(t, ref)
	second := factory.Datasets.Create(t, ref, factory.In(first))
	if c := factory.Comments.Create(t, ref, factory.In(first)); c.SpaceID != first.SpaceID || c.ResourceID != first.ID {
		t.Errorf("In(dataset): %+v", c)
	}
	if c := factory.Comments.Create(t, ref, factory.In(first), factory.On(second)); c.ResourceID != second.ID {
		t.Errorf("In(dataset) and On(another): %+v", c)
	}
}

// A subtype's row that was made together with its base cannot be made again.
func TestSubtypeTwice(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	system := factory.SourceSystems.Create(t, db, factory.Snowflake())
	_, err := factory.SnowflakeSystems.CreateContext(t.Context(), db, factory.On(system))
	mention(t, err, "a row of source_systems that is snowflake was made together with its row of snowflake_systems", "leave the source_systems out")
	_, err = factory.Plan{Rows: []factory.Volume{factory.SnowflakeSystems.N(1, factory.On(system))}}.Run(t.Context(), db)
	mention(t, err, "was made together with its row of snowflake_systems")
	plain := factory.Users.Create(t, db)
	_, err = factory.Users.CreateContext(t.Context(), db, factory.Set(func(u *factory.User) { u.ID = plain.ID }))
	mention(t, err, "another row has this key", "users_pkey", "PRIMARY KEY (id)", plain.ID.String())
}
