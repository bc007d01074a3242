package review

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// trace runs p inside the open transaction and notes what it did. A savepoint is
// taken only before what may be gone on from: the values of an enum type that was
// made in another subtransaction are not safe to use.
func (r *run) trace(ctx context.Context, p statement) (*step, error) {
	if p.transactionControl() {
		return r.traceControl(ctx, p)
	}
	if err := r.sess.tick(ctx, p.opaque()); err != nil {
		return nil, err
	}
	save := p.saved()
	if save {
		if err := r.sess.exec(ctx, "savepoint "+saveName); err != nil {
			return nil, err
		}
	}
	r.sess.heard = r.sess.heard[:0]
	failure, err := pgError(r.sess.exec(ctx, p.Text))
	if err != nil {
		return nil, err
	}
	heard := append([]message(nil), r.sess.heard...)
	if failure != nil {
		if save {
			err = r.sess.exec(ctx, "rollback to savepoint "+saveName)
		}
		if err == nil && failure.Code == codeDuplicateObject && p.createsRole() {
			return &step{}, nil
		}
		return r.failed(p, failure, heard), err
	}
	if p.clusterWide() { // what it would do to the server is undone
		r.skipped = true
		return &step{}, r.sess.exec(ctx, "rollback to savepoint "+saveName)
	}
	if p.light() {
		return r.note(ctx, p, heard, nil)
	}
	snap, err := r.sess.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	if save {
		if err := r.sess.exec(ctx, "release savepoint "+saveName); err != nil {
			return nil, err
		}
	}
	return r.note(ctx, p, heard, snap)
}

// traceControl runs BEGIN, COMMIT or ROLLBACK inside a transaction.
func (r *run) traceControl(ctx context.Context, p statement) (*step, error) {
	failure, err := pgError(r.sess.exec(ctx, p.Text))
	if err != nil {
		return nil, err
	}
	s := &step{statement: p, words: p.Tokens, before: r.now, after: r.now, held: r.held, now: r.held, fresh: locks{}, err: failure}
	r.steps = append(r.steps, s)
	if !r.sess.inTransaction() {
		r.control = true
		return s, r.refresh(ctx)
	}
	return s, nil
}

// controlAlone runs transaction control where no transaction is open.
func (r *run) controlAlone(ctx context.Context, p statement) error {
	failure, err := pgError(r.sess.exec(ctx, p.Text))
	if err != nil {
		return err
	}
	s := &step{statement: p, words: p.Tokens, before: r.now, after: r.now, held: r.held, now: r.held, fresh: locks{}, err: failure}
	r.steps = append(r.steps, s)
	if failure != nil {
		r.stop = s
		return errStop
	}
	return nil
}

// direct runs p outside of any transaction block.
func (r *run) direct(ctx context.Context, p statement) error {
	if err := r.sess.tick(ctx, p.opaque()); err != nil {
		return err
	}
	r.sess.heard = r.sess.heard[:0]
	taken := locks{}
	send := func() (err error) { return r.sess.exec(ctx, p.Text) }
	if p.concurrently() && r.scratch != nil {
		send = func() (err error) {
			taken, err = r.observeLocks(ctx, p)
			return err
		}
	}
	failure, err := pgError(send())
	if err != nil {
		return err
	}
	heard := append([]message(nil), r.sess.heard...)
	if failure != nil {
		r.stop = r.failed(p, failure, heard)
		r.stop.direct = true
		return errStop
	}
	snap, err := r.sess.snapshot(ctx, true)
	if err != nil {
		return err
	}
	before := r.now
	r.now = r.now.apply(snap, true)
	s := &step{statement: p, before: before, after: r.now, diff: compare(before, r.now), held: locks{}, now: locks{}, fresh: taken,
		direct: true, timeout: snap.LockTimeout, wait: r.timeout, limit: r.limit}
	r.timeout, r.limit, r.held = snap.LockTimeout, snap.StatementTimeout, locks{}
	return r.fill(ctx, s, heard)
}

// failed notes a statement that the server refused.
func (r *run) failed(p statement, failure *pgconn.PgError, heard []message) *step {
	s := &step{statement: p, words: deepWords(p.Tokens, 3), before: r.now, after: r.now, held: r.held, now: r.held,
		fresh: locks{}, heard: heard, err: failure}
	r.steps = append(r.steps, s)
	return s
}

// note turns what was heard and the state after it into steps: one for each DDL
// command inside code, and one for the rest.
func (r *run) note(ctx context.Context, p statement, heard []message, last *snapshot) (*step, error) {
	from := 0
	for i, m := range heard {
		text, ok := m.tick()
		if !ok {
			continue
		}
		snap, err := parseSnapshot(text)
		if err != nil {
			return nil, err
		}
		inside := r.step(p, snap)
		inside.ddl = true
		if err := r.fill(ctx, inside, heard[from:i]); err != nil {
			return nil, err
		}
		from = i + 1
	}
	if last == nil {
		s := &step{statement: p, before: r.now, after: r.now, held: r.held, now: r.held, fresh: locks{}, timeout: r.timeout, wait: r.timeout}
		return s, r.fill(ctx, s, heard[from:])
	}
	s := r.step(p, last)
	return s, r.fill(ctx, s, heard[from:])
}

func (r *run) step(p statement, snap *snapshot) *step {
	before, held := r.now, r.held
	r.now, r.held = r.now.apply(snap, false), heldLocks(snap)
	for _, rel := range snap.Rels {
		r.sess.seen = max(r.sess.seen, rel.OID)
	}
	s := &step{statement: p, before: before, after: r.now, diff: compare(before, r.now),
		held: held, now: r.held, fresh: r.held.since(held), timeout: snap.LockTimeout, wait: r.timeout, limit: r.limit}
	r.timeout, r.limit = snap.LockTimeout, snap.StatementTimeout
	return s
}

// fill reads plans and code, and keeps the step.
func (r *run) fill(ctx context.Context, s *step, heard []message) error {
	for _, m := range heard {
		if p, ok := readPlan(m); ok && !p.referential() {
			s.plans = append(s.plans, p)
		} else {
			s.heard = append(s.heard, m)
		}
	}
	s.words = s.Tokens
	if s.opaque() {
		s.words = deepWords(s.Tokens, 3)
		bodies, err := r.called(ctx, s.words)
		if err != nil {
			return err
		}
		s.words = append(s.words, bodies...)
	}
	r.steps = append(r.steps, s)
	for _, p := range s.diff.same {
		if len(p.newColumns()) > 0 && r.old(p.new.OID) {
			return r.readVolatile(ctx)
		}
	}
	return nil
}
