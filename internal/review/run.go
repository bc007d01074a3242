package review

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/sqltext"
)

// run takes one migration through the scratch database.
type run struct {
	sess    *session
	scratch *scratch // nil: locks of commands that run outside of transactions are not read
	mig     *Migration
	major   int
	start   *state // before the migration: what is in it may be large and busy
	now     *state
	held    locks
	steps   []*step

	timeout string // lock_timeout
	limit   string // statement_timeout
	control bool   // the migration ended goose's transaction itself
	skipped bool   // something could not be run here and was passed over
	stop    *step

	volatileNames map[string]bool // functions, read when first wanted
}

// errStop says that the migration does not apply; run.stop is the step.
var errStop = errors.New("the migration does not apply")

const saveName = "seedbed_review"

// up runs all statements as goose would. It returns errStop where one fails for
// good; other errors are of the review itself.
func (r *run) up(ctx context.Context) error {
	r.sess.base = r.start.maxOID()
	r.sess.seen = r.sess.base
	r.now, r.held, r.timeout, r.limit = r.start, locks{}, "0", "0"
	if err := r.sess.exec(ctx, "set client_min_messages = debug1"); err != nil {
		return err
	}
	if r.mig.Transactional {
		return r.inTransaction(ctx)
	}
	return r.outside(ctx)
}

func (r *run) inTransaction(ctx context.Context) error {
	if err := r.sess.exec(ctx, "begin"); err != nil {
		return err
	}
	for _, p := range pieces(r.mig.Up) {
		if err := r.piece(ctx, p); err != nil {
			return r.abandon(ctx, err)
		}
	}
	return r.commit(ctx, len(r.mig.Up))
}

// piece runs one statement, in the transaction where there is one.
func (r *run) piece(ctx context.Context, p piece) error {
	if !r.sess.inTransaction() {
		return r.single(ctx, p)
	}
	s, err := r.trace(ctx, p)
	if err != nil || s.err == nil {
		return err
	}
	if s.err.Code != codeActiveTransaction || s.insideCode() || !p.saved() {
		r.stop = s
		return errStop
	}
	// What must not run in a transaction is reported; then it is run outside, so
	// that the review sees the rest.
	if p.clusterWide() {
		r.skipped = true
		return nil
	}
	if err := r.commit(ctx, p.chunk); err != nil {
		return err
	}
	if err := r.direct(ctx, p); err != nil {
		return err
	}
	return r.sess.exec(ctx, "begin")
}

const (
	codeActiveTransaction  = "25001"
	codeInvalidTermination = "2D000"
	codeDuplicateObject    = "42710"
)

// insideCode reports whether the error came from within a DO block or function.
func (s *step) insideCode() bool { return s.err != nil && s.err.Where != "" }

// outside runs a NO TRANSACTION migration: each chunk is a transaction of its own.
func (r *run) outside(ctx context.Context) error {
	all := pieces(r.mig.Up)
	for i := 0; i < len(all); i++ {
		p := all[i]
		var err error
		if p.alone || r.sess.inTransaction() || controls(all, p.chunk) {
			err = r.piece(ctx, p)
		} else {
			end := i
			for end+1 < len(all) && all[end+1].chunk == p.chunk {
				end++
			}
			err = r.together(ctx, all[i:end+1])
			i = end
		}
		if err != nil {
			return r.abandon(ctx, err)
		}
	}
	if r.sess.inTransaction() { // a BEGIN without its COMMIT
		return r.commit(ctx, len(r.mig.Up))
	}
	return nil
}

func controls(all []piece, chunk int) bool {
	for _, p := range all {
		if p.chunk == chunk && p.transactionControl() {
			return true
		}
	}
	return false
}

// together runs the statements of one chunk, which Postgres takes for one
// transaction.
func (r *run) together(ctx context.Context, all []piece) error {
	if err := r.sess.exec(ctx, "begin"); err != nil {
		return err
	}
	for _, p := range all {
		if err := r.piece(ctx, p); err != nil {
			return err
		}
	}
	return r.commit(ctx, all[0].chunk)
}

// single runs a statement that stands outside of any transaction block. Whatever
// can be is wrapped in one, where its locks can be read before they are gone.
func (r *run) single(ctx context.Context, p piece) error {
	switch {
	case p.transactionControl():
		return r.control1(ctx, p)
	case p.clusterWide():
		r.skipped = true
		return nil
	case p.outsideOnly(), p.Starts("set", "local"):
		return r.direct(ctx, p)
	}
	if err := r.sess.exec(ctx, "begin"); err != nil {
		return err
	}
	s, err := r.trace(ctx, p)
	if err != nil {
		return err
	}
	if s.err != nil {
		if err := r.sess.exec(ctx, "rollback"); err != nil {
			return err
		}
		r.held = locks{}
		if s.err.Code == codeActiveTransaction && !strings.Contains(s.err.Message, "function") || s.err.Code == codeInvalidTermination {
			r.steps = r.steps[:len(r.steps)-1]
			return r.direct(ctx, p)
		}
		r.stop = s
		return errStop
	}
	return r.commit(ctx, p.chunk)
}

// trace runs p inside the open transaction and notes what it did. A savepoint is
// taken only before what may be gone on from: the values of an enum type that was
// made in another subtransaction are not safe to use.
func (r *run) trace(ctx context.Context, p piece) (*step, error) {
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
func (r *run) traceControl(ctx context.Context, p piece) (*step, error) {
	failure, err := pgError(r.sess.exec(ctx, p.Text))
	if err != nil {
		return nil, err
	}
	s := &step{piece: p, words: p.Tokens, before: r.now, after: r.now, held: r.held, now: r.held, fresh: locks{}, err: failure}
	r.steps = append(r.steps, s)
	if !r.sess.inTransaction() {
		r.control = true
		return s, r.refresh(ctx)
	}
	return s, nil
}

// control1 runs transaction control where no transaction is open.
func (r *run) control1(ctx context.Context, p piece) error {
	failure, err := pgError(r.sess.exec(ctx, p.Text))
	if err != nil {
		return err
	}
	s := &step{piece: p, words: p.Tokens, before: r.now, after: r.now, held: r.held, now: r.held, fresh: locks{}, err: failure}
	r.steps = append(r.steps, s)
	if failure != nil {
		r.stop = s
		return errStop
	}
	return nil
}

// direct runs p outside of any transaction block.
func (r *run) direct(ctx context.Context, p piece) error {
	if err := r.sess.tick(ctx, p.opaque()); err != nil {
		return err
	}
	r.sess.heard = r.sess.heard[:0]
	taken := locks{}
	send := func() (err error) { return r.sess.exec(ctx, p.Text) }
	if p.concurrently() && r.scratch != nil {
		send = func() (err error) {
			taken, err = r.parked(ctx, p)
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
	s := &step{piece: p, before: before, after: r.now, diff: compare(before, r.now), held: locks{}, now: locks{}, fresh: taken,
		direct: true, timeout: snap.LockTimeout, wait: r.timeout, limit: r.limit}
	r.timeout, r.limit, r.held = snap.LockTimeout, snap.StatementTimeout, locks{}
	return r.fill(ctx, s, heard)
}

// failed notes a statement that the server refused.
func (r *run) failed(p piece, failure *pgconn.PgError, heard []message) *step {
	s := &step{piece: p, words: deepWords(p.Tokens, 3), before: r.now, after: r.now, held: r.held, now: r.held,
		fresh: locks{}, heard: heard, err: failure}
	r.steps = append(r.steps, s)
	return s
}

// note turns what was heard and the state after it into steps: one for each DDL
// command inside code, and one for the rest.
func (r *run) note(ctx context.Context, p piece, heard []message, last *snapshot) (*step, error) {
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
		s := &step{piece: p, before: r.now, after: r.now, held: r.held, now: r.held, fresh: locks{}, timeout: r.timeout, wait: r.timeout}
		return s, r.fill(ctx, s, heard[from:])
	}
	s := r.step(p, last)
	return s, r.fill(ctx, s, heard[from:])
}

func (r *run) step(p piece, snap *snapshot) *step {
	before, held := r.now, r.held
	r.now, r.held = r.now.apply(snap, false), heldLocks(snap)
	for _, rel := range snap.Rels {
		r.sess.seen = max(r.sess.seen, rel.OID)
	}
	s := &step{piece: p, before: before, after: r.now, diff: compare(before, r.now),
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

// readVolatile lists the functions whose result may differ from row to row.
func (r *run) readVolatile(ctx context.Context) error {
	names, err := r.sess.texts(ctx, "select distinct proname::text from pg_proc where provolatile = 'v'")
	if err != nil {
		return fmt.Errorf("read which functions are volatile: %w", err)
	}
	r.volatileNames = map[string]bool{}
	for _, n := range names {
		r.volatileNames[n] = true
	}
	return nil
}

// volatile reports whether an expression calls such a function.
func (r *run) volatile(expr string) bool {
	words := sqltext.Tokens(expr)
	for i, w := range words {
		if w.Name() && i+1 < len(words) && words[i+1].Is("(") && r.volatileNames[w.Text] {
			return true
		}
	}
	return false
}

// called are the tokens of the functions that words call, and of those that these
// call.
func (r *run) called(ctx context.Context, words []sqltext.Token) ([]sqltext.Token, error) {
	var all []sqltext.Token
	seen := map[string]bool{}
	for depth := 0; depth < 4 && len(words) > 0; depth++ {
		var names []string
		for i, w := range words {
			if w.Name() && i+1 < len(words) && words[i+1].Is("(") && !seen[w.Text] {
				seen[w.Text] = true
				names = append(names, "'"+strings.ReplaceAll(w.Text, "'", "''")+"'")
			}
		}
		if len(names) == 0 {
			break
		}
		bodies, err := r.sess.texts(ctx, `select p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			join pg_language l on l.oid = p.prolang
			where n.nspname not in ('pg_catalog', 'information_schema', 'seedbed_review') and l.lanname in ('sql', 'plpgsql')
			and p.proname in (`+strings.Join(names, ",")+`)`)
		if err != nil {
			return nil, fmt.Errorf("read the functions that a statement calls: %w", err)
		}
		words = nil
		for _, body := range bodies {
			words = append(words, deepWords(sqltext.Tokens(body), 3)...)
		}
		all = append(all, words...)
	}
	return all, nil
}

// commit ends the transaction; chunk is where a failure of it is reported.
func (r *run) commit(ctx context.Context, chunk int) error {
	if !r.sess.inTransaction() {
		return nil
	}
	failure, err := pgError(r.sess.exec(ctx, "commit"))
	if err != nil {
		return err
	}
	if failure != nil {
		r.stop = r.failed(piece{chunk: min(chunk, len(r.mig.Up)-1), Statement: sqltext.Statement{Text: "commit"}}, failure, nil)
		return errStop
	}
	r.held = locks{}
	return nil
}

// refresh reads everything anew after the transaction ended in an unknown way.
func (r *run) refresh(ctx context.Context) error {
	r.held = locks{}
	snap, err := r.sess.snapshot(ctx, true)
	if err != nil {
		return err
	}
	r.now = r.now.apply(snap, true)
	return nil
}

func (r *run) abandon(ctx context.Context, cause error) error {
	if r.sess.inTransaction() && !r.sess.conn.PgConn().IsClosed() {
		if err := r.sess.exec(ctx, "rollback"); err != nil {
			return errors.Join(cause, err)
		}
	}
	r.held = locks{}
	return cause
}

// pgError separates what the server refused from what went wrong otherwise.
func pgError(err error) (*pgconn.PgError, error) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Severity != "FATAL" {
		return pg, nil
	}
	return nil, err
}

// old reports whether the relation was there before the migration.
func (r *run) old(oid uint32) bool { return r.start.rels[oid] != nil }

// oldNamed is old for a name as it is now.
func (r *run) oldNamed(s *step) func(schema, name string) bool {
	return func(schema, name string) bool {
		for _, st := range []*state{s.after, s.before} {
			if rel := st.find(schema, name); rel != nil {
				return r.old(rel.OID)
			}
		}
		return false
	}
}
