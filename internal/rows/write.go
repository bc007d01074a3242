package rows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// writer inserts the rows of a batch. Where all keys are known beforehand it takes one
// round trip; each time that rows wait for keys which Postgres chooses, one more.
type writer struct {
	*batch
	db            seedbed.DB
	inTx          bool              // db is in a transaction: each round trip gets a savepoint
	settings      map[string]string // tenant settings that this round trip has set
	savedSettings map[string]bool   // names of settings whose old value the session has saved
	insertSQL     map[string]string // statements, by table and the columns that are set
}

// sentStatement is a queued statement. readAnswer reads the rows it returns; nil: none are
// read.
type sentStatement struct {
	table      string
	row        *row // of an INSERT
	sql        string
	readAnswer func(pgx.Rows) error
}

func newWriter(b *batch, db seedbed.DB, inTx bool) *writer {
	return &writer{batch: b, db: db, inTx: inTx, settings: map[string]string{}, savedSettings: map[string]bool{}, insertSQL: map[string]string{}}
}

// write inserts the rows of the batch: all of them or none.
func (b *batch) write(ctx context.Context, db seedbed.DB) error {
	b.orderWrites()
	if inTx, known := transactional(db); known && b.fitsOneRoundTrip() {
		return newWriter(b, db, inTx).run(ctx)
	}
	inserted := false
	err := transact(ctx, db, func(tx pgx.Tx) error {
		err := newWriter(b, tx, true).run(ctx)
		inserted = err == nil
		return err
	})
	if inserted { // an error of the COMMIT: a deferred constraint
		return b.schema.explain("create", b.toWrite[len(b.toWrite)-1].table.name, err)
	}
	return err
}

// orderWrites puts each row after the parents that foreign keys check at once. Rows are
// resolved parents first, which differs only where references run in a circle.
func (b *batch) orderWrites() {
	ordered := make([]*row, 0, len(b.toWrite))
	seen := make(map[*row]bool, len(b.toWrite))
	var visit func(r *row)
	visit = func(r *row) {
		if seen[r] {
			return
		}
		seen[r] = true
		for _, parent := range r.writtenAfter {
			visit(parent)
		}
		ordered = append(ordered, r)
	}
	for _, r := range b.toWrite {
		visit(r)
	}
	b.toWrite = ordered
}

// fitsOneRoundTrip reports whether no row waits for a key that Postgres chooses, and no
// After hook has to run inside the transaction. The implicit transaction of one pgx.Batch
// then suffices.
func (b *batch) fitsOneRoundTrip() bool {
	for _, r := range b.toWrite {
		if len(r.definition.After) > 0 {
			return false
		}
		for _, v := range r.values {
			if _, waits := v.(pending); waits {
				return false
			}
		}
	}
	return true
}

// run inserts all rows, a round trip for each set of rows whose keys are known, and calls
// the After hooks.
func (w *writer) run(ctx context.Context) error {
	for first := true; first || slices.ContainsFunc(w.toWrite, func(r *row) bool { return !r.sent }); first = false {
		n, err := w.flush(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if there, err := w.drawFromSequences(ctx); err != nil || !there {
			return errors.Join(err, w.circleError())
		}
	}
	return w.runAfterHooks(ctx)
}

// circleError names the first row whose keys never become known.
func (w *writer) circleError() error {
	for _, r := range w.toWrite {
		if !r.sent {
			return fmt.Errorf("create %s: its references run in a circle of keys that only Postgres chooses, without a sequence", r.table.name)
		}
	}
	return nil
}

// drawFromSequences draws, ahead of the INSERT, a key that another row waits for from its
// sequence: where references run in a circle, no row can be inserted first. It returns
// false where no such key has a sequence.
func (w *writer) drawFromSequences(ctx context.Context) (bool, error) {
	for _, r := range w.toWrite {
		for _, v := range r.values {
			p, waits := v.(pending)
			if !waits || r.sent || p.row.isSet[p.column] {
				continue
			}
			c := p.row.table.columns[p.column]
			var number *int64
			err := w.db.QueryRow(ctx, `select nextval(pg_get_serial_sequence($1, $2))`, c.Table.Ident(), c.name).Scan(&number)
			if err != nil || number == nil {
				return false, err
			}
			p.row.values[p.column], p.row.isSet[p.column] = *number, true
			return true, p.row.storeField(p.column, *number)
		}
	}
	return false, nil
}

// round is the statements of one round trip.
type round struct {
	batch      pgx.Batch
	statements []sentStatement
}

func (r *round) add(s sentStatement, args []any) {
	r.batch.Queue(s.sql, args...)
	r.statements = append(r.statements, s)
}

// exec adds a statement whose answer is not read.
func (r *round) exec(sql string, args ...any) { r.add(sentStatement{sql: sql}, args) }

// beginRound starts a round trip. In a transaction it sets a savepoint, so that a failure
// leaves the caller's transaction usable.
func (w *writer) beginRound() *round {
	r := &round{}
	if w.inTx {
		r.exec("savepoint seedbed_factory")
	}
	return r
}

// endRound restores the session, sends the round trip and reads the answers.
func (w *writer) endRound(ctx context.Context, r *round, hasRLS bool) error {
	if w.inTx {
		w.restoreSession(hasRLS, r.exec)
		r.exec("release savepoint seedbed_factory")
	}
	return w.readAnswers(ctx, w.db.SendBatch(ctx, &r.batch), r)
}

// flush inserts, in one round trip, the rows whose keys are known, up to the first one that
// waits. It returns their number.
func (w *writer) flush(ctx context.Context) (n int, err error) {
	r, hasRLS := w.beginRound(), w.hasRowSecurity()
	if hasRLS {
		w.queueSeederRole(r.exec)
	}
	for _, row := range w.toWrite {
		if row.sent {
			continue
		}
		if !row.fillPending() {
			break
		}
		for i, c := range row.table.columns {
			if row.isSet[i] {
				if err := row.table.checkStorable(c, row.values[i]); err != nil {
					return 0, fmt.Errorf("create %s: %w", row.table.name, err)
				}
			}
		}
		w.setTenant(row, r.exec)
		sql, args, read := w.insertStatement(row)
		r.add(sentStatement{row.table.name, row, sql, read}, args)
		row.sent = true
		n++
	}
	return n, w.endRound(ctx, r, hasRLS)
}

// setTenant queues the settings that the policies of r's table read the tenant from. In a
// transaction it first saves the old values in settings of our own.
func (w *writer) setTenant(r *row, queue func(string, ...any)) {
	settings := r.tenantSettings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if w.settings[name] == settings[name] {
			continue
		}
		if w.inTx && !w.savedSettings[name] {
			queue(`select set_config($1, coalesce(current_setting($2, true), ''), true)`, savedSetting(name), name)
		}
		w.settings[name], w.savedSettings[name] = settings[name], true
		queue(`select set_config($1, $2, true)`, name, settings[name])
	}
}

// savedSetting names the setting that keeps a setting's old value.
func savedSetting(name string) string { return "seedbed.before_" + strings.ReplaceAll(name, ".", "_") }

// restoreSession queues going back to the role and the settings of the caller's
// transaction.
func (w *writer) restoreSession(hasRLS bool, queue func(string, ...any)) {
	if hasRLS {
		queue(RestoreRoleSQL)
	}
	for _, name := range slices.Sorted(maps.Keys(w.savedSettings)) {
		queue(`select set_config($1, coalesce(current_setting($2, true), ''), true)`, name, savedSetting(name))
	}
	clear(w.savedSettings)
	clear(w.settings)
}

// readAnswers reads the answers in order, until an error: the server has skipped the
// statements after it.
func (w *writer) readAnswers(ctx context.Context, results pgx.BatchResults, sent *round) error {
	var failed error
	for i, s := range sent.statements {
		rows, err := results.Query()
		if err == nil && s.readAnswer != nil {
			err = s.readAnswer(rows)
		}
		if rows != nil {
			rows.Close()
			err = cmp.Or(err, rows.Err())
		}
		if err != nil {
			err = w.schema.nameParameter(err, s.table, s.sql)
			if t, _ := w.schema.table(s.table); t != nil {
				err = t.nameTooLong(err, s.sql, sent.batch.QueuedQueries[i].Arguments)
			}
			failed = w.schema.explain("create", cmp.Or(s.table, "rows"), err)
			if note := w.madeUpBeside(s.row, err); note != "" {
				failed = fmt.Errorf("%w\n  %s", failed, note)
			}
			break
		}
	}
	if err := results.Close(); failed == nil && err != nil {
		failed = w.schema.explain("create", cmp.Or(sent.statements[len(sent.statements)-1].table, "rows"), err)
	}
	if failed != nil && w.inTx {
		_, err := w.db.Exec(context.WithoutCancel(ctx), "rollback to savepoint seedbed_factory; release savepoint seedbed_factory")
		if err != nil {
			return fmt.Errorf("%w (and the transaction could not be rolled back to where it was: %v)", failed, err)
		}
	}
	return failed
}

// runAfterHooks writes all values back into the structs, then calls the After hooks, in the
// same transaction.
func (w *writer) runAfterHooks(ctx context.Context) error {
	for _, r := range w.toWrite {
		if err := r.storeAll(); err != nil {
			return err
		}
	}
	for _, r := range w.toWrite {
		for _, after := range r.definition.After {
			if err := after(ctx, w.db, r.structValue.Addr().Interface()); err != nil {
				return fmt.Errorf("after creating %s: %w", r.table.name, err)
			}
		}
	}
	return nil
}
