package rows

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
)

// writer sends the rows of a batch. As long as every key is known beforehand, that
// is one batch and one round trip; a key that Postgres chooses costs one more.
type writer struct {
	*batch
	db            seedbed.DB
	inTx          bool // within a transaction of the caller's: a savepoint guards it
	settings      map[string]string
	savedSettings map[string]bool
	insertSQL     map[string]string
}

// sentStatement is a statement on its way and what to do with its answer.
type sentStatement struct {
	table      string
	sql        string
	readAnswer func(pgx.Rows) error
}

func newWriter(b *batch, db seedbed.DB, inTx bool) *writer {
	return &writer{batch: b, db: db, inTx: inTx, settings: map[string]string{}, savedSettings: map[string]bool{}, insertSQL: map[string]string{}}
}

func (b *batch) write(ctx context.Context, db seedbed.DB) error {
	inTx, known := transactional(db)
	oneRoundTrip := b.fitsOneRoundTrip() && known
	if oneRoundTrip {
		return newWriter(b, db, inTx).run(ctx)
	}
	ran := false
	err := transact(ctx, db, func(tx pgx.Tx) error {
		err := newWriter(b, tx, true).run(ctx)
		ran = err == nil
		return err
	})
	if ran { // what is deferred speaks up at the commit
		return b.schema.explain("create", b.toWrite[len(b.toWrite)-1].table.name, err)
	}
	return err
}

// fitsOneRoundTrip reports whether one batch is enough: nothing waits for a key, and no hook
// wants to run inside the transaction.
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

// circleError says which row waits for a key that never comes.
func (w *writer) circleError() error {
	for _, r := range w.toWrite {
		if !r.sent {
			return fmt.Errorf("create %s: its references run in a circle of keys that only Postgres chooses, without a sequence", r.table.name)
		}
	}
	return nil
}

// drawFromSequences takes the number that a row waits for from its sequence beforehand: where
// references run in a circle, no row can be first. It reports whether there was one.
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

// round is one trip to the server and back.
type round struct {
	batch      pgx.Batch
	statements []sentStatement
}

func (r *round) add(table, sql string, args []any, read func(pgx.Rows) error) {
	r.batch.Queue(sql, args...)
	r.statements = append(r.statements, sentStatement{table, sql, read})
}

// exec is a statement whose answer does not matter.
func (r *round) exec(sql string, args ...any) { r.add("", sql, args, nil) }

// beginRound starts a round that leaves the caller's transaction usable if it fails.
func (w *writer) beginRound() *round {
	r := &round{}
	if w.inTx {
		r.exec("savepoint seedbed_factory")
	}
	return r
}

// endRound puts the session back as it was and sends the round.
func (w *writer) endRound(ctx context.Context, r *round, hasRLS bool) error {
	if w.inTx {
		w.restoreSession(hasRLS, r.exec)
		r.exec("release savepoint seedbed_factory")
	}
	return w.readAnswers(ctx, w.db.SendBatch(ctx, &r.batch), r.statements)
}

// flush sends all that is ready and reads the answers.
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
		w.setTenant(row, r.exec)
		sql, args, read := w.insertStatement(row)
		r.add(row.table.name, sql, args, read)
		row.sent = true
		n++
	}
	return n, w.endRound(ctx, r, hasRLS)
}

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

// savedSetting names the setting that keeps the old value of a setting.
func savedSetting(name string) string { return "seedbed.before_" + strings.ReplaceAll(name, ".", "_") }

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

// readAnswers takes the answers in turn. After an error the server has skipped the rest.
func (w *writer) readAnswers(ctx context.Context, results pgx.BatchResults, statements []sentStatement) error {
	var failed error
	for _, s := range statements {
		rows, err := results.Query()
		if err == nil && s.readAnswer != nil {
			err = s.readAnswer(rows)
		}
		if rows != nil {
			rows.Close()
			if err == nil {
				err = rows.Err()
			}
		}
		if err != nil {
			failed = w.schema.explain("create", orElse(s.table, "rows"), nameParameter(err, s.table, s.sql))
			break
		}
	}
	if err := results.Close(); failed == nil && err != nil {
		failed = w.schema.explain("create", orElse(statements[len(statements)-1].table, "rows"), err)
	}
	if failed != nil && w.inTx {
		_, err := w.db.Exec(context.WithoutCancel(ctx), "rollback to savepoint seedbed_factory; release savepoint seedbed_factory")
		if err != nil {
			return fmt.Errorf("%w (and the transaction could not be rolled back to where it was: %v)", failed, err)
		}
	}
	return failed
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// runAfterHooks run after all rows of the call are there, in the same transaction.
func (w *writer) runAfterHooks(ctx context.Context) error {
	for _, r := range w.toWrite {
		if err := r.storeAll(); err != nil {
			return err
		}
	}
	for _, r := range w.toWrite {
		for _, after := range r.definition.After {
			if err := after(ctx, w.db, r.value.Addr().Interface()); err != nil {
				return fmt.Errorf("after creating %s: %w", r.table.name, err)
			}
		}
	}
	return nil
}
