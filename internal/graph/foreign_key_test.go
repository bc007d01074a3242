package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/testpg"
)

// offices has spaces inside firms, and foreign keys that carry either, both or none.
const offices = `
create table firms (id bigint primary key);
create table spaces (id bigint primary key, firm_id bigint not null references firms, unique (firm_id, id));
create table people (space_id bigint not null references spaces, id bigint, boss bigint, primary key (space_id, id), unique (id),
  foreign key (space_id, boss) references people (space_id, id));
create table desks (firm_id bigint not null, space_id bigint not null, id bigint primary key, person_id bigint not null, lent_to bigint, key_holder bigint,
  guest_of bigint,
  constraint desks_tenants foreign key (firm_id, space_id) references spaces (firm_id, id),
  constraint desks_person foreign key (space_id, person_id) references people (space_id, id),
  constraint desks_lent foreign key (lent_to) references people (id),
  constraint desks_holder foreign key (key_holder) references people (id) deferrable initially deferred,
  constraint desks_guest foreign key (guest_of) references spaces,
  unique (key_holder));
create unique index on desks (lent_to, lower('x'));
create table visits (space_id bigint not null, id bigint, at date not null, person_id bigint, room bigint, primary key (space_id, id, at),
  constraint visits_space foreign key (space_id) references spaces) partition by range (at);
create table visits_old partition of visits for values from (minvalue) to ('2020-01-01');
create table visits_new partition of visits for values from ('2020-01-01') to (maxvalue);
alter table visits_new add constraint visits_person foreign key (space_id, person_id) references people (space_id, id);
create table stamps (space_id bigint not null references spaces, id bigint primary key, visit_id bigint, visit_at date,
  constraint stamps_visit foreign key (space_id, visit_id, visit_at) references visits (space_id, id, at),
  constraint stamps_new foreign key (space_id, visit_id, visit_at) references visits_new (space_id, id, at))`

var officeModel = seedbed.Model{
	Tenants: []seedbed.Tenant{{Name: "firm", Table: "firms", Key: []string{"id"}},
		{Name: "space", Table: "spaces", Key: []string{"id"}, Parent: "firm", ParentColumns: []string{"firm_id"}}},
	Scoped: []seedbed.Scoped{
		{Table: "people", Tenant: "space", Columns: []string{"space_id"}},
		{Table: "desks", Tenant: "space", Columns: []string{"space_id"}},
		{Table: "desks", Tenant: "firm", Columns: []string{"firm_id"}},
		{Table: "visits", Tenant: "space", Columns: []string{"space_id"}},
		{Table: "stamps", Tenant: "space", Columns: []string{"space_id"}},
	},
}

// TestForeignKeys: what each says of the tenant.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	g := load(t, offices, officeModel)
	for name, want := range map[string]string{
		"desks_tenants": "carries space firm, within space firm, the tenant, binds space firm, own space_id",
		"desks_person":  "carries space, within space firm, binds space, own person_id, beyond person_id",
		"desks_lent":    "own lent_to, beyond lent_to",
		"desks_holder":  "own key_holder, beyond key_holder, one to one",
		"desks_guest":   "own guest_of, beyond guest_of",
		"visits_space":  "carries space, within space firm, the tenant, binds space, own space_id",
		"visits_person": "carries space, within space firm, binds space, own person_id, beyond person_id",
		"stamps_visit":  "carries space, within space firm, binds space, own visit_at, beyond visit_id visit_at",
	} {
		i := slices.IndexFunc(g.ForeignKeys, func(fk *graph.ForeignKey) bool { return fk.Name == name })
		if i < 0 {
			t.Errorf("%s is missing", name)
			continue
		}
		if got := facts(g.ForeignKeys[i]); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func facts(fk *graph.ForeignKey) string {
	var carries, within, binds, out []string
	for _, level := range []string{"space", "firm"} {
		if fk.Carries(level) {
			carries = append(carries, level)
		}
		if fk.StaysWithin(level) {
			within = append(within, level)
		}
		if s, ok := fk.From.Scope(level); ok && fk.BindsTenant(level, s.Scoped.Columns) {
			binds = append(binds, level)
		}
	}
	add := func(is bool, words ...string) {
		if is {
			out = append(out, strings.Join(words, " "))
		}
	}
	beyond, _ := fk.Beyond("space")
	add(len(carries) > 0, append([]string{"carries"}, carries...)...)
	add(len(within) > 0, append([]string{"within"}, within...)...)
	add(fk.IsTenantKey(), "the tenant")
	add(len(binds) > 0, append([]string{"binds"}, binds...)...)
	add(true, "own", fk.OwnColumn())
	add(!fk.IsTenantKey(), append([]string{"beyond"}, beyond...)...)
	add(fk.OneToOne(), "one to one")
	return strings.Join(out, ", ")
}

// TestForeignKeysOfTables: each where it is declared, without the copies that Postgres
// keeps for partitions at either end.
func TestForeignKeysOfTables(t *testing.T) {
	t.Parallel()
	g := load(t, offices, officeModel)
	for relation, want := range map[string]string{
		"desks":      "desks_guest desks_holder desks_lent desks_person desks_tenants",
		"visits":     "visits_space",
		"visits_old": "visits_space",
		"visits_new": "visits_person visits_space",
		"stamps":     "stamps_new stamps_space_id_fkey stamps_visit",
	} {
		if got := constraints(g.ForeignKeysOf(g.Catalog.Table(relation))); got != want {
			t.Errorf("%s: %s", relation, got)
		}
	}
	if got := constraints(g.Table("desks").BetweenTenants()); got != "desks_guest desks_holder desks_lent desks_person" {
		t.Errorf("between rows of tenants: %s", got)
	}
	people := g.Table("people")
	if !people.IsReferenced("id") || people.IsReferenced("boss") || !people.InForeignKey("boss") || people.InForeignKey("id") || len(people.ReferencedKeys) != 2 {
		t.Errorf("keys of people to which others lead: %v", people.ReferencedKeys)
	}
	if stamps := g.Table("stamps"); stamps.ForeignKeys[0].To != g.Table("visits") {
		t.Error("a partition does not stand for its root")
	}
}

func constraints(all []*graph.ForeignKey) string {
	var out []string
	for _, fk := range all {
		out = append(out, fk.Name)
	}
	return strings.Join(out, " ")
}

// TestModelled: of the shop's foreign keys, these alone say more than the Model.
func TestModelled(t *testing.T) {
	t.Parallel()
	var got []string
	for _, fk := range load(t, shop, model).ForeignKeys {
		if !fk.Modelled() {
			got = append(got, fk.From.Name+" "+fk.OwnColumn())
		}
	}
	want := "firms parent_id, members person_id, orders branch_id, orders clerk, people best_friend, pets owner, events person_id"
	slices.Sort(got)
	wanted := strings.Split(want, ", ")
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Errorf(" got %s\nwant %s", strings.Join(got, ", "), strings.Join(wanted, ", "))
	}
}

// TestImmediateFirst: in a circle, the table whose key Postgres checks at COMMIT is written first,
// so that keys which are checked at once find their rows.
func TestImmediateFirst(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"create table a (id int primary key, b int); create table b (id int primary key, a int references a); alter table a add foreign key (b) references b deferrable initially deferred",
		"create table a (id int primary key, b int); create table b (id int primary key, a int references a deferrable initially deferred); alter table a add foreign key (b) references b",
	} {
		db := testpg.Empty.DB(t)
		testpg.Exec(t, db, sql)
		cat, err := catalog.Load(t.Context(), db, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		group := graph.Order(graph.New(cat, seedbed.Model{}).Tables)[0]
		first := graph.ImmediateFirst(group)[0]
		if len(group) != 2 {
			t.Fatalf("%d tables in the circle", len(group))
		}
		if !first.ForeignKeys[0].Deferred {
			t.Errorf("%s comes first, and its key is checked at once", first.Name)
		}
	}
}
