package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// bulkLoad carries a Plan out, in one transaction.
type bulkLoad struct {
	plan               Plan
	tx                 pgx.Tx
	schema             *schema
	scope              numberScope
	syntheticTenants   syntheticTenants
	now                time.Time              // the clock of generated values
	began              time.Time              // by the real clock, for Progress
	requested          []*tableBatch          // what the plan asks for
	order              []*tableBatch          // all tables, parents first: the order in which they are written
	batches            map[*table]*tableBatch // by table: those requested, and their parents and subtypes
	totalRows          int64                  // rows of all tables, for Progress
	writtenRows        int64                  // rows written so far, for Progress
	mayCopy            bool                   // row-level security does not stop COPY
	mayDisableTriggers bool                   // the plan and the role allow session_replication_role = replica
	hasRows            map[*table]bool        // which tables have rows already
	vocabularies       map[*table]vocabulary  // the words in those rows
	shortages          *shortages             // parents that earlier attempts ran out of
	inCallersTx        bool                   // tx is a savepoint in a transaction of the caller's
	transaction        string                 // id of this transaction; see writtenHereSQL
	// racesForParents says that existing rows became parents on exclusive references. Another
	// session may use the same rows meanwhile; the plan is then tried once more.
	racesForParents bool
	at              *table // being planned or written, for errors; nil: none
	report          Report
}

// run plans, writes and proves.
func (load *bulkLoad) run(ctx context.Context) error {
	load.batches, load.syntheticTenants = map[*table]*tableBatch{}, syntheticTenants{}
	if err := load.readVolumes(); err != nil {
		return err
	}
	before, err := load.becomeSeeder(ctx)
	if err != nil {
		return err
	}
	if err := load.planTables(ctx); err != nil {
		return err
	}
	if err := load.disableTriggers(ctx); err != nil {
		return err
	}
	for _, tb := range load.order {
		load.totalRows += tb.size
		if !tb.existing {
			load.report.Notes = append(load.report.Notes, tb.table.assumptions()...)
		}
	}
	start := time.Now()
	for _, tb := range load.order {
		load.at = tb.table
		if err := load.writeTable(ctx, tb); err != nil {
			return err
		}
		if !tb.existing {
			if err := load.computeGeneratedKeys(ctx, tb); err != nil {
				return err
			}
		}
		tb.written = true
	}
	if err := load.markTransaction(ctx); err != nil {
		return err
	}
	if err := load.setLateReferences(ctx); err != nil {
		return err
	}
	load.report.Write, load.at = time.Since(start), nil
	start = time.Now()
	if err := load.prove(ctx); err != nil {
		return err
	}
	load.report.Prove = time.Since(start)
	return load.restoreSession(ctx, before)
}

// newBatch returns a batch that makes rows of the load, with optional columns filled.
func (load *bulkLoad) newBatch() *batch {
	b := newBatch(load.schema, load.scope, load.now)
	b.fillOptional, b.vocabularies = true, load.vocabularies
	return b
}

// readVolumes checks the plan's volumes, each of them a table and a number of rows, and
// makes a tableBatch for each.
func (load *bulkLoad) readVolumes() error {
	for _, v := range load.plan.Volumes {
		t, err := load.schema.tableMadeBy(v.Definition)
		if err != nil {
			return err
		}
		if load.batches[t] != nil {
			return fmt.Errorf("%s is in the plan twice: ask for all its rows at once, or make two calls", t.name)
		}
		if v.N < 0 {
			return fmt.Errorf("%s: %d rows asked for", t.name, v.N)
		}
		if v.N == 0 {
			continue
		}
		load.at = t
		options, err := readOptions(load.schema, v.Options)
		if err != nil {
			return err
		}
		if err := load.checkBulk(t, v.Definition, options); err != nil {
			return err
		}
		tb := &tableBatch{table: t, definition: v.Definition, options: options, size: v.N, requested: true}
		load.batches[t] = tb
		load.requested = append(load.requested, tb)
		if err := load.inspectOverrides(tb); err != nil {
			return err
		}
	}
	return nil
}

// checkBulk refuses what a bulk load cannot do: a partitioned table without partitions,
// Has, and After hooks, unless the plan says WithoutHooks.
func (load *bulkLoad) checkBulk(t *table, def *Definition, options *callOptions) error {
	if err := t.checkPartitions(); err != nil {
		return err
	}
	if len(options.children) > 0 {
		return fmt.Errorf("%s: Has does not work in a plan; give the children a volume of their own", t.name)
	}
	if len(def.After) > 0 && !load.plan.WithoutHooks {
		return fmt.Errorf("%s: its factory's After hook does not run in a plan; use CreateN, "+
			"or say so with Plan{WithoutHooks: true}", t.name)
	}
	return nil
}

// planTables decides what is made: the volumes, the parents that they need, in which order,
// and how many rows each tenant gets.
func (load *bulkLoad) planTables(ctx context.Context) error {
	if err := load.restrictTenant(); err != nil {
		return err
	}
	for _, tb := range load.requested {
		load.at = tb.table
		if err := load.addParents(ctx, tb, nil); err != nil {
			return err
		}
	}
	load.at = nil
	var err error
	if load.hasRows, err = load.findTablesWithRows(ctx); err != nil {
		return err
	}
	if err := load.readVocabularies(ctx); err != nil {
		return err
	}
	if err := load.schema.advanceSequences(ctx, load.tx, load.tablesWithRows()); err != nil {
		return err
	}
	if err := load.takeNumbers(ctx); err != nil {
		return err
	}
	for _, tb := range load.order {
		load.at = tb.table
		if err := load.requestParentKeys(tb); err != nil {
			return err
		}
	}
	for _, tb := range load.order {
		load.at = tb.table
		if err := load.distribute(ctx, tb); err != nil {
			return err
		}
	}
	load.at = nil
	return nil
}

// takeNumbers takes the row numbers of the rows that will be made. Numbers whose unique
// values the database has are skipped.
func (load *bulkLoad) takeNumbers(ctx context.Context) error {
	var searches []*takenSearch
	for _, tb := range load.order {
		if tb.existing || tb.baseBatch != nil {
			continue
		}
		load.at = tb.table
		if err := load.checkKeySpace(ctx, tb); err != nil {
			return err
		}
		if load.hasRows[tb.table] {
			searches = append(searches, &takenSearch{table: tb.table, definition: tb.definition, discriminators: tb.discriminators(), n: tb.size})
		}
	}
	load.at = nil
	b := load.newBatch()
	if err := b.skipTakenNumbers(ctx, load.tx, searches); err != nil {
		return err
	}
	for _, tb := range load.order {
		if !tb.existing && tb.baseBatch == nil {
			tb.firstNumber = load.scope.reserve(tb.table, tb.size)
		}
	}
	return nil
}

// tablesWithRows returns the tables that the plan writes and that have rows already.
func (load *bulkLoad) tablesWithRows() []*catalog.Relation {
	var out []*catalog.Relation
	for _, tb := range load.order {
		if !tb.existing && load.hasRows[tb.table] {
			out = append(out, tb.table.relation)
		}
	}
	return out
}

// findTablesWithRows finds out which tables that will be written have rows, in one round trip.
func (load *bulkLoad) findTablesWithRows(ctx context.Context) (map[*table]bool, error) {
	var tables []*table
	var each []string
	for _, tb := range load.order {
		if !tb.existing {
			tables = append(tables, tb.table)
			each = append(each, "exists (select from "+tb.table.relation.Ident()+")")
		}
	}
	out := map[*table]bool{}
	if len(tables) == 0 {
		return out, nil
	}
	var there []bool
	if err := load.tx.QueryRow(ctx, "select array["+strings.Join(each, ", ")+"]").Scan(&there); err != nil {
		return nil, err
	}
	for i, t := range tables {
		out[t] = there[i]
	}
	return out, nil
}

// reachableTables lists the tables that a plan may write or read: what was asked for, what
// that references, and subtypes.
func (load *bulkLoad) reachableTables() []*table {
	var out []*table
	for _, tb := range load.requested {
		out = append(out, tb.table)
	}
	for i := 0; i < len(out); i++ {
		for _, ref := range out[i].references {
			if !slices.Contains(out, ref.parent) {
				out = append(out, ref.parent)
			}
		}
		inherits, _ := load.schema.model.Inherits(out[i].name)
		for _, sub := range inherits.Subtypes {
			if t, err := load.schema.table(sub.Table); err == nil && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// sessionState is the caller's role and session_replication_role, which the load
// restores at its end.
type sessionState struct{ role, replicationRole string }

// becomeSeeder takes the seeder's role where row-level security would block COPY or hide
// parents, and notes what the role may do.
func (load *bulkLoad) becomeSeeder(ctx context.Context) (sessionState, error) {
	var old sessionState
	err := load.tx.QueryRow(ctx, `select current_setting('role'), current_setting('session_replication_role')`).Scan(&old.role, &old.replicationRole)
	if err != nil {
		return old, err
	}
	var rlsTables []string
	for _, t := range load.reachableTables() {
		if t.relation.RLS {
			rlsTables = append(rlsTables, t.relation.Ident())
		}
	}
	if len(rlsTables) > 0 {
		sql, args := BecomeSeederSQL(ToWriteIfRowSecurity, rlsTables)
		if _, err := load.tx.Exec(ctx, sql, args...); err != nil {
			return old, fmt.Errorf("take the role %s: %w", SeederRole, err)
		}
	}
	err = load.tx.QueryRow(ctx, `select not exists (select from unnest($1::text[]) t where row_security_active(t)),
 has_parameter_privilege('session_replication_role', 'SET')`, rlsTables).Scan(&load.mayCopy, &load.mayDisableTriggers)
	load.mayDisableTriggers = load.mayDisableTriggers && !load.plan.Triggers
	return old, err
}

// disableTriggers disables row triggers and foreign-key checks where the role may.
func (load *bulkLoad) disableTriggers(ctx context.Context) error {
	load.report.Triggers = !load.mayDisableTriggers
	if !load.mayDisableTriggers {
		return nil
	}
	_, err := load.tx.Exec(ctx, `set local session_replication_role = replica`)
	return err
}

// restoreSession resets role and session_replication_role for a caller whose transaction
// continues.
func (load *bulkLoad) restoreSession(ctx context.Context, old sessionState) error {
	if !load.report.Triggers {
		if _, err := load.tx.Exec(ctx, `select set_config('session_replication_role', $1, true)`, old.replicationRole); err != nil {
			return err
		}
	}
	_, err := load.tx.Exec(ctx, `select set_config('role', $1, true)`, old.role)
	return err
}

// progress tells the caller how far tb is (Done of Rows), and the plan (All of Total).
func (load *bulkLoad) progress(tb *tableBatch, stage Stage, done int64) {
	if load.plan.Progress != nil {
		load.plan.Progress(Progress{Table: tb.table.name, Stage: stage, Done: done, Rows: tb.size, Total: load.totalRows,
			All: load.writtenRows + done, Time: time.Since(load.began)})
	}
}
