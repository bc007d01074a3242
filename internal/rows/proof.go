package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ProofError says which constraint the rows of a Plan would have broken. Nothing of
// the plan is kept.
type ProofError struct {
	Table      string
	Constraint string // the name, or what the Model calls it
	Definition string
	Rows       int64    // that break it
	Sample     []string // a few of them
}

func (e *ProofError) Error() string {
	text := fmt.Sprintf("%d rows of %s break %s, %s:\n  %s", e.Rows, e.Table, e.Constraint, e.Definition, strings.Join(e.Sample, "\n  "))
	if strings.HasPrefix(e.Definition, "FOREIGN KEY") {
		text += "\n  no row has the key that they reference: " + outOfParent.inGo
	}
	return text
}

// prove checks what COPY did not: with triggers off, foreign keys and deferred keys;
// always, what only the Model declares. CHECK, NOT NULL and unique indexes held when each
// row was written. One round trip proves all tables: a query for each, over the rows of
// this transaction, with a hash join for each reference.
func (load *bulkLoad) prove(ctx context.Context) error {
	var queries pgx.Batch
	var tables []*tableBatch
	queries.Queue(`set local enable_nestloop = off`)
	queries.Queue(`set local enable_mergejoin = off`)
	queries.Queue(`set local work_mem = '64MB'`)
	for _, tb := range load.order {
		if tb.existing || tb.size == 0 {
			continue
		}
		tables = append(tables, tb)
		load.queueProof(&queries, tb)
	}
	for _, setting := range []string{"enable_nestloop", "enable_mergejoin", "work_mem"} {
		queries.Queue("set local " + setting + " to default")
	}
	broken, err := load.readProof(ctx, &queries, tables)
	if err != nil {
		return err
	}
	for _, tb := range broken {
		for _, claim := range load.claims(tb) {
			if err := load.findViolations(ctx, tb, claim); err != nil {
				return err
			}
		}
	}
	return nil
}

// claims returns the claims about a table that Postgres has not checked.
func (load *bulkLoad) claims(tb *tableBatch) []Claim {
	all := slices.DeleteFunc(Claims(tb.table.graphTable), func(c Claim) bool { return c.Checked && load.report.Triggers })
	return append(all, tb.tenantClaims()...)
}

// queueProof queues the query whether a row of the batch breaks a claim.
func (load *bulkLoad) queueProof(queries *pgx.Batch, tb *tableBatch) {
	var from, broken []string
	claims := load.claims(tb)
	for i, claim := range claims {
		switch {
		case claim.parent == "":
			broken = append(broken, "("+claim.Broken()+")")
		default: // an outer join, so that one pass over the rows checks all references
			p := fmt.Sprintf("p%d", i)
			from = append(from, fmt.Sprintf(" left join %s %s on %s and %s", claim.parent, p, claim.appliesSQL, claim.matchSQL(p)))
			broken = append(broken, fmt.Sprintf("%s and %s.ctid is null", claim.appliesSQL, p))
		}
	}
	load.report.Proven += len(claims)
	if len(broken) == 0 {
		queries.Queue("select false")
		return
	}
	nestloop := slices.ContainsFunc(claims, func(c Claim) bool { return c.needsIndex })
	if nestloop {
		queries.Queue("set local enable_nestloop = on")
	}
	queries.Queue(fmt.Sprintf("select exists (select from %s c%s where %s and (%s))", tb.table.relation.Ident(), strings.Join(from, ""), load.writtenHereSQL("c"), strings.Join(broken, " or ")))
	if nestloop {
		queries.Queue("set local enable_nestloop = off")
	}
}

// readProof returns the batches whose rows break a claim.
func (load *bulkLoad) readProof(ctx context.Context, queries *pgx.Batch, tables []*tableBatch) (broken []*tableBatch, err error) {
	results := load.tx.SendBatch(ctx, queries)
	defer results.Close()
	next := 0
	for _, q := range queries.QueuedQueries {
		if strings.HasPrefix(q.SQL, "set local") {
			if _, err := results.Exec(); err != nil {
				return nil, err
			}
			continue
		}
		tb := tables[next]
		next++
		load.progress(tb, Proving, 0)
		var isBroken bool
		if err := results.QueryRow().Scan(&isBroken); err != nil {
			return nil, fmt.Errorf("prove %s: %w", tb.table.name, err)
		}
		if isBroken {
			broken = append(broken, tb)
		}
		load.progress(tb, Proving, tb.size)
	}
	return broken, results.Close()
}

// markTransaction prepares the condition for the rows of this transaction; earlier rows
// were proven when they were written. In a savepoint rows have transaction ids of their
// own, which are later than the transaction's. So do rows that other sessions have
// committed since: they are then proven, too.
func (load *bulkLoad) markTransaction(ctx context.Context) error {
	var xid string
	if err := load.tx.QueryRow(ctx, `select pg_current_xact_id()::xid::text`).Scan(&xid); err != nil {
		return err
	}
	load.transaction = xid
	return nil
}

// writtenHereSQL is the condition that this transaction wrote the row with an alias.
func (load *bulkLoad) writtenHereSQL(alias string) string {
	if load.inCallersTx {
		return fmt.Sprintf("age(%s.xmin) <= age('%s'::xid)", alias, load.transaction)
	}
	return fmt.Sprintf("%s.xmin = '%s'::xid", alias, load.transaction)
}

// findViolations returns a *ProofError with the number of rows that break a claim, and
// three of them; nil where none do.
func (load *bulkLoad) findViolations(ctx context.Context, tb *tableBatch, claim Claim) error {
	where := load.writtenHereSQL("c") + " and " + claim.Broken()
	var n int64
	if err := load.tx.QueryRow(ctx, fmt.Sprintf("select count(*) from %s c where %s", tb.table.relation.Ident(), where)).Scan(&n); err != nil || n == 0 {
		return err
	}
	rows, err := load.tx.Query(ctx, fmt.Sprintf("select c::text from %s c where %s limit 3", tb.table.relation.Ident(), where))
	if err != nil {
		return err
	}
	sample, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	load.at = tb.table
	return &ProofError{Table: tb.table.name, Constraint: claim.Name, Definition: claim.Definition, Rows: n, Sample: slices.Clip(sample)}
}
