package graph_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// shop has a reference of every kind.
const shop = `
create table firms (id bigint primary key, parent_id bigint references firms);
create table branches (firm_id bigint not null references firms, id bigint, primary key (firm_id, id));
create table people (id bigint primary key, best_friend bigint, login text unique);
create table pets (id bigint primary key, owner bigint not null references people);
alter table people add foreign key (best_friend) references pets deferrable;
create table orders (firm_id bigint not null, branch_id bigint not null, id bigint, clerk bigint references people, kind text not null,
  primary key (firm_id, id), foreign key (firm_id, branch_id) references branches (firm_id, id));
create table gifts (firm_id bigint not null, order_id bigint not null, kind text generated always as ('gift') stored, card text,
  primary key (firm_id, order_id), foreign key (firm_id, order_id) references orders (firm_id, id));
create table lines (id bigint primary key, order_firm bigint not null, order_id bigint not null, foreign key (order_firm, order_id) references orders (firm_id, id));
create table notes (firm_id bigint not null references firms, id bigint primary key, about_type text, about_id bigint,
  about_order bigint generated always as (case when about_type = 'order' then about_id end) stored,
  foreign key (firm_id, about_order) references orders (firm_id, id));
create table members (firm_id bigint references firms, person_id bigint references people, primary key (firm_id, person_id));
create table events (id bigint, at date not null, person_id bigint references people, primary key (id, at)) partition by range (at);
create table events_old partition of events for values from (minvalue) to ('2020-01-01');
create table events_new partition of events for values from ('2020-01-01') to (maxvalue)`

var model = seedbed.Model{
	Tenants: []seedbed.Tenant{{Name: "firm", Table: "firms", Key: []string{"id"}}},
	Scoped: []seedbed.Scoped{
		{Table: "branches", Tenant: "firm", Columns: []string{"firm_id"}},
		{Table: "orders", Tenant: "firm", Columns: []string{"firm_id"}},
		{Table: "gifts", Tenant: "firm", Columns: []string{"firm_id"}},
		{Table: "notes", Tenant: "firm", Columns: []string{"firm_id"}},
		{Table: "members", Tenant: "firm", Columns: []string{"firm_id"}},
		{Table: "lines", Tenant: "firm", Via: seedbed.Ref{Columns: []string{"order_firm", "order_id"}, Table: "orders", Key: []string{"firm_id", "id"}}},
	},
	Polymorphic: []seedbed.Polymorphic{{Table: "notes", Type: "about_type", ID: "about_id", Tenant: []string{"firm_id"},
		Targets: []seedbed.Target{{Type: "order", Table: "orders", Key: "id", Shadow: "about_order"}, {Type: "person", Table: "people", Key: "id"}}}},
	Inheritance: []seedbed.Inheritance{{Table: "orders", Key: []string{"firm_id", "id"}, Discriminator: "kind",
		Subtypes: []seedbed.Subtype{{Value: "gift", Table: "gifts", Key: []string{"firm_id", "order_id"}}, {Value: "plain"}}}},
}

// load returns the graph of a schema under a model.
func load(t *testing.T, schema string, model seedbed.Model) *graph.Graph {
	t.Helper()
	db := testpg.Schema(schema).DB(t)
	cat, err := catalog.Load(t.Context(), db, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return graph.New(cat, model)
}

// TestReferences: what each table refers to, tenants first, and how.
func TestReferences(t *testing.T) {
	t.Parallel()
	g := load(t, shop, model)
	kinds := []string{"foreign key", "tenant", "pair", "subtype"}
	for table, want := range map[string]string{
		"firms":    "foreign key parent_id → firms optional",
		"branches": "tenant firm_id → firms",
		"people":   "foreign key best_friend → pets optional",
		"orders":   "foreign key clerk → people optional; foreign key branch_id → branches",
		"gifts":    "subtype order_id → orders exclusive",
		"lines":    "foreign key order_firm, order_id → orders",
		"notes":    "tenant firm_id → firms; pair about_id → orders optional held; pair about_id → people optional",
		"members":  "tenant firm_id → firms; foreign key person_id → people exclusive",
		"events":   "foreign key person_id → people optional",
	} {
		var got []string
		for _, ref := range g.Table(table).References {
			s := kinds[ref.Kind] + " " + ref.String()
			if ref.Optional {
				s += " optional"
			}
			if ref.Exclusive {
				s += " exclusive"
			}
			if ref.Pair != nil && ref.Declared != nil {
				s += " held"
			}
			got = append(got, s)
		}
		if table == "orders" || table == "gifts" {
			got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "tenant") })
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s:\n got %s\nwant %s", table, strings.Join(got, "; "), want)
		}
	}
}

// TestOrder: what foreign keys lead to comes first, circles together.
func TestOrder(t *testing.T) {
	t.Parallel()
	g := load(t, shop, model)
	var got []string
	for _, group := range graph.Order(g.Tables) {
		var names []string
		for _, table := range group {
			names = append(names, table.Name)
		}
		mark := ""
		if graph.Cyclic(group) {
			mark = "*"
		}
		got = append(got, strings.Join(names, "+")+mark)
	}
	want := "firms* branches people+pets* events orders gifts goose_db_version lines members notes"
	if strings.Join(got, " ") != want {
		t.Errorf("order:\n got %s\nwant %s", strings.Join(got, " "), want)
	}
	if some := graph.Order([]*graph.Table{g.Table("lines"), g.Table("gifts")}); len(some) != 2 || some[0][0].Name != "lines" {
		t.Error("what is not given counts")
	}
}

// TestTenantSQL: the expressions find the tenant of rows near and far.
func TestTenantSQL(t *testing.T) {
	t.Parallel()
	g := load(t, shop, model)
	db := testpg.Schema(shop).DB(t)
	testpg.Exec(t, db, `insert into firms values (7); insert into branches values (7, 1); insert into orders values (7, 1, 3, null, 'plain');
insert into lines values (1, 7, 3); insert into notes (firm_id, id, about_type, about_id) values (7, 1, 'order', 3)`)
	for _, table := range []string{"firms", "branches", "orders", "lines", "notes"} {
		expr := g.TenantSQL(g.Table(table), "t", "firm")
		if len(expr) != 1 {
			t.Errorf("%s: %v", table, expr)
			continue
		}
		if firm := testpg.One[int64](t, db, "select "+expr[0]+" from "+table+" t"); firm != 7 {
			t.Errorf("%s: a row of firm %d", table, firm)
		}
	}
	if expr := g.TenantSQL(g.Table("pets"), "t", "firm"); expr != nil {
		t.Errorf("pets belong to %v", expr)
	}
}
