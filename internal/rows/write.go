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

// writer sends the rows of a build. As long as every key is known beforehand, that
// is one batch and one round trip; a key that Postgres chooses costs one more.
type writer struct {
	*build
	db       seedbed.DB
	inTx     bool // within somebody's transaction: a savepoint guards it
	settings map[string]string
	touched  map[string]bool
	sql      map[string]string
}

// sent is a statement on its way and what to do with its answer.
type sent struct {
	table string
	read  func(pgx.Rows) error
}

func newWriter(b *build, db seedbed.DB, inTx bool) *writer {
	return &writer{build: b, db: db, inTx: inTx, settings: map[string]string{}, touched: map[string]bool{}, sql: map[string]string{}}
}

func (b *build) write(ctx context.Context, db seedbed.DB) error {
	inTx, known := transactional(db)
	whole := b.single() && known
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
		return b.schema.explain("create", b.order[len(b.order)-1].table.name, err)
	}
	return err
}

// single reports whether one batch is enough: nothing waits for a key, and no hook
// wants to run inside the transaction.
func (b *build) single() bool {
	for _, d := range b.order {
		if len(d.bp.After) > 0 {
			return false
		}
		for _, v := range d.values {
			if _, waits := v.(pending); waits {
				return false
			}
		}
	}
	return true
}

func (w *writer) run(ctx context.Context) error {
	for first := true; first || slices.ContainsFunc(w.order, func(d *draft) bool { return !d.written }); first = false {
		n, err := w.flush(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if there, err := w.foresee(ctx); err != nil || !there {
			return errors.Join(err, w.stuck())
		}
	}
	return w.hooks(ctx)
}

// stuck says which row waits for a key that never comes.
func (w *writer) stuck() error {
	for _, d := range w.order {
		if !d.written {
			return fmt.Errorf("create %s: its references run in a circle of keys that only Postgres chooses, without a sequence", d.table.name)
		}
	}
	return nil
}

// foresee takes the number that a row waits for from its sequence beforehand: where
// references run in a circle, no row can be first. It reports whether there was one.
func (w *writer) foresee(ctx context.Context) (bool, error) {
	for _, d := range w.order {
		for _, v := range d.values {
			p, waits := v.(pending)
			if !waits || d.written || p.of.set[p.column] {
				continue
			}
			c := p.of.table.columns[p.column]
			var number *int64
			err := w.db.QueryRow(ctx, `select nextval(pg_get_serial_sequence($1, $2))`, c.Table.Ident(), c.name).Scan(&number)
			if err != nil || number == nil {
				return false, err
			}
			p.of.values[p.column], p.of.set[p.column] = *number, true
			return true, p.of.store(p.column, *number)
		}
	}
	return false, nil
}

// round is one trip to the server and back.
type round struct {
	batch pgx.Batch
	queue []sent
}

func (r *round) add(table, sql string, args []any, read func(pgx.Rows) error) {
	r.batch.Queue(sql, args...)
	r.queue = append(r.queue, sent{table, read})
}

// control is a statement whose answer does not matter.
func (r *round) control(sql string, args ...any) { r.add("", sql, args, nil) }

// begin starts a round that leaves the caller's transaction usable if it fails.
func (w *writer) begin() *round {
	r := &round{}
	if w.inTx {
		r.control("savepoint seedbed_factory")
	}
	return r
}

// end puts the session back as it was and sends the round.
func (w *writer) end(ctx context.Context, r *round, guarded bool) error {
	if w.inTx {
		w.restore(guarded, r.control)
		r.control("release savepoint seedbed_factory")
	}
	return w.read(ctx, w.db.SendBatch(ctx, &r.batch), r.queue)
}

// flush sends all that is ready and reads the answers.
func (w *writer) flush(ctx context.Context) (n int, err error) {
	r, guarded := w.begin(), w.guarded()
	if guarded {
		w.stepUp(r.control)
	}
	for _, d := range w.order {
		if d.written {
			continue
		}
		if !d.ready() {
			break
		}
		w.setTenant(d, r.control)
		sql, args, read := w.insert(d)
		r.add(d.table.name, sql, args, read)
		d.written = true
		n++
	}
	return n, w.end(ctx, r, guarded)
}

func (w *writer) setTenant(d *draft, control func(string, ...any)) {
	settings := d.tenantSettings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if w.settings[name] == settings[name] {
			continue
		}
		if w.inTx && !w.touched[name] {
			control(`select set_config($1, coalesce(current_setting($2, true), ''), true)`, noted(name), name)
		}
		w.settings[name], w.touched[name] = settings[name], true
		control(`select set_config($1, $2, true)`, name, settings[name])
	}
}

// noted is the setting that keeps another one's old value.
func noted(name string) string { return "seedbed.before_" + strings.ReplaceAll(name, ".", "_") }

func (w *writer) restore(guarded bool, control func(string, ...any)) {
	if guarded {
		control(StepDown)
	}
	for _, name := range slices.Sorted(maps.Keys(w.touched)) {
		control(`select set_config($1, coalesce(current_setting($2, true), ''), true)`, name, noted(name))
	}
	clear(w.touched)
	clear(w.settings)
}

// read takes the answers in turn. After an error the server has skipped the rest.
func (w *writer) read(ctx context.Context, results pgx.BatchResults, queue []sent) error {
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
			failed = w.schema.explain("create", orElse(s.table, "rows"), err)
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

// hooks run after all rows of the call are there, in the same transaction.
func (w *writer) hooks(ctx context.Context) error {
	for _, d := range w.order {
		if err := d.finish(); err != nil {
			return err
		}
	}
	for _, d := range w.order {
		for _, after := range d.bp.After {
			if err := after(ctx, w.db, d.row.Addr().Interface()); err != nil {
				return fmt.Errorf("after creating %s: %w", d.table.name, err)
			}
		}
	}
	return nil
}
