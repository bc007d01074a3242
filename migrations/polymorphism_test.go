package migrations_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The resource types of each polymorphic table; comments thread by parent_id, so they
// have no comments as resources.
var resourceTypes = map[string][]string{
	"comments":    {"dataset", "quality_check", "check_run", "source_system", "alert"},
	"attachments": {"dataset", "quality_check", "check_run", "source_system", "alert", "comment"},
	"annotations": {"dataset", "quality_check", "check_run", "source_system", "alert", "comment"},
}

// resourceID is the id of the row of that type that newTenantFixture creates in every
// space.
func resourceID(kind string) string {
	if kind == "source_system" {
		return id("webhook")
	}
	return id(kind)
}

func TestPairsPointAtWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	for table, kinds := range resourceTypes {
		sql, author := polymorphic(table), id(red+" user")
		for _, kind := range kinds {
			mustAccept(t, app, sql, id(red), kind, resourceID(kind), author)
			mustRefuseWith(t, app, foreignKey, "", sql, id(red), kind, id("nowhere"), author) // an orphan
			other := kinds[(slices.Index(kinds, kind)+1)%len(kinds)]
			mustRefuseWith(t, app, foreignKey, "", sql, id(red), kind, resourceID(other), author) // of another type
		}
		for _, kind := range []string{"", "Dataset", "dataset ", "datasets", "space", "user", "audit_log", "attachment"} {
			mustRefuseWith(t, app, check, table+"_resource_covered", sql, id(red), kind, id("dataset"), author)
		}
		mustRefuseWith(t, app, notNull, "", sql, id(red), nil, id("dataset"), author)
		mustRefuseWith(t, app, notNull, "", sql, id(red), "dataset", nil, author)
	}
	mustRefuseWith(t, app, check, "comments_resource_covered", polymorphic("comments"), id(red), "comment", id("comment"), id(red+" user"))
}

func TestShadowsCannotBeForged(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	for table, kinds := range resourceTypes {
		for _, kind := range kinds {
			mustRefuseWith(t, w.seeder, generated, "", fmt.Sprintf("update %s set %s_id = $1", table, kind), id("dataset"))
		}
		// Moving a row to another type moves the shadow, or is refused.
		mustRefuseWith(t, w.seeder, check, "", "update "+table+" set resource_type = 'space'")
		n := queryValue[int64](t, w.DB, `select count(*) from pg_constraint f join pg_attribute a on a.attrelid = f.conrelid and a.attnum = any(f.conkey)
			where f.conrelid = $1::regclass and f.contype = 'f' and a.attgenerated = 's'`, table)
		if int(n) != len(kinds) {
			t.Errorf("%s: %d stored columns with a foreign key, want %d", table, n, len(kinds))
		}
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	reply := "insert into comments (space_id, id, resource_type, resource_id, parent_id, author_id, body) values ($1, $2, $3, $4, $5, $6, 'x')"
	author := id(red + " user")
	mustAccept(t, app, reply, id(red), id("new"), "dataset", id("dataset"), id("reply"), author)
	// On another resource than its parent, or under itself.
	mustRefuseWith(t, app, foreignKey, "comments_parent_fkey", reply, id(red), id("new"), "alert", id("alert"), id("comment"), author)
	mustRefuseWith(t, app, check, "comments_not_own_parent", reply, id(red), id("new"), "dataset", id("dataset"), id("new"), author)
	mustRefuseWith(t, app, foreignKey, "", "update comments set resource_type = 'alert', resource_id = $1 where id = $2", id("alert"), id("comment"))
	mustExec(t, app, "delete from comments where id = $1", id("comment"))
	if n := queryValue[int64](t, app, "select count(*) from comments"); n != 0 {
		t.Errorf("%d replies outlive their comment", n)
	}
	if n := queryValue[int64](t, app, "select count(*) from attachments"); n != 0 {
		t.Errorf("%d attachments outlive their comment", n)
	}
}

// Deleting a resource deletes the rows that point at it. Postgres finds them by the index
// on the shadow column, without a scan of the table or the space.
func TestCascadesUseTheIndex(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	mustExec(t, w.seeder, `insert into datasets (space_id, name, owner_id) select $1, 'filler ' || n, $2 from generate_series(1, 100) n`, id(red), id(red+" user"))
	for table, columns := range map[string]string{"comments": "author_id, body", "attachments": "uploaded_by, filename", "annotations": "annotated_by, name"} {
		extra := map[string]string{"attachments": ", content"}[table]
		value := map[string]string{"attachments": ", ''"}[table]
		mustExec(t, w.seeder, fmt.Sprintf(`insert into %s (space_id, resource_type, resource_id, %s%s)
			select d.space_id, 'dataset', d.id, d.owner_id, 'x' || n%s from datasets d, generate_series(1, 60) n
			where d.name like 'filler %%'`, table, columns, extra, value))
		for _, kind := range resourceTypes[table] {
			if kind != "dataset" {
				mustExec(t, w.seeder, polymorphic(table), id(red), kind, resourceID(kind), id(red+" user"))
			}
		}
	}
	mustExec(t, w.As(t, "seedbed_owner", nil), "analyze comments, attachments, annotations, alerts, check_runs, quality_checks, datasets")
	deletions := map[string]string{
		"dataset":       "delete from datasets where space_id = $1 and name = 'filler 7'",
		"quality_check": "delete from quality_checks where space_id = $1",
		"check_run":     "delete from check_runs where space_id = $1",
		"alert":         "delete from alerts where space_id = $1",
		"comment":       "delete from comments where space_id = $1 and id = '" + id("comment") + "'",
	}
	for kind, sql := range deletions {
		for table, kinds := range resourceTypes {
			if !slices.Contains(kinds, kind) {
				continue
			}
			tx, err := w.seeder.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			mustExec(t, tx, sql, id(red))
			scans := scanCounts(t, tx, table)
			if scans[table] != 0 || scans[table+"_"+kind] == 0 {
				t.Errorf("deleting a %s: scans of %s: %v", kind, table, scans)
			}
			if n := queryValue[int64](t, tx, "select count(*) from "+table+" where resource_type = $1 and resource_id = $2 and space_id = $3", kind, resourceID(kind), id(red)); n != 0 && kind != "dataset" {
				t.Errorf("%d %s outlive their %s", n, table, kind)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// scanCounts returns how often this transaction has scanned the whole table, and each of
// its indexes.
func scanCounts(t *testing.T, tx pgx.Tx, table string) map[string]int64 {
	t.Helper()
	rows, err := tx.Query(t.Context(), `select c.relname, pg_stat_get_xact_numscans(c.oid) from pg_class c
		where c.oid = $1::regclass or c.oid in (select indexrelid from pg_index where indrelid = $1::regclass)`, table)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	var name string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error { counts[name] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestAttachmentsKeepTheirBytes(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	var every []byte
	for b := range 256 {
		every = append(every, byte(b))
	}
	sql := `insert into attachments (space_id, resource_type, resource_id, uploaded_by, filename, content, metadata)
		values ($1, 'dataset', $2, $3, 'x', $4, $5) returning content, byte_size, sha256`
	for _, content := range [][]byte{{}, every, []byte("\xff\xfe\x00\xc0\x80\xed\xa0\x80")} {
		var back, digest []byte
		var size int
		err := app.QueryRow(t.Context(), sql, id(red), id("dataset"), id(red+" user"), content, `{"pages": 3}`).Scan(&back, &size, &digest)
		want := sha256.Sum256(content)
		if err != nil || !bytes.Equal(back, content) || size != len(content) || !bytes.Equal(digest, want[:]) {
			t.Errorf("%d bytes: got %d back, size %d, digest %x, %v", len(content), len(back), size, digest, err)
		}
	}
	args := func(content []byte, metadata any) []any {
		return []any{id(red), id("dataset"), id(red + " user"), content, metadata}
	}
	mustRefuseWith(t, app, check, "attachments_metadata_is_object", sql, args(every, `["pages"]`)...)
	mustRefuseWith(t, app, check, "attachments_metadata_is_object", sql, args(every, `null`)...)
	mustRefuseWith(t, app, notNull, "", sql, args(every, nil)...)
	mustRefuseWith(t, app, notNull, "", sql, args(nil, `{}`)...)
	mustRefuseWith(t, app, check, "attachments_content_size", sql, args(bytes.Repeat([]byte{1}, 10<<20+1), `{}`)...)
	mustRefuseWith(t, app, check, "attachments_content_type_form", "update attachments set content_type = $1", strings.Repeat("x", 10))
}
