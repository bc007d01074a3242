package template

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// An observation is something of a database that is compared after a test with what it
// was before. A difference means that the database is not reset but replaced.
type observation struct {
	what string // as in "… has changed"
	sql  string // an expression over d, the database's row in pg_database; $1: the catalogs, $2: the tables
	why  string
}

// observations is all that is looked at, beside what a reset puts back: the rows of
// tables, seen by each table's counters, and the state of sequences, which are read.
//
// Together they are enough because whatever a session can leave behind in a database is
// either a row of a table, a row of a system catalog, the state of a sequence, a
// number that VACUUM, ANALYZE or CREATE INDEX write in place, or one of the things
// below that live outside of it and name it. The counters are complete: Postgres counts
// each row that is inserted, updated or deleted, whether its transaction commits or
// not, and a session's counts are in when it has ended. Who could switch counting off
// (a superuser, a role that may set track_counts) is not given a database that is reset:
// see obstacles and Database.Expose. What all databases share is looked at in shared.go.
// Sessions, and with them settings, locks, temporary
// tables and LISTEN, end with the test.
//
// Expressions call the functions below the statistics views: the views' joins cost a
// new session more than everything else here.
var observations = []observation{
	{"the schema", `(SELECT sum(pg_stat_get_tuples_inserted(c) + pg_stat_get_tuples_updated(c) + pg_stat_get_tuples_deleted(c)) FROM unnest($1::oid[]) c)`,
		"DDL, grants, comments, policies, large objects, statistics, extensions, publications: each is a row of a system catalog"},
	{"what VACUUM or ANALYZE keep", `(SELECT sum(pg_stat_get_vacuum_count(t) + pg_stat_get_analyze_count(t) + pg_stat_get_autovacuum_count(t) + pg_stat_get_autoanalyze_count(t)) FROM unnest($1::oid[] || $2::oid[]) t)`,
		"they change plans, and write to pg_class in place, which is not counted"},
	{"the sizes that the planner knows", `(SELECT concat_ws(' ', sum(relpages), sum(reltuples), sum(relallvisible)) FROM pg_class)`,
		"the same, where VACUUM or CREATE INDEX did not get to its end"},
	{"the database's owner, grants or limits", `d::text`, "ALTER DATABASE and GRANT … ON DATABASE write to a catalog that all databases share"},
	{"a setting of the database", `(SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_db_role_setting s WHERE setdatabase = d.oid)`, "the same"},
	{"the database's comment", `(SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_shdescription s WHERE classoid = 'pg_database'::regclass AND objoid = d.oid)`, "the same"},
	{"the database's security label", `(SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_shseclabel s WHERE classoid = 'pg_database'::regclass AND objoid = d.oid)`, "the same"},
	{"the statistics", `pg_stat_get_db_stat_reset_time(d.oid)`, "counters that were reset prove nothing"},
	{"a subscription", `(SELECT count(*) FROM pg_subscription WHERE subdbid = d.oid)`, "it is the server's, and names the database"},
	{"a prepared transaction", `(SELECT count(*) FROM pg_prepared_xact() WHERE dbid = d.oid)`, "it holds locks, and may still commit"},
	{"a replication slot", `(SELECT count(*) FROM pg_get_replication_slots() WHERE datoid = d.oid)`, "it is the server's, and names the database"},
}

// A baseline is what the server said of a database when it was identical to its
// template.
type baseline struct {
	Observed []string
	Tables   []int64 // rows inserted, updated and deleted, by table of the plan
	Last     []int64 // by sequence of the plan
	Called   []bool

	otherSessions int64 // beside the admin connection
}

// observe asks the server for all of it, in one query.
func (p *resetPlan) observe(ctx context.Context, db *Database) (b baseline, err error) {
	err = db.admin.QueryRow(ctx, p.observeSQL(), p.Catalogs, p.tableOIDs()).Scan(&b.otherSessions, &b.Observed, &b.Tables, &b.Last, &b.Called)
	if err != nil {
		return b, fmt.Errorf("look at database %s: %w", db.Name, err)
	}
	return b, nil
}

func (p *resetPlan) observeSQL() string {
	p.once.Do(func() {
		var sql strings.Builder
		sql.WriteString("SELECT (SELECT count(*) FROM pg_stat_get_activity(NULL) WHERE datid = d.oid AND pid <> pg_backend_pid()),\n\tARRAY[")
		for i, o := range observations {
			if i > 0 {
				sql.WriteString(",\n\t")
			}
			fmt.Fprintf(&sql, "coalesce((%s)::text, '')", o.sql)
		}
		sql.WriteString(`],
	coalesce((SELECT array_agg(pg_stat_get_tuples_inserted(t) + pg_stat_get_tuples_updated(t) + pg_stat_get_tuples_deleted(t) ORDER BY n) FROM unnest($2::oid[]) WITH ORDINALITY x(t, n)), '{}'),
	`)
		sql.WriteString(sequenceStatesSQL(p.Sequences))
		sql.WriteString("\nFROM pg_database d WHERE d.datname = current_database()")
		p.sql = sql.String()
	})
	return p.sql
}

// sequenceStatesSQL is two expressions, the sequences' values and whether nextval has
// returned them.
func sequenceStatesSQL(sequences []string) string {
	if len(sequences) == 0 {
		return "'{}'::int8[], '{}'::bool[]"
	}
	var last, called []string
	for _, name := range sequences {
		last = append(last, "(SELECT last_value FROM "+name+")")
		called = append(called, "(SELECT is_called FROM "+name+")")
	}
	return "ARRAY[" + strings.Join(last, ", ") + "],\n\tARRAY[" + strings.Join(called, ", ") + "]"
}

// changes are the tables and sequences, by their places in the plan, that differ from
// the baseline.
type changes struct{ tables, sequences []int }

func (c changes) empty() bool { return len(c.tables)+len(c.sequences) == 0 }

// compare lists what has to be put back to get from now to the baseline b. It returns
// an error that says why, where that cannot be done.
func (p *resetPlan) compare(b, now baseline) (c changes, err error) {
	switch {
	case now.otherSessions > 0:
		return c, errors.New("a session is still open")
	case len(b.Observed) != len(now.Observed) || len(b.Tables) != len(now.Tables) || len(b.Last) != len(now.Last):
		return c, errors.New("the server's answer is incomplete")
	}
	for i, was := range b.Observed {
		if now.Observed[i] != was {
			return c, fmt.Errorf("%s has changed", observations[i].what)
		}
	}
	for i := range b.Tables {
		if now.Tables[i] != b.Tables[i] {
			c.tables = append(c.tables, i)
		}
	}
	for i := range b.Last {
		if now.Last[i] != b.Last[i] || now.Called[i] != b.Called[i] {
			c.sequences = append(c.sequences, i)
		}
	}
	return c, nil
}
