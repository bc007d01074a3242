package migrations_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/migrations"
)

// recipe is a snippet of RECIPES.md.
func recipe(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("RECIPES.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(raw), "```sql "+name+"\n")
	snippet, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatalf("RECIPES.md has no snippet %q", name)
	}
	return snippet
}

var afterSemicolon = regexp.MustCompile(`;\n`)

// statements are those of the Up section.
func statements(snippet string) []string {
	_, up, _ := strings.Cut(snippet, "-- +goose Up\n")
	up, _, _ = strings.Cut(up, "-- +goose Down")
	all := afterSemicolon.Split(strings.TrimSpace(up)+"\n", -1)
	return slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// apply runs the snippets, in order, on top of the reference schema with rows in it: up,
// down, up, then interrupted after each statement of the last one, and up again.
func apply(t *testing.T, names ...string) *world {
	t.Helper()
	w := newWorld(t)
	owner := w.As(t, "seedbed_owner", nil)
	ctx, table := t.Context(), migrations.Options{Table: "goose_db_version_recipe"}
	var pairs []string
	for i, name := range names {
		pairs = append(pairs, fmt.Sprintf("%05d_recipe.sql", i+1), recipe(t, name))
	}
	set, err := migrations.Open(files(pairs...), table)
	if err != nil {
		t.Fatal(err)
	}
	last := int64(len(names))
	up := func(version int64) {
		t.Helper()
		if err := set.UpTo(ctx, owner, version); err != nil {
			t.Fatal(err)
		}
	}
	if last > 1 {
		up(last - 1)
	}
	before := snapshot(t, w.DB)
	up(last)
	after := snapshot(t, w.DB)
	if err := set.DownTo(ctx, owner, last-1); err != nil {
		t.Fatal(err)
	}
	same(t, "down", snapshot(t, w.DB), before)
	all := statements(pairs[len(pairs)-1])
	var stops []int
	for stopped := range all {
		stops = append(stops, stopped)
	}
	for _, stopped := range testkit.Sample(t, stops, 3) {
		c, err := owner.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range all[:stopped] {
			do(t, c.Conn(), sql)
		}
		do(t, c.Conn(), "reset lock_timeout")
		c.Release()
		up(last)
		same(t, fmt.Sprintf("stopped after %d statements and run again", stopped), snapshot(t, w.DB), after)
		if err := set.DownTo(ctx, owner, last-1); err != nil {
			t.Fatal(err)
		}
	}
	up(last)
	stillSound(t, w)
	return w
}

// stillSound: what the schema promises of every table holds of the new ones.
func stillSound(t *testing.T, w *world) {
	t.Helper()
	for _, v := range append(list[string](t, w.DB, distributionRules), list[string](t, w.DB, unindexedForeignKeys)...) {
		t.Error(v)
	}
	for _, v := range list[string](t, w.DB, `select conrelid::regclass || ': ' || conname || ' is not valid' from pg_constraint where not convalidated`) {
		t.Error(v)
	}
	for _, table := range w.scoped(t) {
		if n := one[int64](t, w.As(t, "seedbed_app", nil), "select count(*) from "+table); n != 0 {
			t.Errorf("%s: %d rows without a space", table, n)
		}
	}
}

func TestRecipeResourceType(t *testing.T) {
	t.Parallel()
	w := apply(t, "incidents", "resource-type")
	for _, space := range []string{red, blue} {
		do(t, w.seeder, "insert into incidents (space_id, id, title) values ($1, $2, 'x')", id(space), id("incident"))
	}
	do(t, w.seeder, "insert into incidents (space_id, id, title) values ($1, $2, 'x')", id(blue), id("only blue"))
	app, author := w.app(t, red), id(red+" user")
	for table := range resourceTypes {
		accepts(t, app, polymorphic(table), id(red), "incident", id("incident"), author)
		accepts(t, app, polymorphic(table), id(red), "dataset", id("dataset"), author)
		refuses(t, app, foreignKey, table+"_incident_fkey", polymorphic(table), id(red), "incident", id("nowhere"), author)
		refuses(t, app, foreignKey, table+"_incident_fkey", polymorphic(table), id(red), "incident", id("only blue"), author)
		refuses(t, app, check, table+"_resource_covered", polymorphic(table), id(red), "incidents", id("incident"), author)
		do(t, app, polymorphic(table), id(red), "incident", id("incident"), author)
		do(t, w.app(t, blue), polymorphic(table), id(blue), "incident", id("incident"), id(blue+" user"))
	}
	do(t, app, "delete from incidents")
	for table := range resourceTypes {
		if n := one[int64](t, w.seeder, "select count(*) from "+table+" where resource_type = 'incident'"); n != 1 {
			t.Errorf("%s: %d rows of incidents are left, want the one of the other space", table, n)
		}
	}
}

func TestRecipeResourceTypeWithoutRewrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.As(t, "seedbed_owner", nil)
	before := storage(t, w.DB)
	if err := migrations.Up(t.Context(), owner, files("1_x.sql", recipe(t, "resource-type-without-rewrite")), migrations.Options{Table: "goose_db_version_recipe"}); err != nil {
		t.Fatal(err)
	}
	notRewritten(t, "resource-type-without-rewrite", before, storage(t, w.DB))
	do(t, owner, "alter table comments drop constraint comments_resource_covered")
	app := w.app(t, red)
	sql := "insert into comments (space_id, resource_type, resource_id, incident_id, author_id, body) values ($1, $2, $3, $4, $5, 'x')"
	accepts(t, app, sql, id(red), "incident", id("incident"), id("incident"), id(red+" user"))
	accepts(t, app, sql, id(red), "dataset", id("dataset"), nil, id(red+" user"))
	for _, c := range [][3]any{{"incident", id("incident"), nil}, {"incident", id("incident"), id("other")}, {"dataset", id("dataset"), id("dataset")}} {
		refuses(t, app, check, "comments_incident_shadow", sql, id(red), c[0], c[1], c[2], id(red+" user"))
	}
}

func TestRecipeSimpleProvider(t *testing.T) {
	t.Parallel()
	app := apply(t, "simple-provider").app(t, red)
	accepts(t, app, simple, id(red), "teams", `{"tenant": "acme.example", "channel": "Data"}`, "vault://x")
	for _, config := range []any{nil, `{}`, `[]`, `{"tenant": "acme.example"}`, `{"tenant": 1, "channel": "Data"}`, `{"tenant": "acme.example", "channel": "Data", "token": "x"}`} {
		refuses(t, app, check, "", simple, id(red), "teams", config, "vault://x")
	}
	refuses(t, app, check, "source_systems_type", simple, id(red), "discord", `{}`, "vault://x")
}

func TestRecipeComplexProvider(t *testing.T) {
	t.Parallel()
	w := apply(t, "complex-provider")
	app := w.app(t, red)
	base := "insert into source_systems (space_id, id, name, type, secret_ref) values ('" + id(red) + "', '" + id("new") + "', 'new', 'redshift', 'vault://x'); "
	row := "insert into redshift_systems (space_id, id, cluster, database_name) values ('" + id(red) + "', '%s', 'c', 'd'); "
	accepts(t, app, base+fmt.Sprintf(row, id("new")))
	refuses(t, app, foreignKey, "source_systems_has_redshift", base)
	refuses(t, app, foreignKey, "", fmt.Sprintf(row, id("postgres")))
	refuses(t, app, check, "source_systems_config_or_subtype",
		"insert into source_systems (space_id, name, type, secret_ref, config) values ('"+id(red)+"', 'new', 'redshift', 'vault://x', '{}')")
}
