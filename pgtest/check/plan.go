package check

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/queryplan"
)

// Plan plans a query, without running it, and fails the test where its plan has not the
// shape that is asked for:
//
//	check.Plan(t, db, "select id from alerts where organization_id = $1 order by raised_at desc limit 50", org).
//		Uses("alerts_open_by_organization").NoSeqScan("alerts").NoSort()
//
// It asks what the indexes allow, not what is cheap on today's rows: scans from end to
// end and sorts are planned only where no index spares them, tables count as never
// analysed, and for Uses the table's other indexes are out of sight. So the answer is
// the same on an empty table, a full one, and with whatever statistics. Policies are
// those of db's role. A partition's index counts as its parent's.
//
// All of it happens in a transaction that is rolled back. It takes the superuser of a
// *pgtest.DB, or a db that is one; on any other handle the planner's statistics and
// all indexes are as they are. It costs about 10 ms, and the test's database is not
// reset for another test.
func Plan(t testing.TB, db seedbed.DB, sql string, args ...any) *QueryPlan {
	t.Helper()
	p := &QueryPlan{t: t, db: db, query: queryplan.Query{SQL: sql, Args: args}}
	err := catalog.CheckHandle(db)
	if err != nil {
		t.Fatalf("check.Plan: %v", err)
	}
	if p.shape, err = p.explain(t.Context(), ""); err != nil {
		t.Fatalf("check.Plan: %v\n%s", err, indented(sql))
	}
	return p
}

// QueryPlan is the shape of a query's plan. Each method fails the test where the plan is
// another one, and returns the plan for the next.
type QueryPlan struct {
	t     testing.TB
	db    seedbed.DB
	query queryplan.Query
	shape *queryplan.Shape
}

// Uses wants the index to find the rows: as a condition on it, or by an order that
// spares a sort where the query wants the first rows only.
func (p *QueryPlan) Uses(index string) *QueryPlan {
	p.t.Helper()
	shape, err := p.explain(p.t.Context(), index)
	switch {
	case err != nil:
		p.t.Errorf("check.Plan: %v\n%s", err, indented(p.query.SQL))
	case !shape.Uses(index) && !p.exists(index):
		p.t.Errorf("check.Plan: there is no index %s%s", index, p.nearIndex(shape, index))
	case !shape.Uses(index):
		p.fail(shape, fmt.Sprintf("%s does not find the rows", index),
			"an index whose leading columns are those that the query compares with =, then those that it sorts by; a partial index wants its condition in the query")
	}
	return p
}

// exists reports whether there is an index of that name, in any schema.
func (p *QueryPlan) exists(index string) (there bool) {
	err := p.db.QueryRow(p.t.Context(), "select exists (select from pg_catalog.pg_class where relkind in ('i', 'I') and relname = $1)", index).Scan(&there)
	return there || err != nil
}

// nearIndex is the end of an error: which index may have been meant or, where none resembles
// the name, which indexes the tables of the query have.
func (p *QueryPlan) nearIndex(shape *queryplan.Shape, index string) string {
	var names, ofTables []string
	err := p.db.QueryRow(p.t.Context(), `select coalesce(array_agg(c.relname::text), '{}') from pg_catalog.pg_class c
		join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('i', 'I') and n.nspname !~ '^pg_'`).Scan(&names)
	if err != nil {
		return ""
	}
	if near := catalog.Suggestion(index, names); near != "" {
		return near
	}
	err = p.db.QueryRow(p.t.Context(), `select coalesce(array_agg(i.relname::text order by i.relname), '{}') from pg_catalog.pg_index x
		join pg_catalog.pg_class i on i.oid = x.indexrelid join pg_catalog.pg_class c on c.oid = x.indrelid
		where c.relname = any($1)`, shape.Tables()).Scan(&ofTables)
	switch {
	case err != nil:
		return ""
	case len(ofTables) == 0:
		return "; the tables of the query have no index"
	}
	return "; the tables of the query have " + strings.Join(ofTables, ", ")
}

// NoSeqScan wants none of the tables to be read from end to end, by a sequential scan or
// through an index without a condition. Without names it is about all tables.
func (p *QueryPlan) NoSeqScan(tables ...string) *QueryPlan {
	p.t.Helper()
	if len(tables) == 0 {
		tables = p.shape.Tables()
	}
	for _, table := range tables {
		_, name, qualified := strings.Cut(table, ".")
		if !qualified {
			name = table
		}
		switch {
		case !p.shape.Reads(name):
			p.fail(p.shape, "the query does not read "+table, "name a table that it reads")
		case p.shape.Scans(name):
			p.fail(p.shape, table+" is read from end to end", "an index on the columns that the query compares, which leads with them")
		}
	}
	return p
}

// NoSort wants the rows to come in the order that the query asks for, without a sort.
func (p *QueryPlan) NoSort() *QueryPlan {
	p.t.Helper()
	if p.shape.Sorts() {
		p.fail(p.shape, "rows are sorted", "an index that leads with the columns compared with =, followed by those of ORDER BY, in its directions")
	}
	return p
}

// String is the plan as EXPLAIN writes it, without costs.
func (p *QueryPlan) String() string { return p.shape.Text }

func (p *QueryPlan) fail(shape *queryplan.Shape, what, fix string) {
	p.t.Helper()
	p.t.Errorf("check.Plan: %s\n%s\n\n  its plan, scans from end to end and sorts avoided where an index allows it:\n%s\n  fix: %s",
		what, indented(p.query.SQL), indented(shape.Text), fix)
}

// explain plans the query; index leaves only that one of its table's.
func (p *QueryPlan) explain(ctx context.Context, index string) (*queryplan.Shape, error) {
	q := p.query
	if err := p.db.QueryRow(ctx, "select current_user::text").Scan(&q.Role); err != nil {
		return nil, err
	}
	db, done, super, err := superuser(ctx, p.db)
	if err != nil {
		return nil, err
	}
	defer done()
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if super {
		q.Unanalysed, q.Index = true, index
	} else {
		q.Role = ""
	}
	return queryplan.Explain(ctx, tx, q)
}

// superuser is a handle that may change the catalog, where db has one.
func superuser(ctx context.Context, db seedbed.DB) (handle seedbed.DB, done func(), super bool, err error) {
	if has, ok := db.(interface {
		Superuser(context.Context) (*pgx.Conn, error)
	}); ok {
		conn, err := has.Superuser(ctx)
		if err != nil {
			return nil, nil, false, err
		}
		return conn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, true, nil
	}
	err = db.QueryRow(ctx, "select rolsuper from pg_catalog.pg_roles where rolname = current_user").Scan(&super)
	return db, func() {}, super, err
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
