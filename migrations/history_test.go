package migrations_test

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/migrations"
)

func openReference(t *testing.T) *migrations.Set {
	t.Helper()
	s, err := migrations.Open(migrations.FS)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Migrations()); n < 15 {
		t.Fatalf("only %d migrations", n)
	}
	return s
}

// Each step up, down and up again leaves the same catalog.
func TestEveryStepUpDownUp(t *testing.T) {
	t.Parallel()
	ctx, db, set := t.Context(), pg.DB(t), openReference(t)
	below, before := int64(0), catalogSnapshot(t, db)
	for _, m := range set.Migrations() {
		if err := set.UpTo(ctx, db, m.Version); err != nil {
			t.Fatal(err)
		}
		after := catalogSnapshot(t, db)
		// Validating changes a flag; everything else changes more.
		if slices.Equal(before, after) {
			t.Errorf("%s changes nothing", m.File)
		}
		if err := set.DownTo(ctx, db, below); err != nil {
			t.Fatal(err)
		}
		sameLines(t, m.File+" down", catalogSnapshot(t, db), before)
		if err := set.UpTo(ctx, db, m.Version); err != nil {
			t.Fatal(err)
		}
		sameLines(t, m.File+" up again", catalogSnapshot(t, db), after)
		below, before = m.Version, after
	}
	all := catalogSnapshot(t, db)
	if err := set.DownTo(ctx, db, 0); err != nil {
		t.Fatal(err)
	}
	if left := catalogSnapshot(t, db); len(left) != 0 {
		t.Errorf("left after everything went down: %q", left)
	}
	if err := set.Up(ctx, db); err != nil {
		t.Fatal(err)
	}
	sameLines(t, "all down and up", catalogSnapshot(t, db), all)
}

// Rows at each stage of the history survive every step up and down, no existing table is
// rewritten, and attaching a partition scans no row.
func TestHistoryWithRows(t *testing.T) {
	t.Parallel()
	ctx, set := t.Context(), openReference(t)
	db, heard := withScanNotices(t)
	rows := map[int64]string{
		10: `insert into organizations (id, slug, name) values ('{o}', 'o', 'o');
			insert into spaces (id, organization_id, slug, name) values ('{s}', '{o}', 's', 's');
			insert into users (id, email, name) values ('{u}', 'u@example.org', 'u');
			set seedbed.space_id = '{s}';
			insert into space_memberships (space_id, user_id) values ('{s}', '{u}');
			begin;
			insert into source_systems (space_id, id, name, type, secret_ref) values ('{s}', '{p}', 'p', 'postgres', 'vault://p');
			insert into postgres_systems (space_id, id, host, database_name, username) values ('{s}', '{p}', 'h', 'd', 'u');
			commit;
			insert into datasets (space_id, id, name, owner_id) values ('{s}', '{d}', 'd', '{u}');
			insert into quality_checks (space_id, id, dataset_id, name, kind, created_by) values ('{s}', '{q}', '{d}', 'q', 'unique', '{u}');`,
		19: `set seedbed.space_id = '{s}';
			insert into alerts (space_id, organization_id, title) values ('{s}', '{o}', 'a');
			insert into comments (space_id, resource_type, resource_id, author_id, body) values ('{s}', 'dataset', '{d}', '{u}', 'b');
			insert into audit_logs (space_id, organization_id, action, subject, occurred_at)
				select '{s}', '{o}', 'a.b', 'dataset/{d}', at::timestamptz from unnest(array['2025-06-01Z', '2026-06-01Z', '2031-06-01Z', '2019-06-01Z']) at;`,
	}
	fill := strings.NewReplacer("{o}", id("o"), "{s}", id("s"), "{u}", id("u"), "{p}", id("p"), "{d}", id("d"), "{q}", id("q"))
	for _, m := range set.Migrations() {
		before := tableFiles(t, db)
		if err := set.UpTo(ctx, db, m.Version); err != nil {
			t.Fatal(err)
		}
		notRewritten(t, m.File, before, tableFiles(t, db))
		if sql := rows[m.Version]; sql != "" {
			mustExec(t, db, fill.Replace(sql)+"reset seedbed.space_id")
		}
	}
	for _, want := range []string{
		`partition constraint for table "audit_logs_2027" is implied by existing constraints`,
		`updated partition constraint for default partition "audit_logs_default" is implied by existing constraints`,
		`existing constraints on column "datasets.owner_id" are sufficient to prove that it does not contain nulls`,
	} {
		if !heard(want) {
			t.Errorf("Postgres did not say: %s", want)
		}
	}
	for version := int64(len(set.Migrations())); version > 19; version-- {
		if err := set.Down(ctx, db); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.Up(ctx, db); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int64{"datasets": 1, "quality_checks": 1, "alerts": 1, "comments": 1, "audit_logs": 4, "postgres_systems": 1} {
		if n := queryValue[int64](t, db, "with s as materialized (select set_config('seedbed.space_id', $1, false)) select count(*) from "+table+" where exists (select from s)", id("s")); n != want {
			t.Errorf("%s: %d rows left, want %d", table, n, want)
		}
	}
}

// withScanNotices returns an empty database whose sessions report what Postgres decides
// about scans.
func withScanNotices(t *testing.T) (*pgxpool.Pool, func(string) bool) {
	t.Helper()
	var mu sync.Mutex
	var notices strings.Builder
	config := pg.DB(t).Config()
	config.ConnConfig.RuntimeParams["client_min_messages"] = "debug1"
	config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		mu.Lock()
		defer mu.Unlock()
		notices.WriteString(n.Message + "\n")
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, func(message string) bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(notices.String(), message)
	}
}

// tableFiles returns the file of each table's rows.
func tableFiles(t *testing.T, db seedbed.DB) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, line := range queryColumn[string](t, db, `select relname || ' ' || pg_relation_filenode(oid) from pg_class
		where relkind = 'r' and relnamespace = 'public'::regnamespace`) {
		name, file, _ := strings.Cut(line, " ")
		m[name] = file
	}
	return m
}

func notRewritten(t *testing.T, step string, before, after map[string]string) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if after[table] != before[table] {
			t.Errorf("%s rewrites %s", step, table)
		}
	}
}

// Every file records its review, and says which queries its indexes serve.
func TestEveryStepRecordsItsReview(t *testing.T) {
	t.Parallel()
	db := reference.DB(t)
	index := regexp.MustCompile(`(?m)^create (?:unique )?index (?:concurrently )?(\w+) on`)
	serves := regexp.MustCompile(`(?m)^-- seedbed: serves (\w+): (.*)$`)
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	queries := 0
	for _, name := range names {
		raw, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		header, body, ok := strings.Cut(string(raw), "-- +goose Up")
		if !ok || !strings.HasPrefix(header, "-- ") || !strings.Contains(header, "-- Review\n--   locks   ") {
			t.Errorf("%s: the header records no review of its locks", name)
		}
		if !strings.Contains(body, "-- +goose Down\n") {
			t.Errorf("%s: no Down", name)
		}
		for _, m := range index.FindAllStringSubmatch(body, -1) {
			family := strings.Split(m[1], "_")[0]
			if !strings.Contains(header, m[1]) && !strings.Contains(header, family+"'s shadow") && !strings.Contains(header, "shadow") {
				t.Errorf("%s: nothing is said of what %s serves", name, m[1])
			}
		}
		for _, m := range serves.FindAllStringSubmatch(header, -1) {
			queries++
			if !queryValue[bool](t, db, "select to_regclass($1) is not null", m[1]) {
				t.Errorf("%s: there is no index %s", name, m[1])
			}
			if _, err := db.Exec(t.Context(), "explain "+m[2]); err != nil {
				t.Errorf("%s: %s: %v", name, m[2], err)
			}
		}
	}
	if queries < 12 {
		t.Errorf("only %d queries are named", queries)
	}
}

const unindexedForeignKeys = `
		select f.conrelid::regclass || ': ' || f.conname from pg_constraint f
		where f.contype = 'f' and f.connamespace = 'public'::regnamespace and not exists (
			select from pg_index i
			where i.indrelid = f.conrelid and i.indisvalid
			and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] <@ f.conkey
			and (f.conkey <@ (i.indkey::int2[])[0:cardinality(f.conkey) - 1]
				-- the key of a subtype: at most one row has it
				or i.indisunique and i.indnkeyatts <= cardinality(f.conkey) and i.indkey::int2[] <@ f.conkey)
			-- a partial index serves where equality implies its condition
			and (i.indpred is null or exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(f.conkey)
				and pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname))))`

// Every foreign key has an index by which Postgres finds its rows when the referenced row
// is deleted.
func TestEveryForeignKeyHasAnIndex(t *testing.T) {
	t.Parallel()
	for _, m := range queryColumn[string](t, reference.DB(t), unindexedForeignKeys) {
		t.Error(m)
	}
}

// What is read from the catalog, with rows in the tables and without, is what was
// written by hand.
func TestModelIsWhatIsDiscovered(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]seedbed.DB{"empty": reference.DB(t), "with rows": newTenantFixture(t).seeder} {
		found, err := seedbed.Discover(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if diff := migrations.Model().Diff(found.Model); diff != "" {
			t.Errorf("%s: by hand -, discovered +:\n%s", name, diff)
		}
		if err := migrations.Model().Validate(t.Context(), db); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
