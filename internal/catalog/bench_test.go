package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/catalog"
)

// BenchmarkLoad reads 150 tables of ten columns with keys, foreign keys, checks,
// indexes and policies, on a connection that is warm.
func BenchmarkLoad(b *testing.B) {
	db := pg.DB(b)
	ctx := context.Background()
	if _, err := db.Exec(ctx, manyTables(150)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := catalog.Load(ctx, db, catalog.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func manyTables(n int) string {
	var s strings.Builder
	s.WriteString("create table tenants (id uuid primary key, name text not null);\n")
	for i := range n {
		fmt.Fprintf(&s, `create table t%[1]d (tenant_id uuid not null references tenants, id bigint generated always as identity,
  parent_id bigint, name text not null, state text not null check (state in ('on', 'off')), amount numeric(10,2), body jsonb,
  tags text[], created_at timestamptz not null default now(), updated_at timestamptz, primary key (tenant_id, id));
create index on t%[1]d (tenant_id, created_at);
alter table t%[1]d enable row level security;
create policy p on t%[1]d using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
`, i)
		if i > 0 {
			fmt.Fprintf(&s, "alter table t%d add foreign key (tenant_id, parent_id) references t%d;\n", i, i/2)
		}
	}
	return s.String()
}
