package review

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// run takes one migration through the scratch database.
type run struct {
	sess    *session
	scratch *scratch // nil: locks of commands that run outside of transactions are not read
	mig     *Migration
	major   int
	start   *state // before the migration: what is in it may be large and busy
	state   *state
	locks   locks
	steps   []*step

	lockTimeout      string // lock_timeout
	statementTimeout string // statement_timeout
	endedTransaction bool   // the migration ended goose's transaction itself
	skipped          bool   // something could not be run here and was passed over
	failedStep       *step

	volatileNames map[string]bool // functions, read when first wanted
}

// errStop says that the migration does not apply; run.failedStep is the step.
var errStop = errors.New("the migration does not apply")

const savepointName = "seedbed_review"

// up runs all statements as goose would. It returns errStop where one fails for
// good; other errors are of the review itself.
func (r *run) up(ctx context.Context) error {
	r.sess.base = r.start.maxOID()
	r.sess.highestReportedOID = r.sess.base
	r.state, r.locks, r.lockTimeout, r.statementTimeout = r.start, locks{}, "0", "0"
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
	for _, p := range statements(r.mig.Up) {
		if err := r.runStatement(ctx, p); err != nil {
			return r.abandon(ctx, err)
		}
	}
	return r.commit(ctx, len(r.mig.Up))
}

// runStatement runs one statement, in the transaction where there is one.
func (r *run) runStatement(ctx context.Context, stmt statement) error {
	if !r.sess.inTransaction() {
		return r.single(ctx, stmt)
	}
	s, err := r.trace(ctx, stmt)
	if err != nil || s.err == nil {
		return err
	}
	if s.err.Code != codeActiveTransaction || s.insideCode() || !stmt.mayFail() {
		r.failedStep = s
		return errStop
	}
	// What must not run in a transaction is reported; then it is run outside, so
	// that the review sees the rest.
	if stmt.clusterWide() {
		r.skipped = true
		return nil
	}
	if err := r.commit(ctx, stmt.chunk); err != nil {
		return err
	}
	if err := r.runOutsideTransaction(ctx, stmt); err != nil {
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
	all := statements(r.mig.Up)
	for i := 0; i < len(all); i++ {
		p := all[i]
		var err error
		if p.alone || r.sess.inTransaction() || controls(all, p.chunk) {
			err = r.runStatement(ctx, p)
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

func controls(all []statement, chunk int) bool {
	for _, p := range all {
		if p.chunk == chunk && p.transactionControl() {
			return true
		}
	}
	return false
}

// together runs the statements of one chunk, which Postgres takes for one
// transaction.
func (r *run) together(ctx context.Context, all []statement) error {
	if err := r.sess.exec(ctx, "begin"); err != nil {
		return err
	}
	for _, p := range all {
		if err := r.runStatement(ctx, p); err != nil {
			return err
		}
	}
	return r.commit(ctx, all[0].chunk)
}

// single runs a statement that stands outside of any transaction block. Whatever
// can be is wrapped in one, where its locks can be read before they are gone.
func (r *run) single(ctx context.Context, stmt statement) error {
	switch {
	case stmt.transactionControl():
		return r.runControlOutside(ctx, stmt)
	case stmt.clusterWide():
		r.skipped = true
		return nil
	case stmt.outsideOnly(), stmt.Starts("set", "local"):
		return r.runOutsideTransaction(ctx, stmt)
	}
	if err := r.sess.exec(ctx, "begin"); err != nil {
		return err
	}
	s, err := r.trace(ctx, stmt)
	if err != nil {
		return err
	}
	if s.err != nil {
		if err := r.sess.exec(ctx, "rollback"); err != nil {
			return err
		}
		r.locks = locks{}
		if s.err.Code == codeActiveTransaction && !strings.Contains(s.err.Message, "function") || s.err.Code == codeInvalidTermination {
			r.steps = r.steps[:len(r.steps)-1]
			return r.runOutsideTransaction(ctx, stmt)
		}
		r.failedStep = s
		return errStop
	}
	return r.commit(ctx, stmt.chunk)
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
		if w.IsIdentifier() && i+1 < len(words) && words[i+1].Is("(") && r.volatileNames[w.Text] {
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
			if w.IsIdentifier() && i+1 < len(words) && words[i+1].Is("(") && !seen[w.Text] {
				seen[w.Text] = true
				names = append(names, catalog.Literal(w.Text))
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
		r.failedStep = r.failed(statement{chunk: min(chunk, len(r.mig.Up)-1), Statement: sqltext.Statement{Text: "commit"}}, failure, nil)
		return errStop
	}
	r.locks = locks{}
	return nil
}

// refresh reads everything anew after the transaction ended in an unknown way.
func (r *run) refresh(ctx context.Context) error {
	r.locks = locks{}
	snap, err := r.sess.snapshot(ctx, true)
	if err != nil {
		return err
	}
	r.state = r.state.apply(snap, true)
	return nil
}

func (r *run) abandon(ctx context.Context, cause error) error {
	if r.sess.inTransaction() && !r.sess.conn.PgConn().IsClosed() {
		if err := r.sess.exec(ctx, "rollback"); err != nil {
			return errors.Join(cause, err)
		}
	}
	r.locks = locks{}
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
		for _, st := range []*state{s.stateAfter, s.stateBefore} {
			if rel := st.find(schema, name); rel != nil {
				return r.old(rel.OID)
			}
		}
		return false
	}
}
