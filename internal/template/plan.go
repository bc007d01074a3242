package template

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// A resetPlan is what a reset of a template's databases compares and puts back. Object
// identifiers are the same in all of them. It is made with the template and kept in the
// registry.
type resetPlan struct {
	Obstacle  string   // why databases of this template are never reset; "" is nothing
	Catalogs  []uint32 // the system catalogs that belong to one database
	Tables    []planTable
	Sequences []string // quoted

	once sync.Once
	sql  string
}

type planTable struct {
	OID      uint32
	Name     string // quoted
	Filled   bool
	Columns  string   // quoted, without generated ones: what COPY takes
	Rows     []byte   // in COPY's text format
	Sum      [32]byte // of all columns' values, in their order on the disk
	Obstacle string   // why its rows cannot be put back; "" where they can
	Relation []relationSize
}

// relationSize is how large a table, its TOAST table or one of its indexes may become
// in a database that is used again.
type relationSize struct {
	OID  uint32
	Most int64 // pages
}

// An obstacle is something in a schema with which a reset would run user code, leave a
// trace, or not see what a test has done.
type obstacle struct{ what, sql, why string }

// obstacles are looked for in the finished template. What a test adds is a change of
// the schema.
var obstacles = []obstacle{
	{"a trigger that is enabled ALWAYS or REPLICA", `EXISTS (SELECT FROM pg_trigger WHERE tgenabled IN ('A', 'R'))`,
		"it would fire when rows are put back"},
	{"a rule that is enabled ALWAYS or REPLICA", `EXISTS (SELECT FROM pg_rewrite WHERE ev_enabled IN ('A', 'R'))`,
		"it would rewrite the statements that put rows back"},
	{"an event trigger", `EXISTS (SELECT FROM pg_event_trigger)`,
		"one for logins runs with each new session"},
	{"a publication or subscription", `EXISTS (SELECT FROM pg_publication) OR EXISTS (SELECT FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
		"the rows that are put back would be published, or are refused for lack of a replica identity"},
	{"a table with another access method than heap", `EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.relkind IN ('r', 'm') AND a.amname <> 'heap')`,
		"what it counts is its own affair"},
	{"an extension that may keep something outside of tables", `EXISTS (SELECT FROM pg_extension WHERE extname <> ALL ('{` + plainExtensions + `}'))`,
		"memory of the server, files and background workers are not reset"},
	{"a SECURITY DEFINER function of a superuser", `EXISTS (SELECT FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
		WHERE p.prosecdef AND r.rolsuper AND p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))`,
		"it could switch the counters off"},
	{"a role that may set track_counts", `EXISTS (SELECT FROM pg_parameter_acl WHERE parname = 'track_counts')`,
		"it could switch the counters off"},
}

// plainExtensions keep all that they know in tables, or nothing at all.
const plainExtensions = `plpgsql,pgcrypto,citext,uuid-ossp,pg_trgm,hstore,btree_gin,btree_gist,ltree,unaccent,fuzzystrmatch,intarray,cube,seg,isn,vector,earthdistance,` +
	`tablefunc,intagg,dict_int,dict_xsyn,lo,moddatetime,autoinc,insert_username,refint,tcn,tsm_system_rows,tsm_system_time,xml2,sslinfo,` +
	`amcheck,pageinspect,pgrowlocks,pgstattuple,pg_buffercache,pg_freespacemap,pg_visibility,postgres_fdw,file_fdw,dblink,bloom,postgis,pgtap,ip4r,semver,pg_uuidv7`

// readPlan looks at a finished template from inside.
func readPlan(ctx context.Context, conn *pgx.Conn) (p *resetPlan, err error) {
	p = &resetPlan{}
	for _, o := range obstacles {
		var there bool
		if err := conn.QueryRow(ctx, "SELECT "+o.sql).Scan(&there); err != nil {
			return p, fmt.Errorf("look for %s: %w", o.what, err)
		}
		if there {
			p.Obstacle = fmt.Sprintf("the schema has %s: %s", o.what, o.why)
			return p, nil
		}
	}
	err = conn.QueryRow(ctx, `SELECT
		coalesce((SELECT array_agg(oid ORDER BY oid) FROM pg_class
			WHERE relnamespace IN ('pg_catalog'::regnamespace, to_regnamespace('information_schema')) AND relkind = 'r' AND NOT relisshared), '{}'),
		coalesce((SELECT array_agg(format('%I.%I', n.nspname, c.relname) ORDER BY c.oid)
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind = 'S' AND c.oid >= 16384), '{}')`).Scan(&p.Catalogs, &p.Sequences)
	if err != nil {
		return p, fmt.Errorf("list the catalogs and sequences: %w", err)
	}
	if err := settleSequences(ctx, conn, p.Sequences); err != nil {
		return p, fmt.Errorf("settle the sequences: %w", err)
	}
	if p.Tables, err = readTables(ctx, conn); err != nil {
		return p, fmt.Errorf("read the tables: %w", err)
	}
	return p, nil
}

// settleSequences makes a sequence forget how many values it has logged ahead, as
// setval does when it is reset: new and reset ones look the same.
func settleSequences(ctx context.Context, conn *pgx.Conn, sequences []string) error {
	for _, name := range sequences {
		if _, err := conn.Exec(ctx, fmt.Sprintf("SELECT setval(%s::regclass, last_value, is_called) FROM %s", literal(name), name)); err != nil {
			return err
		}
	}
	return nil
}

// A relation may have as many pages as the planner takes to be as good as none.
//
// For a table that was never vacuumed or analyzed that is ten. An index whose table is
// empty has no page for entries; the first row of any test makes one. Everything else
// may have the pages it has in the template: more would be other plans.
const tablesSQL = `
SELECT c.oid, format('%I.%I', n.nspname, c.relname), pg_relation_size(c.oid) > 0,
	coalesce((SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute a
		WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''), ''),
	EXISTS (
		SELECT FROM pg_depend d WHERE (d.refclassid = 'pg_proc'::regclass OR d.refclassid = 'pg_operator'::regclass) AND d.refobjid >= 16384
			AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e')
			AND (d.classid = 'pg_class'::regclass AND (d.objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = c.oid) OR d.objid IN (SELECT pg_partition_ancestors(c.oid)))
				OR d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = c.oid)
				OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = c.oid OR contypid <> 0))),
	(SELECT array_agg(r ORDER BY r) FROM (
		SELECT c.oid UNION ALL SELECT nullif(c.reltoastrelid, 0) UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid IN (c.oid, nullif(c.reltoastrelid, 0))) x(r) WHERE r IS NOT NULL),
	(SELECT array_agg(most ORDER BY r) FROM (
		SELECT r.oid, CASE
			WHEN r.relkind = 'i' AND pg_relation_size(c.oid) = 0 THEN pg_relation_size(r.oid) / s.page + 1
			WHEN r.relkind <> 'i' AND r.reltuples < 0 AND NOT r.relhassubclass THEN greatest(10, pg_relation_size(r.oid) / s.page)
			ELSE pg_relation_size(r.oid) / s.page END
		FROM pg_class r, (SELECT current_setting('block_size')::int8) s(page)
		WHERE r.oid IN (c.oid, nullif(c.reltoastrelid, 0)) OR r.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (c.oid, nullif(c.reltoastrelid, 0)))) x(r, most))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.oid >= 16384 AND n.nspname <> 'information_schema'
ORDER BY c.oid`

func readTables(ctx context.Context, conn *pgx.Conn) ([]planTable, error) {
	rows, err := conn.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t planTable, err error) {
		var code bool
		var relations []uint32
		var most []int64
		err = row.Scan(&t.OID, &t.Name, &t.Filled, &t.Columns, &code, &relations, &most)
		for i := range relations {
			t.Relation = append(t.Relation, relationSize{relations[i], most[i]})
		}
		switch {
		case t.Filled && t.Columns == "":
			t.Obstacle = "it has no column that COPY could write"
		case t.Filled && code:
			t.Obstacle = "its constraints, indexes or generated columns call functions of the schema"
		}
		return t, err
	})
	if err != nil {
		return nil, err
	}
	room := snapshotLimit
	for i := range tables {
		if t := &tables[i]; t.Filled && t.Obstacle == "" {
			if err := t.snapshot(ctx, conn, room); err != nil {
				return nil, err
			}
			room -= len(t.Rows)
		}
	}
	return tables, nil
}

// snapshotLimit bounds the rows of a template that each process keeps in memory to put
// them back, in bytes. A database in which a table beyond it has changed is dropped.
const snapshotLimit = 4 << 20

// snapshot copies the table's rows out, as long as they are not more than room.
func (t *planTable) snapshot(ctx context.Context, conn *pgx.Conn, room int) error {
	var size int
	if err := conn.QueryRow(ctx, "SELECT pg_table_size($1::oid)", t.OID).Scan(&size); err != nil {
		return err
	}
	// Pages hold less than they are large. The exact length comes with the copy.
	if size > room {
		t.Obstacle = "it is too large to keep a copy of"
		return nil
	}
	var rows bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &rows, fmt.Sprintf("COPY %s (%s) TO STDOUT", t.Name, t.Columns)); err != nil {
		return err
	}
	t.Rows = rows.Bytes()
	t.Filled = len(t.Rows) > 0
	var err error
	t.Sum, err = t.sum(ctx, conn)
	return err
}

// sum identifies the table's rows with all their columns, in their order on the disk.
func (t *planTable) sum(ctx context.Context, conn *pgx.Conn) (sum [32]byte, err error) {
	h := sha256.New()
	_, err = conn.PgConn().CopyTo(ctx, h, "COPY (SELECT * FROM ONLY "+t.Name+") TO STDOUT")
	return [32]byte(h.Sum(nil)), err
}

func (p *resetPlan) tableOIDs() []uint32 {
	oids := make([]uint32, len(p.Tables))
	for i, t := range p.Tables {
		oids[i] = t.OID
	}
	return oids
}

// Table is a table of a template, and the rows that all its databases begin with.
type Table struct {
	Name         string // quoted, with its schema
	Columns      string // quoted, without generated ones: what COPY takes
	Rows         []byte // in COPY's text format
	RowsComplete bool   // Rows holds every row of the table; false where they were not copied
}

// Tables lists the template's tables. It is empty when databases of this template are
// never reset: their rows are not read then.
func (t *Template) Tables() []Table {
	tables := make([]Table, len(t.plan.Tables))
	for i, p := range t.plan.Tables {
		// An empty table's rows are known even where they could not be put back.
		tables[i] = Table{p.Name, p.Columns, p.Rows, !p.Filled || p.Obstacle == ""}
	}
	return tables
}
