package seedbed_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
)

// changes are what may happen to a schema without its meaning anything else. Each is
// a script; none is about particular tables.
var changes = map[string]string{
	"100 unrelated tables": `
do $$ begin for i in 1..100 loop
  execute format('create table zz_%s (id int primary key, %s text, payload text%s)', i, (array['label', 'note', 'status'])[1 + i % 3],
    case when i > 1 and i % 2 = 0 then format(', peer_id int not null references zz_%s', i - 1) end);
end loop; end $$`,
	"columns renamed": `
do $$ declare c record; begin
  for c in select a.attrelid::regclass as t, a.attname as name, substr(md5(lower(replace(a.attname, '_', ''))), 1, 6) as hash
      from pg_attribute a join pg_class r on r.oid = a.attrelid join pg_namespace n on n.oid = r.relnamespace
      where r.relkind in ('r', 'p') and not r.relispartition and a.attnum > 0 and not a.attisdropped and a.attinhcount = 0
        and n.nspname !~ '^pg_|^information_schema$' loop
    execute format('alter table %s rename column %I to %I', c.t, c.name, 'c' || c.hash);
  end loop;
end $$`,
	"no checks": `
do $$ declare k record; begin
  for k in select conname, conrelid, contypid from pg_constraint join pg_namespace n on n.oid = connamespace
      where contype = 'c' and coninhcount = 0 and nspname !~ '^pg_|^information_schema$' loop
    if k.conrelid <> 0 then execute format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname);
    else execute format('alter domain %s drop constraint %I', k.contypid::regtype, k.conname); end if;
  end loop;
end $$`,
	"no rows": `
do $$ declare t text; begin
  for t in select c.oid::regclass from pg_class c join pg_namespace n on n.oid = relnamespace
      where relkind in ('r', 'p') and nspname !~ '^pg_|^information_schema$' loop
    execute 'truncate ' || t || ' cascade';
  end loop;
end $$`,
}

// TestDiscoverIsRobust changes schemas in ways that say nothing about what their
// tables mean: each conclusion is drawn again, or is a doubt. With -long it takes
// every schema.
func TestDiscoverIsRobust(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/schemas/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no schemas", err)
	}
	for _, path := range testkit.Sample(t, scripts, 4) {
		name := strings.TrimSuffix(filepath.Base(path), ".sql")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema := read(t, path)
			db := database(t, schema)
			before := discover(t, db)
			if strings.Contains(schema, "create function") {
				before.Memberships = nil // functions are text, in which no column is renamed
			}
			for change, script := range changes {
				tx, err := db.Begin(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Exec(context.Background(), script); err != nil {
					t.Fatalf("%s: %v", change, err)
				}
				after := discover(t, tx)
				if err := after.Validate(context.Background(), tx); err != nil {
					t.Errorf("%s: what was discovered is not valid: %v", change, err)
				}
				for _, lost := range missing(before, after, change == "columns renamed") {
					t.Errorf("%s: lost without a doubt: %s\n%s", change, lost, after)
				}
				if err := tx.Rollback(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// missing are the declarations of before that after neither has nor doubts. Where
// columns have other names, a declaration is known by its tables.
func missing(before, after *seedbed.Discovery, renamed bool) []string {
	var out []string
	doubts := strings.Join(after.Doubts, "\n")
	for _, p := range before.Polymorphic { // what belongs to the target of a pair depends on it
		if strings.Contains(doubts, p.Table+"(") || renamed && !listed(before, p) {
			doubts += "\nin doubt: " + p.Table
		}
	}
	has := func(list []string, doubt ...string) func(string) {
		return func(declaration string) {
			doubted := slices.ContainsFunc(doubt, func(d string) bool { return strings.Contains(doubts, d) })
			if !slices.Contains(list, declaration) && !doubted {
				out = append(out, declaration)
			}
		}
	}
	name := func(declaration fmt.Stringer, table string) string {
		if renamed {
			return table
		}
		return declaration.String()
	}
	for _, tenant := range before.Tenants {
		has(names(after.Tenants, func(x seedbed.Tenant) string { return name(x, x.Table) }), "no tenancy was found", "tenant's key?")(name(tenant, tenant.Table))
	}
	for _, s := range before.Scoped {
		if !strings.Contains(doubts, "no tenancy was found") && (!renamed || len(after.Tenants) == len(before.Tenants)) {
			has(names(after.Scoped, func(x seedbed.Scoped) string { return name(x, x.Table) }), s.Table+"(", "in doubt: "+s.Table, "in doubt: "+s.Via.Table)(name(s, s.Table))
		}
	}
	for _, p := range before.Polymorphic {
		if renamed && !listed(before, p) {
			continue // nothing but its names and rows speaks for it
		}
		has(names(after.Polymorphic, func(x seedbed.Polymorphic) string { return name(x, x.Table) }), p.Table)(name(p, p.Table))
	}
	for _, i := range before.Inheritance {
		has(names(after.Inheritance, func(x seedbed.Inheritance) string { return x.Table }), i.Table+".")(i.Table)
	}
	for _, m := range before.Memberships {
		has(names(after.Memberships, func(x seedbed.Membership) string { return name(x, x.Table) }))(name(m, m.Table))
	}
	return out
}

// listed reports whether the schema itself says what types a pair has.
func listed(d *seedbed.Discovery, p seedbed.Polymorphic) bool {
	name, _, _ := strings.Cut(p.String(), ": ")
	name, _, _ = strings.Cut(name, " within ")
	return strings.Contains(strings.Join(d.Because(name), "\n"), "lists the values") || strings.Contains(p.String(), " shadowed by ")
}

func names[T any](items []T, name func(T) string) []string {
	var out []string
	for _, item := range items {
		out = append(out, name(item))
	}
	return out
}
