package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// fingerprintSQL reads a few thousand rows of the catalog, about a millisecond.
const fingerprintSQL = `select concat_ws('/', current_setting('server_version_num'), pg_postmaster_start_time(), current_setting('search_path'),
 (select concat(count(*), '-', sum(hashint8(oid::int8 # xmin::text::int8))) from pg_class where oid >= 16384 and relkind in ('r', 'p', 'i', 'I')),
 (select concat(count(*), '-', sum(hashint8(attrelid::int8 # (attnum::int8 << 32) # xmin::text::int8))) from pg_attribute where attrelid >= 16384 and attnum > 0),
 (select concat(count(*), '-', sum(hashint8(oid::int8 # xmin::text::int8))) from pg_constraint where oid >= 16384),
 (select concat(count(*), '-', sum(hashint8(oid::int8 # xmin::text::int8))) from pg_attrdef),
 (select concat(count(*), '-', sum(hashint8(oid::int8 # xmin::text::int8))) from pg_enum),
 (select concat(count(*), '-', sum(hashint8(oid::int8 # xmin::text::int8))) from pg_policy))`

// Fingerprint tells structures apart without loading them: clones of one template have the
// same catalog rows with the same transaction ids, and any DDL leaves new ones. Two servers
// that run equally many statements count the same ids: when they were started differs.
// A cache of Catalogs tells by it whether one still holds.
func Fingerprint(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) (string, error) {
	var fingerprint string
	err := db.QueryRow(ctx, fingerprintSQL).Scan(&fingerprint)
	return fingerprint, err
}
