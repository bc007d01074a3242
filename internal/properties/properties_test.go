package properties_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/internal/properties"
	"github.com/qarion/seedbed/pgtest"
)

// What is set on a database is set on its copy, whatever characters it has.
func TestCopyHasTheProperties(t *testing.T) {
	server := &pgtest.Server{Migrations: fstest.MapFS{"1_t.sql": {Data: []byte("-- +goose Up\nCREATE TABLE t (id int);\n")}}}
	db := server.DB(t)
	admin, err := db.Superuser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	name := db.Config().ConnConfig.Database
	twin := name + ` "twin" %s`
	do := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	do(fmt.Sprintf(`CREATE DATABASE "%s ""twin"" %%s"`, name))
	defer do(fmt.Sprintf(`DROP DATABASE "%s ""twin"" %%s"`, name))
	for _, sql := range []string{
		"ALTER DATABASE %s SET search_path = public, \"Odd, %%s\"",
		"ALTER DATABASE %s SET app.motto = '50%% of %%s, it''s said'",
		"ALTER ROLE seedbed_owner IN DATABASE %s SET statement_timeout = '7s'",
		"REVOKE ALL ON DATABASE %s FROM PUBLIC",
		"GRANT TEMPORARY ON DATABASE %s TO seedbed_seeder WITH GRANT OPTION",
	} {
		do(fmt.Sprintf(sql, name))
	}
	want, err := properties.Of(t.Context(), admin, name)
	if err != nil || len(want) < 5 {
		t.Fatalf("%q, %v", want, err)
	}
	for _, sql := range want {
		do(properties.For(sql, twin))
	}
	got, err := properties.Of(t.Context(), admin, twin)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the copy has\n%q\nwant\n%q", got, want)
	}
}
