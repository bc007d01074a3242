package catalog_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{}

func everything(t *testing.T) *catalog.Catalog {
	t.Helper()
	script, err := os.ReadFile("testdata/everything.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pg.DB(t)
	if _, err := db.Exec(context.Background(), string(script)); err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Load(context.Background(), db, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestEverything(t *testing.T) {
	t.Parallel()
	cat := everything(t)
	for name, check := range map[string]func(*testing.T, *catalog.Catalog){
		"columns": columns, "types": types, "constraints": constraints, "indexes": indexes, "partitions": partitions,
		"views": views, "triggers": triggers, "policies": policies, "grants": grants, "sequences": sequences,
		"names": names,
	} {
		t.Run(name, func(t *testing.T) { check(t, cat) })
	}
}

func columns(t *testing.T, cat *catalog.Catalog) {
	things := cat.Table("app.things")
	type facts struct {
		Name, SQL, Under           string
		Length, Precision, Scale   int
		Required, Filled, Writable bool
	}
	var got []facts
	for _, c := range things.Columns {
		got = append(got, facts{c.Name, c.SQLType, c.Type.Underlying().SQL, c.Length, c.Precision, c.Scale,
			c.Required(), c.Filled(), c.Writable()})
	}
	equal(t, "columns", got, []facts{
		{"tenant_id", "uuid", "uuid", 0, 0, 0, true, false, true},
		{"id", "bigint", "bigint", 0, 0, 0, true, true, false},
		{"serial_no", "integer", "integer", 0, 0, 0, true, true, true},
		{"code", "app.code", "character varying", 40, 0, 0, true, true, true},
		{"label", "character varying(10)", "character varying", 10, 0, 0, false, false, true},
		{"price", "app.money", "numeric", 0, 12, 2, false, false, true},
		{"rate", "numeric(5,-2)", "numeric", 0, 5, -2, false, false, true},
		{"flags", "bit(8)", "bit", 8, 0, 0, false, false, true},
		{"tags", "character varying(20)[]", "character varying[]", 20, 0, 0, true, true, true},
		{"mood", "app.mood", "app.mood", 0, 0, 0, true, true, true},
		{"place", "app.point3", "app.point3", 0, 0, 0, false, false, true},
		{"during", "app.span", "app.span", 0, 0, 0, false, false, true},
		{"Mixed Case", "integer", "integer", 0, 0, 0, false, false, true},
		{"twice", "integer", "integer", 0, 0, 0, false, true, false},
		{"created_at", "timestamp with time zone", "timestamp with time zone", 0, 0, 0, true, true, true},
	})
	equal(t, "generated", things.Column("twice").Expr, `("Mixed Case" * 2)`)
	equal(t, "collation", cat.Table("app.tenants").Column("name").Collation, "C")
	equal(t, "comment", things.Column("label").Comment, "what people call it")
	equal(t, "column grants", things.Column("label").Grants[0].Privileges, []string{"UPDATE"})
}

func types(t *testing.T, cat *catalog.Catalog) {
	things := cat.Table("app.things")
	equal(t, "enum", things.Column("mood").Type.Labels, []string{"sad", "meh", "ok", "happy"})
	equal(t, "subtype", things.Column("during").Type.Subtype.SQL, "timestamp with time zone")
	equal(t, "element", things.Column("tags").Type.Elem.SQL, "character varying")
	place := things.Column("place").Type
	equal(t, "attributes", len(place.Attributes), 2)
	equal(t, "attribute scale", place.Attributes[1].Scale, 3)
	var checks []string
	for _, d := range things.Column("code").Type.Domains() {
		for _, k := range d.Checks {
			checks = append(checks, d.Name+": "+k.Expr)
		}
	}
	equal(t, "domain checks", checks, []string{"code: ((VALUE)::text ~ '^[a-z]+$'::text)", "short: ((VALUE)::text <> ''::text)"})
	var names []string
	for _, typ := range cat.Types {
		names = append(names, typ.Name)
	}
	equal(t, "user types", len(names) >= 6, true)
}

func constraints(t *testing.T, cat *catalog.Catalog) {
	things, parts := cat.Table("app.things"), cat.Table("app.parts")
	fk := parts.Constraint("parts_thing")
	equal(t, "fk columns", fk.Columns, []string{"tenant_id", "thing_id"})
	equal(t, "fk ref", fk.Ref == things, true)
	equal(t, "fk ref columns", fk.RefColumns, []string{"tenant_id", "id"})
	equal(t, "fk actions", []catalog.Action{fk.OnUpdate, fk.OnDelete}, []catalog.Action{catalog.Cascade, catalog.SetNull})
	equal(t, "fk set null columns", fk.DeleteColumns, []string{"thing_id"})
	equal(t, "fk flags", []bool{fk.Deferrable, fk.Deferred, fk.Validated, fk.Enforced, fk.TriggersOff},
		[]bool{true, true, true, true, false})
	equal(t, "not valid", parts.Constraint("late").Validated, false)
	equal(t, "check", things.Constraint("price_positive").Columns, []string{"price"})
	for _, k := range things.Constraints {
		switch {
		case k.Kind == catalog.Unique:
			equal(t, "nulls not distinct", k.NullsNotDistinct, true)
		case k.Kind == catalog.Exclusion:
			equal(t, "operators", k.Operators, []string{"&&"})
			equal(t, "exclusion method", k.Index.Method, "gist")
		}
	}
	if cat.Version >= 180000 {
		n := 0
		for _, k := range things.Constraints {
			if k.Kind == catalog.NotNull {
				n++
			}
		}
		equal(t, "not null constraints", n > 0, true)
	}
}

func indexes(t *testing.T, cat *catalog.Catalog) {
	for _, ix := range cat.Table("app.things").Indexes {
		if ix.Predicate == "" {
			continue
		}
		equal(t, "keys", []catalog.IndexKey{{Expr: ix.Keys[0].Expr}, {Column: ix.Keys[1].Column, Desc: ix.Keys[1].Desc, NullsFirst: ix.Keys[1].NullsFirst}},
			[]catalog.IndexKey{{Expr: "lower(label::text)"}, {Column: "created_at", Desc: true, NullsFirst: true}})
		equal(t, "include", ix.Include, []string{"mood"})
		equal(t, "predicate", ix.Predicate, "(mood <> 'sad'::app.mood)")
		return
	}
	t.Error("the partial index is missing")
}

func partitions(t *testing.T, cat *catalog.Catalog) {
	events, leaf := cat.Table("app.events"), cat.Table("app.events_2024_rest")
	equal(t, "root", leaf.Root() == events, true)
	equal(t, "leaves", len(events.Leaves()), 1)
	equal(t, "bound", leaf.Bound, "DEFAULT")
	equal(t, "key", events.PartitionKey, "RANGE (at)")
	equal(t, "by", events.PartitionBy, []string{"at"})
	equal(t, "inherited", leaf.ForeignKeys()[0].Inherited, true)
	for _, table := range cat.Tables() {
		if table.Partition {
			t.Errorf("Tables lists the partition %s", table.Name)
		}
	}
	equal(t, "foreign keys of the partitioned table", len(leaf.References()), 1)
}

func views(t *testing.T, cat *catalog.Catalog) {
	happy, counts := cat.Table("app.happy"), cat.Table("app.counts")
	equal(t, "options", []bool{happy.Option("security_invoker"), happy.Option("security_barrier"), counts.Option("security_invoker")},
		[]bool{true, true, false})
	var reads []string
	for _, r := range counts.ReadsDeep() {
		reads = append(reads, r.Name)
	}
	equal(t, "reads", reads, []string{"happier", "happy", "things"})
	equal(t, "populated", counts.Populated, false)
	equal(t, "definition", strings.Contains(counts.Definition, "GROUP BY"), true)
}

func triggers(t *testing.T, cat *catalog.Catalog) {
	list := cat.Table("app.things").Triggers
	equal(t, "count", len(list), 2)
	stmt, touch := list[0], list[1]
	equal(t, "stmt", []bool{stmt.Row, stmt.Insert, stmt.Delete, stmt.Truncate, stmt.Update, stmt.Before}, []bool{false, true, true, true, false, false})
	equal(t, "disabled", stmt.Enabled, "D")
	equal(t, "touch", []bool{touch.Row, touch.Before, touch.Update}, []bool{true, true, true})
	equal(t, "definer", touch.Function.SecurityDefiner, true)
	equal(t, "config", touch.Function.Config["search_path"], "app, pg_temp")
}

func policies(t *testing.T, cat *catalog.Catalog) {
	things := cat.Table("app.things")
	equal(t, "rls", []bool{things.RLS, things.ForceRLS}, []bool{true, true})
	mine, strict := things.Policies[0], things.Policies[1]
	equal(t, "mine", []any{mine.Command, mine.Permissive, mine.Covers("SELECT"), mine.Covers("UPDATE")}, []any{"SELECT", true, true, false})
	equal(t, "setting", strings.Contains(mine.Using, "'app.tenant_id'"), true)
	equal(t, "strict", []any{strict.Command, strict.Permissive, strict.Roles, strict.WithCheck},
		[]any{"ALL", false, []string{"public"}, "(mood <> 'sad'::app.mood)"})
}

func grants(t *testing.T, cat *catalog.Catalog) {
	find := func(r *catalog.Relation, suffix string) catalog.Grant {
		for _, g := range r.Grants {
			if strings.HasSuffix(g.Grantee, suffix) {
				return g
			}
		}
		return catalog.Grant{}
	}
	g := find(cat.Table("app.things"), "pg_monitor")
	equal(t, "privileges", g.Privileges, []string{"INSERT", "SELECT"})
	equal(t, "grantable", g.Grantable, []string{"INSERT", "SELECT"})
	equal(t, "public", find(cat.Table("app.tenants"), "public").Has("SELECT"), true)
	equal(t, "role", cat.Role(cat.User) != nil, true)
	monitor := cat.Role("pg_monitor").MemberOf[0]
	equal(t, "membership", []bool{monitor.Inherit, monitor.Set, monitor.Admin}, []bool{true, true, false})
	equal(t, "predefined roles", cat.Role("pg_monitor").Reaches()[1] != nil, true)
}

func sequences(t *testing.T, cat *catalog.Catalog) {
	got := map[string]bool{}
	for _, s := range cat.Sequences {
		got[s.Name+"/"+s.Column.Name] = s.Identity
		if s.Last != nil || s.Start != 1 {
			t.Errorf("%s starts at %d, last %v", s.Name, s.Start, s.Last)
		}
	}
	equal(t, "sequences", got, map[string]bool{"things_id_seq/id": true, "things_serial_no_seq/serial_no": false, "parts_id_seq/id": true})
}

func names(t *testing.T, cat *catalog.Catalog) {
	equal(t, "bare name in one schema", cat.Table("things") == cat.Table("app.things"), true)
	equal(t, "name", cat.Name(cat.Table("things")), "app.things")
	equal(t, "missing", cat.Table("app.thing") == nil, true)
	equal(t, "nearest", catalog.Nearest("thigns", []string{"tenants", "things", "parts"}), "things")
	equal(t, "nothing near", catalog.Nearest("zzz", []string{"tenants", "things"}), "")
	schema, name := catalog.SplitName(`"odd.schema"."a ""b"" c"`)
	equal(t, "split", []string{schema, name}, []string{"odd.schema", `a "b" c`})
}
