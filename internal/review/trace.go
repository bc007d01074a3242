package review

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// trace runs stmt inside the open transaction and records what it did. It takes a
// savepoint only before a statement whose failure the review survives (see mayFail). Not
// before every one: Postgres refuses to use new values of an enum type that another
// subtransaction created.
func (r *run) trace(ctx context.Context, stmt statement) (*step, error) {
	if stmt.transactionControl() {
		return r.runControlInside(ctx, stmt)
	}
	if err := r.sess.snapshotInnerDDL(ctx, stmt.mayRunCode()); err != nil {
		return nil, err
	}
	useSavepoint := stmt.mayFail()
	if useSavepoint {
		if err := r.sess.exec(ctx, "savepoint "+savepointName); err != nil {
			return nil, err
		}
	}
	r.sess.notices = r.sess.notices[:0]
	failure, err := pgError(r.sess.exec(ctx, stmt.Text))
	if err != nil {
		return nil, err
	}
	notices := append([]notice(nil), r.sess.notices...)
	if failure != nil {
		if useSavepoint {
			err = r.sess.exec(ctx, "rollback to savepoint "+savepointName)
		}
		if err == nil && failure.Code == codeDuplicateObject && stmt.createsRole() {
			return &step{}, nil
		}
		return r.failed(stmt, failure, notices), err
	}
	if stmt.clusterWide() { // its effect on the whole server is rolled back, and not reviewed
		r.skipped = true
		return &step{}, r.sess.exec(ctx, "rollback to savepoint "+savepointName)
	}
	if stmt.onlyInsertsValues() {
		return r.recordSteps(ctx, stmt, notices, nil)
	}
	snap, err := r.sess.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	if useSavepoint {
		if err := r.sess.exec(ctx, "release savepoint "+savepointName); err != nil {
			return nil, err
		}
	}
	return r.recordSteps(ctx, stmt, notices, snap)
}

// runControlInside runs BEGIN, COMMIT or ROLLBACK inside a transaction.
func (r *run) runControlInside(ctx context.Context, stmt statement) (*step, error) {
	failure, err := pgError(r.sess.exec(ctx, stmt.Text))
	if err != nil {
		return nil, err
	}
	s := &step{statement: stmt, words: stmt.Tokens, stateBefore: r.state, stateAfter: r.state, locksBefore: r.locks, locksAfter: r.locks, locksTaken: locks{}, err: failure}
	r.steps = append(r.steps, s)
	if !r.sess.inTransaction() {
		r.endedTransaction = true
		return s, r.refresh(ctx)
	}
	return s, nil
}

// runControlOutside runs transaction control where no transaction is open.
func (r *run) runControlOutside(ctx context.Context, stmt statement) error {
	failure, err := pgError(r.sess.exec(ctx, stmt.Text))
	if err != nil {
		return err
	}
	s := &step{statement: stmt, words: stmt.Tokens, stateBefore: r.state, stateAfter: r.state, locksBefore: r.locks, locksAfter: r.locks, locksTaken: locks{}, err: failure}
	r.steps = append(r.steps, s)
	if failure != nil {
		r.failedStep = s
		return errStop
	}
	return nil
}

// runOutsideTransaction runs stmt outside of any transaction block.
func (r *run) runOutsideTransaction(ctx context.Context, stmt statement) error {
	if err := r.sess.snapshotInnerDDL(ctx, stmt.mayRunCode()); err != nil {
		return err
	}
	r.sess.notices = r.sess.notices[:0]
	taken := locks{}
	send := func() (err error) { return r.sess.exec(ctx, stmt.Text) }
	if stmt.concurrently() && r.scratch != nil {
		send = func() (err error) {
			taken, err = r.observeLocks(ctx, stmt)
			return err
		}
	}
	failure, err := pgError(send())
	if err != nil {
		return err
	}
	notices := append([]notice(nil), r.sess.notices...)
	if failure != nil {
		r.failedStep = r.failed(stmt, failure, notices)
		r.failedStep.outsideTransaction = true
		return errStop
	}
	snap, err := r.sess.snapshot(ctx, true)
	if err != nil {
		return err
	}
	before := r.state
	r.state = r.state.apply(snap, true)
	s := &step{statement: stmt, stateBefore: before, stateAfter: r.state, diff: compare(before, r.state), locksBefore: locks{}, locksAfter: locks{}, locksTaken: taken,
		outsideTransaction: true, lockTimeoutAfter: snap.LockTimeout, lockTimeoutBefore: r.lockTimeout, statementTimeout: r.statementTimeout}
	r.lockTimeout, r.statementTimeout, r.locks = snap.LockTimeout, snap.StatementTimeout, locks{}
	return r.finish(ctx, s, notices)
}

// failed notes a statement that the server refused.
func (r *run) failed(stmt statement, failure *pgconn.PgError, notices []notice) *step {
	s := &step{statement: stmt, words: deepWords(stmt.Tokens, 3), stateBefore: r.state, stateAfter: r.state, locksBefore: r.locks, locksAfter: r.locks,
		locksTaken: locks{}, notices: notices, err: failure}
	r.steps = append(r.steps, s)
	return s
}

// recordSteps turns the notices and the snapshot taken afterwards into steps: one for each
// DDL command that a DO block or function ran, and one for the statement itself. last is
// nil where no snapshot was taken.
func (r *run) recordSteps(ctx context.Context, stmt statement, notices []notice, last *snapshot) (*step, error) {
	start := 0
	for i, m := range notices {
		text, ok := m.innerSnapshot()
		if !ok {
			continue
		}
		snap, err := parseSnapshot(text)
		if err != nil {
			return nil, err
		}
		inside := r.advance(stmt, snap)
		inside.ddl = true
		if err := r.finish(ctx, inside, notices[start:i]); err != nil {
			return nil, err
		}
		start = i + 1
	}
	if last == nil {
		s := &step{statement: stmt, stateBefore: r.state, stateAfter: r.state, locksBefore: r.locks, locksAfter: r.locks, locksTaken: locks{}, lockTimeoutAfter: r.lockTimeout, lockTimeoutBefore: r.lockTimeout, statementTimeout: r.statementTimeout}
		return s, r.finish(ctx, s, notices[start:])
	}
	s := r.advance(stmt, last)
	return s, r.finish(ctx, s, notices[start:])
}

// advance moves the run's state and locks to snap and returns the step between.
func (r *run) advance(stmt statement, snap *snapshot) *step {
	before, held := r.state, r.locks
	r.state, r.locks = r.state.apply(snap, false), heldLocks(snap)
	for _, rel := range snap.Rels {
		r.sess.highestReportedOID = max(r.sess.highestReportedOID, rel.OID)
	}
	s := &step{statement: stmt, stateBefore: before, stateAfter: r.state, diff: compare(before, r.state),
		locksBefore: held, locksAfter: r.locks, locksTaken: r.locks.since(held), lockTimeoutAfter: snap.LockTimeout, lockTimeoutBefore: r.lockTimeout, statementTimeout: r.statementTimeout}
	r.lockTimeout, r.statementTimeout = snap.LockTimeout, snap.StatementTimeout
	return s
}

// finish adds query plans and the text of called functions to the step and appends it to
// r.steps.
func (r *run) finish(ctx context.Context, s *step, notices []notice) error {
	for _, m := range notices {
		if p, ok := readPlan(m); ok && !p.referential() {
			s.plans = append(s.plans, p)
		} else {
			s.notices = append(s.notices, m)
		}
	}
	s.words = s.Tokens
	if s.mayRunCode() {
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
