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
	db       seedbed.DB
	inTx     bool // within a transaction of the caller's: a savepoint guards it
	settings map[string]string
	touched  map[string]bool
	sql      map[string]string
}

// sentStatement is a statement on its way and what to do with its answer.
type sentStatement struct {
	table string
	sql   string
	read  func(pgx.Rows) error
}

func newWriter(b *batch, db seedbed.DB, inTx bool) *writer {
	return &writer{batch: b, db: db, inTx: inTx, settings: map[string]string{}, touched: map[string]bool{}, sql: map[string]string{}}
}

func (b *batch) write(ctx context.Context, db seedbed.DB) error {
	inTx, known := transactional(db)
	whole := b.fitsOneRoundTrip() && known
	if whole {
		return newWriter(b, db, inTx).run(ctx)
	}
	ran := false
	err := transact(ctx, db, func(tx pgx.Tx) error {
		err := newWriter(b, tx, true).run(ctx)
		ran = err == nil
		return err
	})
	if ran { // what is deferred speaks up at the commit
		return b.schema.explain("create", b.written[len(b.written)-1].table.name, err)
	}
	return err
}

// fitsOneRoundTrip reports whether one batch is enough: nothing waits for a key, and no hook
// wants to run inside the transaction.
func (b *batch) fitsOneRoundTrip() bool {
	for _, r := range b.written {
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
	for first := true; first || slices.ContainsFunc(w.written, func(r *row) bool { return !r.written }); first = false {
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
	for _, r := range w.written {
		if !r.written {
			return fmt.Errorf("create %s: its references run in a circle of keys that only Postgres chooses, without a sequence", r.table.name)
		}
	}
	return nil
}

// drawFromSequences takes the number that a row waits for from its sequence beforehand: where
// references run in a circle, no row can be first. It reports whether there was one.
func (w *writer) drawFromSequences(ctx context.Context) (bool, error) {
	for _, r := range w.written {
		for _, v := range r.values {
			p, waits := v.(pending)
			if !waits || r.written || p.of.isSet[p.column] {
				continue
			}
			c := p.of.table.columns[p.column]
			var number *int64
			err := w.db.QueryRow(ctx, `select nextval(pg_get_serial_sequence($1, $2))`, c.Table.Ident(), c.name).Scan(&number)
			if err != nil || number == nil {
				return false, err
			}
			p.of.values[p.column], p.of.isSet[p.column] = *number, true
			return true, p.of.storeField(p.column, *number)
		}
	}
	return false, nil
}

// round is one trip to the server and back.
type round struct {
	batch pgx.Batch
	queue []sentStatement
}

func (r *round) add(table, sql string, args []any, read func(pgx.Rows) error) {
	r.batch.Queue(sql, args...)
	r.queue = append(r.queue, sentStatement{table, sql, read})
}

// exec is a statement whose answer does not matter.
func (r *round) exec(sql string, args ...any) { r.add("", sql, args, nil) }

// begin starts a round that leaves the caller's transaction usable if it fails.
func (w *writer) begin() *round {
	r := &round{}
	if w.inTx {
		r.exec("savepoint seedbed_factory")
	}
	return r
}

// end puts the session back as it was and sends the round.
func (w *writer) end(ctx context.Context, r *round, guarded bool) error {
	if w.inTx {
		w.restore(guarded, r.exec)
		r.exec("release savepoint seedbed_factory")
	}
	return w.read(ctx, w.db.SendBatch(ctx, &r.batch), r.queue)
}

// flush sends all that is ready and reads the answers.
func (w *writer) flush(ctx context.Context) (n int, err error) {
	r, guarded := w.begin(), w.hasRowSecurity()
	if guarded {
		w.setRole(r.exec)
	}
	for _, d := range w.written {
		if d.written {
			continue
		}
		if !d.fillPending() {
			break
		}
		w.setTenant(d, r.exec)
		sql, args, read := w.insert(d)
		r.add(d.table.name, sql, args, read)
		d.written = true
		n++
	}
	return n, w.end(ctx, r, guarded)
}

func (w *writer) setTenant(r *row, control func(string, ...any)) {
	settings := r.tenantSettings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if w.settings[name] == settings[name] {
			continue
		}
		if w.inTx && !w.touched[name] {
			control(`select set_config($1, coalesce(current_setting($2, true), ''), true)`, savedSetting(name), name)
		}
		w.settings[name], w.touched[name] = settings[name], true
		control(`select set_config($1, $2, true)`, name, settings[name])
	}
}

// savedSetting names the setting that keeps the old value of a setting.
func savedSetting(name string) string { return "seedbed.before_" + strings.ReplaceAll(name, ".", "_") }

func (w *writer) restore(guarded bool, control func(string, ...any)) {
	if guarded {
		control(RestoreRoleSQL)
	}
	for _, name := range slices.Sorted(maps.Keys(w.touched)) {
		control(`select set_config($1, coalesce(current_setting($2, true), ''), true)`, name, savedSetting(name))
	}
	clear(w.touched)
	clear(w.settings)
}

// read takes the answers in turn. After an error the server has skipped the rest.
func (w *writer) read(ctx context.Context, results pgx.BatchResults, queue []sentStatement) error {
	var failed error
	for _, s := range queue {
		rows, err := results.Query()
		if err == nil && s.read != nil {
			err = s.read(rows)
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
		failed = w.schema.explain("create", orElse(queue[len(queue)-1].table, "rows"), err)
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
	for _, r := range w.written {
		if err := r.storeAll(); err != nil {
			return err
		}
	}
	for _, r := range w.written {
		for _, after := range r.definition.After {
			if err := after(ctx, w.db, r.value.Addr().Interface()); err != nil {
				return fmt.Errorf("after creating %s: %w", r.table.name, err)
			}
		}
	}
	return nil
}
