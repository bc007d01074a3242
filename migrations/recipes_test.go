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

// statements returns the statements of the Up section.
func statements(snippet string) []string {
	_, up, _ := strings.Cut(snippet, "-- +goose Up\n")
	up, _, _ = strings.Cut(up, "-- +goose Down")
	all := afterSemicolon.Split(strings.TrimSpace(up)+"\n", -1)
	return slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// applyRecipes runs the snippets in order on the reference schema with rows in it: up,
// down, up, then stopped after each statement of the last one, and up again.
func applyRecipes(t *testing.T, names ...string) *tenantFixture {
	t.Helper()
	w := newTenantFixture(t)
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
	before := catalogSnapshot(t, w.DB)
	up(last)
	after := catalogSnapshot(t, w.DB)
	if err := set.DownTo(ctx, owner, last-1); err != nil {
		t.Fatal(err)
	}
	sameLines(t, "down", catalogSnapshot(t, w.DB), before)
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
			mustExec(t, c.Conn(), sql)
		}
		mustExec(t, c.Conn(), "reset lock_timeout")
		c.Release()
		up(last)
		sameLines(t, fmt.Sprintf("stopped after %d statements and run again", stopped), catalogSnapshot(t, w.DB), after)
		if err := set.DownTo(ctx, owner, last-1); err != nil {
			t.Fatal(err)
		}
	}
	up(last)
	checkSoundness(t, w)
	return w
}

// checkSoundness checks that the new tables keep what the schema promises of every table.
func checkSoundness(t *testing.T, w *tenantFixture) {
	t.Helper()
	for _, v := range append(queryColumn[string](t, w.DB, distributionRules), queryColumn[string](t, w.DB, unindexedForeignKeys)...) {
		t.Error(v)
	}
	for _, v := range queryColumn[string](t, w.DB, `select conrelid::regclass || ': ' || conname || ' is not valid' from pg_constraint where not convalidated`) {
		t.Error(v)
	}
	for _, table := range w.scopedTables(t) {
		if n := queryValue[int64](t, w.As(t, "seedbed_app", nil), "select count(*) from "+table); n != 0 {
			t.Errorf("%s: %d rows without a space", table, n)
		}
	}
}

func TestRecipeResourceType(t *testing.T) {
	t.Parallel()
	w := applyRecipes(t, "incidents", "resource-type")
	for _, space := range []string{red, blue} {
		mustExec(t, w.seeder, "insert into incidents (space_id, id, title) values ($1, $2, 'x')", id(space), id("incident"))
	}
	mustExec(t, w.seeder, "insert into incidents (space_id, id, title) values ($1, $2, 'x')", id(blue), id("only blue"))
	app, author := w.asApplication(t, red), id(red+" user")
	for table := range resourceTypes {
		mustAccept(t, app, polymorphic(table), id(red), "incident", id("incident"), author)
		mustAccept(t, app, polymorphic(table), id(red), "dataset", id("dataset"), author)
		mustRefuseWith(t, app, foreignKey, table+"_incident_fkey", polymorphic(table), id(red), "incident", id("nowhere"), author)
		mustRefuseWith(t, app, foreignKey, table+"_incident_fkey", polymorphic(table), id(red), "incident", id("only blue"), author)
		mustRefuseWith(t, app, check, table+"_resource_covered", polymorphic(table), id(red), "incidents", id("incident"), author)
		mustExec(t, app, polymorphic(table), id(red), "incident", id("incident"), author)
		mustExec(t, w.asApplication(t, blue), polymorphic(table), id(blue), "incident", id("incident"), id(blue+" user"))
	}
	mustExec(t, app, "delete from incidents")
	for table := range resourceTypes {
		if n := queryValue[int64](t, w.seeder, "select count(*) from "+table+" where resource_type = 'incident'"); n != 1 {
			t.Errorf("%s: %d rows of incidents are left, want the one of the other space", table, n)
		}
	}
}

func TestRecipeResourceTypeWithoutRewrite(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	owner := w.As(t, "seedbed_owner", nil)
	before := tableFiles(t, w.DB)
	if err := migrations.Up(t.Context(), owner, files("1_x.sql", recipe(t, "resource-type-without-rewrite")), migrations.Options{Table: "goose_db_version_recipe"}); err != nil {
		t.Fatal(err)
	}
	notRewritten(t, "resource-type-without-rewrite", before, tableFiles(t, w.DB))
	mustExec(t, owner, "alter table comments drop constraint comments_resource_covered")
	app := w.asApplication(t, red)
	sql := "insert into comments (space_id, resource_type, resource_id, incident_id, author_id, body) values ($1, $2, $3, $4, $5, 'x')"
	mustAccept(t, app, sql, id(red), "incident", id("incident"), id("incident"), id(red+" user"))
	mustAccept(t, app, sql, id(red), "dataset", id("dataset"), nil, id(red+" user"))
	for _, c := range [][3]any{{"incident", id("incident"), nil}, {"incident", id("incident"), id("other")}, {"dataset", id("dataset"), id("dataset")}} {
		mustRefuseWith(t, app, check, "comments_incident_shadow", sql, id(red), c[0], c[1], c[2], id(red+" user"))
	}
}

func TestRecipeSimpleProvider(t *testing.T) {
	t.Parallel()
	app := applyRecipes(t, "simple-provider").asApplication(t, red)
	mustAccept(t, app, simple, id(red), "teams", `{"tenant": "acme.example", "channel": "Data"}`, "vault://x")
	for _, config := range []any{nil, `{}`, `[]`, `{"tenant": "acme.example"}`, `{"tenant": 1, "channel": "Data"}`, `{"tenant": "acme.example", "channel": "Data", "token": "x"}`} {
		mustRefuseWith(t, app, check, "", simple, id(red), "teams", config, "vault://x")
	}
	mustRefuseWith(t, app, check, "source_systems_type", simple, id(red), "discord", `{}`, "vault://x")
}

func TestRecipeComplexProvider(t *testing.T) {
	t.Parallel()
	w := applyRecipes(t, "complex-provider")
	app := w.asApplication(t, red)
	base := "insert into source_systems (space_id, id, name, type, secret_ref) values ('" + id(red) + "', '" + id("new") + "', 'new', 'redshift', 'vault://x'); "
	row := "insert into redshift_systems (space_id, id, cluster, database_name) values ('" + id(red) + "', '%s', 'c', 'd'); "
	mustAccept(t, app, base+fmt.Sprintf(row, id("new")))
	mustRefuseWith(t, app, foreignKey, "source_systems_has_redshift", base)
	mustRefuseWith(t, app, foreignKey, "", fmt.Sprintf(row, id("postgres")))
	mustRefuseWith(t, app, check, "source_systems_config_or_subtype",
		"insert into source_systems (space_id, name, type, secret_ref, config) values ('"+id(red)+"', 'new', 'redshift', 'vault://x', '{}')")
}
