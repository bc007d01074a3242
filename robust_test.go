package seedbed_test

import (
	"context"
	"crypto/md5"
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
set local check_function_bodies = off;
create temp table renamed on commit drop as
  select distinct a.attname::text as name, 'c' || substr(md5(lower(replace(a.attname, '_', ''))), 1, 6) as now
  from pg_attribute a join pg_class r on r.oid = a.attrelid join pg_namespace n on n.oid = r.relnamespace
  where r.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and n.nspname !~ '^pg_|^information_schema$';
do $$ declare f record; c record; body text; begin
  -- In the text of functions, but not in a setting's name or in a parameter's: 'app.space_id', has_role.account_id.
  for f in select p.oid, proname, prosrc from pg_proc p join pg_namespace n on n.oid = pronamespace join pg_language l on l.oid = prolang
      where lanname = 'sql' and prosqlbody is null and n.nspname !~ '^pg_|^information_schema$'
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
    body := f.prosrc;
    for c in select * from renamed where name ~ '^\w+$' loop
      body := regexp_replace(body, '(?<!\m' || f.proname || '\.|''\w+\.)\m' || c.name || '\M', c.now, 'g');
    end loop;
    if body <> f.prosrc then execute replace(pg_get_functiondef(f.oid), f.prosrc, body); end if;
  end loop;
end $$;
drop table renamed;
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
			db := database(t, read(t, path))
			before := discover(t, db)
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
				for _, lost := range missing(before, after, change) {
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
// columns have other names, they are the same declarations with the new names; only
// what rested on a column's name alone may be gone.
func missing(before, after *seedbed.Discovery, change string) []string {
	renamed := change == "columns renamed"
	want := before.Model
	if renamed {
		want = renamedColumns(want)
	}
	doubts := strings.Join(after.Doubts, "\n")
	for i, p := range before.Polymorphic { // what belongs to the target of a pair depends on it
		if strings.Contains(doubts, p.Table+"(") || renamed && !shown(before, p) {
			doubts += "\nin doubt: " + want.Polymorphic[i].Table
		}
	}
	var out []string
	has := func(list []string, declaration string, doubt ...string) {
		doubted := slices.ContainsFunc(doubt, func(d string) bool { return strings.Contains(doubts, d) })
		if !slices.Contains(list, declaration) && !doubted {
			out = append(out, declaration)
		}
	}
	byName := func(conclusion string, reason ...string) bool {
		return renamed && slices.ContainsFunc(before.Because(conclusion), func(r string) bool {
			return !slices.ContainsFunc(reason, func(part string) bool { return !strings.Contains(r, part) })
		})
	}
	for i, tenant := range want.Tenants {
		if !renamed || before.Tenants[i].Table != "" { // a level without a table is a column's name
			has(texts(after.Tenants), tenant.String(), "no tenancy was found", "tenant's key?")
		}
	}
	for i, s := range want.Scoped {
		if byName("scoped "+s.Table, "named") || renamed && !strings.Contains(fmt.Sprint(texts(want.Tenants)), "tenant "+s.Tenant+": ") {
			continue
		}
		if s.Optional && slices.ContainsFunc(after.Doubts, func(d string) bool { return strings.Contains(d, " may be NULL in ") && strings.Contains(d, s.Table) }) {
			s.Optional = false
		}
		has(texts(after.Scoped), s.String(), "no tenancy was found", s.Table+"(", "in doubt: "+s.Table, "in doubt: "+before.Scoped[i].Via.Table)
	}
	for _, a := range want.Aggregates {
		has(texts(after.Aggregates), a.String(), "no tenancy was found", a.Table+"(")
	}
	for i, p := range want.Polymorphic {
		old := before.Polymorphic[i]
		if renamed && !shown(before, old) {
			continue // nothing but its names and rows speaks for it
		}
		now := pair(after, p)
		has([]string{label(now) + fmt.Sprint(now.Tenant)}, label(p)+fmt.Sprint(p.Tenant), p.Table+"(")
		for j, t := range p.Targets {
			if !byName(label(old), old.Targets[j].Type+" is ", " by name") {
				has(texts(now.Targets), t.String(), p.Table+"(")
			}
		}
	}
	for _, i := range want.Inheritance {
		now, _ := after.Inherits(i.Table)
		has([]string{now.String()[:strings.Index(now.String(), ": ")]}, i.String()[:strings.Index(i.String(), ": ")], i.Table+".")
		for _, s := range i.Subtypes {
			switch {
			case s.Table != "":
				has(texts(now.Subtypes), s.String(), i.Table+".")
			case change != "no checks": // which alone say that there is such a type
				has(names(now.Subtypes, func(s seedbed.Subtype) string { return s.Value }), s.Value, i.Table+".")
			}
		}
	}
	for _, m := range want.Memberships {
		has(texts(after.Memberships), m.String())
	}
	return out
}

// renamedColumns is what a Model says once every column has the name that the change
// "columns renamed" gives it.
func renamedColumns(m seedbed.Model) seedbed.Model {
	one := func(name string) string {
		if name == "" {
			return ""
		}
		return fmt.Sprintf("c%x", md5.Sum([]byte(strings.ToLower(strings.ReplaceAll(name, "_", "")))))[:7]
	}
	all := func(names []string) (out []string) {
		for _, n := range names {
			out = append(out, one(n))
		}
		return out
	}
	ref := func(r seedbed.Ref) seedbed.Ref {
		return seedbed.Ref{Columns: all(r.Columns), Table: r.Table, Key: all(r.Key)}
	}
	var out seedbed.Model
	for _, t := range m.Tenants {
		t.Key, t.ParentColumns, t.Session = all(t.Key), all(t.ParentColumns), ref(t.Session)
		out.Tenants = append(out.Tenants, t)
	}
	for _, s := range m.Scoped {
		s.Columns, s.Via = all(s.Columns), ref(s.Via)
		out.Scoped = append(out.Scoped, s)
	}
	for _, a := range m.Aggregates {
		a.Columns, a.AcrossColumns = all(a.Columns), all(a.AcrossColumns)
		out.Aggregates = append(out.Aggregates, a)
	}
	for _, p := range m.Polymorphic {
		p.Type, p.ID, p.Tenant, p.Targets = one(p.Type), one(p.ID), all(p.Tenant), slices.Clone(p.Targets)
		for i := range p.Targets {
			p.Targets[i].Key, p.Targets[i].Shadow = one(p.Targets[i].Key), one(p.Targets[i].Shadow)
		}
		out.Polymorphic = append(out.Polymorphic, p)
	}
	for _, i := range m.Inheritance {
		i.Key, i.Discriminator, i.Subtypes = all(i.Key), one(i.Discriminator), slices.Clone(i.Subtypes)
		for j := range i.Subtypes {
			s := &i.Subtypes[j]
			s.Key, s.Discriminator, s.Column = all(s.Key), one(s.Discriminator), one(s.Column)
		}
		out.Inheritance = append(out.Inheritance, i)
	}
	for _, s := range m.Memberships {
		s.Columns, s.User, s.Session = all(s.Columns), all(s.User), ref(s.Session)
		out.Memberships = append(out.Memberships, s)
	}
	return out
}

// shown reports whether generated columns, or a list of types that are tables, say
// that two columns are a pair, whatever they are called.
func shown(d *seedbed.Discovery, p seedbed.Polymorphic) bool {
	return len(p.Targets) > 0 && (byList(d, p) || strings.Contains(p.String(), " shadowed by "))
}

func byList(d *seedbed.Discovery, p seedbed.Polymorphic) bool {
	return strings.Contains(strings.Join(d.Because(label(p)), "\n"), "lists the values")
}

// label is the pair without its targets.
func label(p seedbed.Polymorphic) string {
	name, _, _ := strings.Cut(p.String(), ": ")
	name, _, _ = strings.Cut(name, " within ")
	return name
}

func pair(d *seedbed.Discovery, like seedbed.Polymorphic) seedbed.Polymorphic {
	for _, p := range d.Pairs(like.Table) {
		if label(p) == label(like) {
			return p
		}
	}
	return seedbed.Polymorphic{}
}

func texts[T fmt.Stringer](items []T) []string { return names(items, T.String) }

func names[T any](items []T, name func(T) string) []string {
	var out []string
	for _, item := range items {
		out = append(out, name(item))
	}
	return out
}
