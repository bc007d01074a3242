package seedbed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
)

// BenchmarkDiscover reads a Model out of 200 tables: two levels, composite keys,
// policies, pairs with shadow keys and pairs whose rows must be asked, subtypes.
func BenchmarkDiscover(b *testing.B) {
	db := database(b, large(200))
	for b.Loop() {
		if _, err := seedbed.Discover(context.Background(), db); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLarge finds the right scope for each of 200 tables.
func TestLarge(t *testing.T) {
	t.Parallel()
	d := discover(t, database(t, large(200)))
	count := map[string]int{}
	for _, s := range d.Scoped {
		count[s.Tenant]++
		if len(s.Columns) == 0 {
			count["via"]++
		}
	}
	got := fmt.Sprint(len(d.Tenants), count["space"], count["via"], len(d.Global), len(d.Polymorphic))
	if want := "2 198 38 0 20"; got != want {
		t.Errorf("levels, scoped, of those via a parent, global, pairs = %s, want %s", got, want)
	}
}

// large is a script of n tables: of ten, two reach their space through a parent
// only, and one has a polymorphic pair.
func large(n int) string {
	var s strings.Builder
	s.WriteString(`create table organizations (id uuid primary key);
create table spaces (id uuid primary key, organization_id uuid not null references organizations);
`)
	for i := range n - 2 {
		switch i % 10 {
		case 8, 9:
			fmt.Fprintf(&s, "create table t%d (id uuid primary key, n int, whole uuid not null references t%d (alone));\n", i, i-3)
		default:
			fmt.Fprintf(&s, `create table t%d (space_id uuid not null references spaces, id uuid not null, alone uuid not null unique, parent_id uuid, name text not null,
  state text not null check (state in ('on', 'off')), amount numeric(10,2), body jsonb, created_at timestamptz not null default now()%s, primary key (space_id, id)%s);
create index on t%[1]d (space_id, created_at);
alter table t%[1]d enable row level security;
create policy mine on t%[1]d using (space_id = nullif(current_setting('app.space_id', true), '')::uuid);
`, i, pairColumns(i), parent(i))
		}
	}
	return s.String()
}

func pairColumns(i int) string {
	switch i % 20 {
	case 4:
		return `, resource_type text not null, resource_id uuid not null,
  t0_id uuid generated always as (case when resource_type = 't0' then resource_id end) stored`
	case 14:
		return ", subject_type text not null, subject_id uuid not null"
	}
	return ""
}

func parent(i int) string {
	if i == 0 {
		return ""
	}
	p := i / 2
	if p%10 >= 8 {
		p -= 4
	}
	return fmt.Sprintf(", foreign key (space_id, parent_id) references t%d", p)
}
