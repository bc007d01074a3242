package demo_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/demo"
	"github.com/qarion/seedbed/migrations"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

var pg = &pgtest.Server{Migrations: migrations.FS}

func TestSeed(t *testing.T) {
	db := pg.DB(t)
	spaces := 0
	err := demo.Seed(t.Context(), db, demo.Options{Seed: 1, Progress: func(_ string, done, of int) {
		if spaces++; done != spaces || of != 9 {
			t.Errorf("progress says %d of %d after %d spaces", done, of, spaces)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	check.Integrity(t, db)
}

// The same seed makes the same rows in another database. The three are taken at
// once, because factories count rows per database and a name may be used again.
func TestSeedIsDeterministic(t *testing.T) {
	one, two, three := pg.DB(t), pg.DB(t), pg.DB(t)
	first, second, other := digest(t, one, 101), digest(t, two, 101), digest(t, three, 102)
	if first != second {
		t.Error("two databases of one seed differ")
	}
	if first == other {
		t.Error("another seed makes the same rows")
	}
}

// digest fills a database and hashes its tables, as a role that sees all rows.
func digest(t *testing.T, db *pgtest.DB, seed uint64) (sum string) {
	t.Helper()
	if err := demo.Seed(t.Context(), db, demo.Options{Seed: seed}); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "SET LOCAL ROLE seedbed_seeder"); err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), `SELECT md5(string_agg(c.relname || coalesce((xpath('/row/h/text()', query_to_xml(
			format('SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS h FROM %s t', c.oid::regclass), false, true, '')))[1]::text, ''), ',' ORDER BY c.relname))
			FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
			AND relname <> 'goose_db_version'`).Scan(&sum)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// What fails in the middle leaves nothing.
func TestSeedTwiceWritesNothing(t *testing.T) {
	db := pg.DB(t)
	if _, err := db.Exec(t.Context(), "INSERT INTO organizations (slug, name) VALUES ('globex', 'taken')"); err != nil {
		t.Fatal(err)
	}
	if err := demo.Seed(t.Context(), db, demo.Options{}); err == nil {
		t.Fatal("no error, though a slug is taken")
	}
	var n int
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM organizations").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d organizations, want the one from before; %v", n, err)
	}
}
