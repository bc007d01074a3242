package template

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

// layout is what is in every clone of a template: what a reset compares with and
// goes back to. Object identifiers are the same in all clones. It is kept with the
// template, so that a process knows it which finds only clones that have been used;
// registry.sql names its form.
type layout struct {
	Tables    []tableLayout // by oid
	Catalogs  []uint32      // the system catalogs that belong to one database
	Sequences []string      // quoted
	Docile    bool          // see session
	Compact   bool          // all of it is in one directory

	probe string // the query that tells what has happened since
}

type tableLayout struct {
	OID    uint32
	Name   string // quoted
	Rows   []byte // in COPY's text format; nil where the table is empty
	Copied string // "table (columns)", for COPY
	Filled bool
	Large  bool // filled, and too much to keep a copy of
}

// snapshotLimit bounds the rows of a template that each process keeps to restore
// changed tables from, in bytes. A clone in which a table beyond it has changed is
// dropped.
const snapshotLimit = 4 << 20

// readLayout looks at a clone that nobody has touched.
func readLayout(ctx context.Context, keeper *pgx.Conn) (*layout, error) {
	l := &layout{}
	err := keeper.QueryRow(ctx, `SELECT
		NOT EXISTS (SELECT FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.reltablespace > 0 AND t.spcname <> 'pg_global')
			AND (SELECT t.spcname = 'pg_default' FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = current_database()),
		coalesce((SELECT array_agg(oid ORDER BY oid) FROM pg_class
			WHERE relnamespace IN ('pg_catalog'::regnamespace, to_regnamespace('information_schema')) AND relkind = 'r' AND NOT relisshared), '{}'),
		coalesce((SELECT array_agg(format('%I.%I', n.nspname, c.relname) ORDER BY c.oid)
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind = 'S' AND c.oid >= 16384), '{}')`).Scan(&l.Compact, &l.Catalogs, &l.Sequences)
	if err != nil {
		return nil, fmt.Errorf("look at the template's layout: %w", err)
	}
	if err := l.readTables(ctx, keeper); err != nil {
		return nil, fmt.Errorf("look at the template's tables: %w", err)
	}
	l.probe = probeSQL(l.Sequences)
	if l.Docile, err = docile(ctx, keeper); err != nil {
		return nil, fmt.Errorf("look at the template's functions: %w", err)
	}
	return l, nil
}

func (l *layout) readTables(ctx context.Context, keeper *pgx.Conn) error {
	rows, err := keeper.Query(ctx, `
		SELECT c.oid, format('%I.%I', n.nspname, c.relname),
			format('%I.%I (%s)', n.nspname, c.relname, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
				FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')),
			pg_relation_size(c.oid) > 0
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname <> 'information_schema'
		ORDER BY c.oid`)
	if err != nil {
		return err
	}
	l.Tables, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t tableLayout, err error) {
		var copied *string // NULL for a table without columns
		err = row.Scan(&t.OID, &t.Name, &copied, &t.Filled)
		if copied != nil {
			t.Copied = *copied
		}
		return t, err
	})
	if err != nil {
		return err
	}
	room := snapshotLimit
	for i := range l.Tables {
		if t := &l.Tables[i]; t.Filled {
			if err := t.snapshot(ctx, keeper, room); err != nil {
				return err
			}
			room -= len(t.Rows)
		}
	}
	return nil
}

// snapshot copies the table's rows out, as long as they are not more than room.
func (t *tableLayout) snapshot(ctx context.Context, keeper *pgx.Conn, room int) error {
	var size int
	if err := keeper.QueryRow(ctx, "SELECT pg_table_size($1::oid)", t.OID).Scan(&size); err != nil {
		return err
	}
	// Pages hold less than they are large; the exact length comes with the copy.
	if t.Large = size > room || t.Copied == ""; t.Large {
		return nil
	}
	var rows bytes.Buffer
	if _, err := keeper.PgConn().CopyTo(ctx, &rows, "COPY "+t.Copied+" TO STDOUT"); err != nil {
		return err
	}
	t.Rows = rows.Bytes()
	t.Filled = len(t.Rows) > 0
	return nil
}

// restore is run after the table was emptied.
func (t *tableLayout) restore(ctx context.Context, keeper *pgx.Conn) error {
	_, err := keeper.PgConn().CopyFrom(ctx, io.NopCloser(bytes.NewReader(t.Rows)), "COPY "+t.Copied+" FROM STDIN")
	return err
}

// probeSQL asks, in one query, for everything that a test can have changed.
//
// Postgres counts each row that is inserted, updated and deleted, in system
// catalogs as in tables, committed or not: DDL, grants, comments, large objects,
// statistics and extensions all end in a catalog row, so counters that have not
// moved are proof that there was none of it. Sequences are not counted and are
// read. What belongs to the whole server and not to the database (settings,
// roles, prepared transactions, slots) is compared as it is. Views on what the server
// is doing are passed by for the functions below them: their joins cost a new session
// more than all the rest.
func probeSQL(sequences []string) string {
	states := make([]string, len(sequences))
	for i, name := range sequences {
		states[i] = fmt.Sprintf("SELECT %d AS n, last_value, is_called FROM %s", i, name)
	}
	list := "NULL::int8[], NULL::bool[]"
	from := ""
	if len(states) > 0 {
		list = "array_agg(last_value ORDER BY n), array_agg(is_called ORDER BY n)"
		from = " FROM (" + strings.Join(states, " UNION ALL ") + ") s"
	}
	return `
SELECT
	(SELECT count(*) FROM pg_stat_get_activity(NULL) WHERE datid = d.oid AND pid NOT IN (pg_backend_pid(), $3)) AS others,
	(SELECT sum(pg_stat_get_tuples_inserted(c) + pg_stat_get_tuples_updated(c) + pg_stat_get_tuples_deleted(c))
		FROM unnest($1::oid[]) c)::int8 AS catalogs,
	(SELECT array_agg(pg_stat_get_tuples_inserted(t) + pg_stat_get_tuples_updated(t) + pg_stat_get_tuples_deleted(t) ORDER BY n)
		FROM unnest($2::oid[]) WITH ORDINALITY x(t, n)) AS tables,
	(SELECT sum(pg_stat_get_vacuum_count(t) + pg_stat_get_analyze_count(t) + pg_stat_get_autovacuum_count(t) + pg_stat_get_autoanalyze_count(t))
		FROM unnest($1::oid[] || $2::oid[]) t)::int8 AS maintained,
	concat_ws('|', d::text,
		(SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_db_role_setting s WHERE setdatabase IN (0, d.oid)),
		(SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_shdescription s WHERE classoid = 'pg_database'::regclass AND objoid = d.oid),
		(SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_shseclabel s WHERE classoid = 'pg_database'::regclass AND objoid = d.oid),
		(SELECT md5(string_agg(a::text, ',' ORDER BY oid)) FROM pg_authid a),
		(SELECT md5(string_agg(m::text, ',' ORDER BY m::text)) FROM pg_auth_members m),
		pg_stat_get_db_stat_reset_time(d.oid),
		(SELECT count(*) FROM pg_subscription WHERE subdbid = d.oid),
		(SELECT count(*) FROM pg_prepared_xact() WHERE dbid = d.oid),
		(SELECT count(*) FROM pg_get_replication_slots() WHERE datoid = d.oid)) AS outside,
	seq.*
FROM pg_database d, (SELECT ` + list + from + `) AS seq(last, called)
WHERE d.datname = current_database()`
}
