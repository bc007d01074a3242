package catalog_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/pgtest"
)

func loaded(t *testing.T, q catalog.Querier, opt catalog.Options) *catalog.Catalog {
	t.Helper()
	cat, err := catalog.Load(context.Background(), q, opt)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func exec(t *testing.T, db *pgtest.DB, sql string) {
	t.Helper()
	if _, err := db.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestWithoutPrivileges sees the same structure as a role that may do nothing.
func TestWithoutPrivileges(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	exec(t, db, `create schema hidden;
revoke all on schema hidden from public;
create table hidden.secrets (id int generated always as identity primary key, body text default 'x' check (body <> ''));
insert into hidden.secrets default values;
create policy p on hidden.secrets using (id > 0)`)
	cat := loaded(t, db.As(t, "pg_monitor", nil), catalog.Options{})
	secrets := cat.Table("hidden.secrets")
	if secrets == nil || len(secrets.Columns) != 2 || len(secrets.Checks()) != 1 || len(secrets.Policies) != 1 {
		t.Fatalf("hidden.secrets = %+v", secrets)
	}
	if s := cat.Sequences[0]; s.Readable || s.Last != nil {
		t.Errorf("the sequence's value is read without a privilege: %+v", s)
	}
	if s := loaded(t, db, catalog.Options{}).Sequences[0]; !s.Readable || s.Last == nil || *s.Last != 1 {
		t.Errorf("the owner's sequence = %+v", s)
	}
}

// TestSchemas lists one schema, and still follows a foreign key out of it.
func TestSchemas(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	exec(t, db, `create schema a; create schema b;
create table a.parents (id int primary key);
create table b.children (id int primary key, parent_id int references a.parents);
create temporary table passing (id int)`)
	cat := loaded(t, db, catalog.Options{Schemas: []string{"b"}})
	if len(cat.Relations) != 1 || len(cat.Schemas) != 1 {
		t.Errorf("listed: %d relations, %d schemas", len(cat.Relations), len(cat.Schemas))
	}
	if fk := cat.Table("children").ForeignKeys()[0]; fk.Ref.Name != "parents" || fk.Ref.Schema != "a" || fk.Ref.Column("id") == nil {
		t.Errorf("the foreign key leads to %+v", fk.Ref)
	}
	if r := loaded(t, db, catalog.Options{}).Table("passing"); r != nil {
		t.Error("a temporary table is listed")
	}
}

// TestExtensions leaves out what an extension brought, unless asked.
func TestExtensions(t *testing.T) {
	t.Parallel()
	server := &pgtest.Server{Extensions: []string{"pg_trgm"}}
	db := server.DB(t)
	exec(t, db, "create function mine() returns int language sql as 'select 1'")
	if cat := loaded(t, db, catalog.Options{}); len(cat.Functions) != 1 || cat.Functions[0].Name != "mine" {
		t.Errorf("%d functions are listed, want mine only", len(cat.Functions))
	}
	if cat := loaded(t, db, catalog.Options{Extensions: true}); len(cat.Functions) < 10 || cat.Functions[1].Extension != "pg_trgm" {
		t.Errorf("%d functions are listed, want the extension's too", len(cat.Functions))
	}
}

// known is a handle whose catalog was read, and that no more can be asked of.
type known struct {
	catalog.Querier
	cat *catalog.Catalog
}

func (k known) LoadedCatalog() *catalog.Catalog { return k.cat }

// TestLoaded lists what the options ask for of a catalog that was read with others.
func TestLoaded(t *testing.T) {
	t.Parallel()
	db := (&pgtest.Server{Extensions: []string{"pg_trgm"}}).DB(t)
	exec(t, db, "create schema other; create table other.t (id int); create table t (id int)")
	plain := loaded(t, db, catalog.Options{})
	for _, opt := range []catalog.Options{{}, {Extensions: true}, {Schemas: []string{"other"}}} {
		got, want := loaded(t, known{cat: plain}, opt), loaded(t, db, opt)
		if len(got.Functions) != len(want.Functions) || len(got.Schemas) != len(want.Schemas) || len(got.Relations) != len(want.Relations) {
			t.Errorf("%+v: %d functions, %d schemas, %d relations; want %d, %d, %d", opt, len(got.Functions), len(got.Schemas), len(got.Relations),
				len(want.Functions), len(want.Schemas), len(want.Relations))
		}
		if got.Table("other.t") == nil || got.Table("other.t") != plain.Table("other.t") {
			t.Errorf("%+v: the table is another one", opt)
		}
	}
	if len(plain.Functions) != 0 {
		t.Errorf("the catalog that was read lists %d functions of an extension now", len(plain.Functions))
	}
}

// TestInsideATransaction sees what the transaction has made, and leaves it usable.
func TestInsideATransaction(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	tx, err := pg.DB(t).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "create table uncommitted (id int)"); err != nil {
		t.Fatal(err)
	}
	if loaded(t, tx, catalog.Options{}).Table("uncommitted") == nil {
		t.Error("the transaction's own table is missing")
	}
	if _, err := tx.Exec(ctx, "insert into uncommitted values (1)"); err != nil {
		t.Errorf("the transaction is spoilt: %v", err)
	}
}

// TestSimpleProtocol works behind poolers that cannot prepare statements.
func TestSimpleProtocol(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cfg := pg.DB(t).Config().ConnConfig.Copy()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "create table t (id int primary key, tags text[] default '{a,b}', unique (id, tags))"); err != nil {
		t.Fatal(err)
	}
	r := loaded(t, conn, catalog.Options{}).Table("t")
	if len(r.Columns) != 2 || len(r.Uniques()) != 2 || r.Uniques()[0].Columns == nil {
		t.Errorf("t = %+v", r)
	}
}

// TestLate sees what only newer servers have.
func TestLate(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	cat := loaded(t, db, catalog.Options{})
	if cat.Version < 180000 {
		exec(t, db, "create table t (id int constraint c check (id > 0))")
		if k := loaded(t, db, catalog.Options{}).Table("t").Constraint("c"); !k.Enforced || k.Period {
			t.Errorf("on %d a check is %+v", cat.Version, k)
		}
		return
	}
	exec(t, db, `create table t (id int constraint c check (id > 0) not enforced, half int generated always as (id / 2) virtual,
  span int4range, during int4range, constraint k unique (span, during without overlaps))`)
	r := loaded(t, db, catalog.Options{}).Table("t")
	if r.Constraint("c").Enforced || !r.Constraint("k").Period || r.Column("half").Generated != "v" || r.Column("half").Writable() {
		t.Errorf("c %+v, k %+v, half %+v", r.Constraint("c"), r.Constraint("k"), r.Column("half"))
	}
}

// TestTriggersOff sees a foreign key that a superuser switched off.
func TestTriggersOff(t *testing.T) {
	t.Parallel()
	server := &pgtest.Server{Role: "postgres"}
	db := server.DB(t)
	exec(t, db, `create table parents (id int primary key);
create table children (parent_id int references parents);
alter table children disable trigger all`)
	if fk := loaded(t, db, catalog.Options{}).Table("children").ForeignKeys()[0]; !fk.TriggersOff {
		t.Error("the foreign key looks whole")
	}
}

// TestRoleNames reads grants to roles whose names an ACL must quote.
func TestRoleNames(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]catalog.Grant{
		`=r/owner`:                {Grantee: "public", Grantor: "owner", Privileges: []string{"SELECT"}},
		`"a ""b"" = c"=w*d/"o/o"`: {Grantee: `a "b" = c`, Grantor: "o/o", Privileges: []string{"UPDATE", "DELETE"}, Grantable: []string{"UPDATE"}},
		`app=/owner`:              {Grantee: "app", Grantor: "owner"},
	} {
		equal(t, item, catalog.ParseACL([]string{item}), []catalog.Grant{want})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	db := pg.DB(t)
	cancel()
	if _, err := catalog.Load(ctx, db, catalog.Options{}); err == nil || !strings.HasPrefix(err.Error(), "read catalog: ") {
		t.Errorf("Load = %v", err)
	}
}

func TestLeads(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	exec(t, db, `create table t (a int, b int, c int);
create index ab on t (a, b); create index part on t (a, b) where c > 0; create index expr on t ((a + 1), b)`)
	by := map[string]*catalog.Index{}
	for _, ix := range loaded(t, db, catalog.Options{}).Table("t").Indexes {
		by[ix.Name] = ix
	}
	for _, c := range []struct {
		index   string
		columns []string
		want    bool
	}{
		{"ab", []string{"a"}, true}, {"ab", []string{"b", "a"}, true}, {"ab", []string{"b"}, false}, {"ab", nil, false},
		{"part", []string{"a"}, false}, {"expr", []string{"b"}, false},
	} {
		if got := by[c.index].Leads(c.columns); got != c.want {
			t.Errorf("%s leads with %v: %t", c.index, c.columns, got)
		}
	}
}
