package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/report"
)

// Config says how to review.
type Config struct {
	// Server is a connection of a superuser to a server on which databases may be
	// made and dropped.
	Server *pgx.ConnConfig
	// Only reports whether a version is reviewed; the others are only run. What comes
	// after the last one that is reviewed is left out.
	Only func(version int64) bool
	// Role runs the migrations. Empty: the superuser.
	Role string
	// SkipDown leaves out the way back, and the crashes of NO TRANSACTION files.
	SkipDown bool
	// Rows makes rows to try Up and Down on. Nil: they are tried on empty tables.
	Rows RowMaker
	// Tenancy reads which columns say whose a row is. Nil: none are known.
	Tenancy func(ctx context.Context, conn *pgx.Conn) (carries func(table, column string) bool, err error)
	// Sessions makes rows and sessions of tenants, with which who reaches what is counted
	// on rows. Nil: the catalog alone is compared.
	Sessions SessionMaker
}

// Result of a review.
type Result struct {
	Major      int
	Findings   []report.Finding
	Migrations []report.Migration
}

// engine is a review under way.
type engine struct {
	config    Config
	scratch   *scratch
	sess      *session
	state     *state
	structure structure
	result    *Result

	migrations []Migration
	unrepeated bool // a migration ran here that goose cannot run: the history cannot be run again
}

// Run reviews the migrations in the order given. An error is one of the review's
// own; a migration that does not apply is a finding, and ends the review, because
// what comes after it builds on it.
func Run(ctx context.Context, config Config, migrations []Migration) (*Result, error) {
	s, err := newScratch(ctx, config.Server)
	if err != nil {
		return nil, err
	}
	s.owner = config.Role
	for n := len(migrations); n > 0 && !config.Only(migrations[n-1].Version); n-- {
		migrations = migrations[:n-1]
	}
	e := &engine{config: config, scratch: s, result: &Result{}, migrations: migrations}
	defer func() {
		if e.sess != nil {
			e.sess.close(ctx)
		}
		s.close(ctx)
	}()
	if e.sess, err = openFirstSession(ctx, s, s.name, config.Role); err != nil {
		return nil, err
	}
	if err := e.major(ctx); err != nil {
		return nil, err
	}
	for i := range migrations {
		m := &migrations[i]
		var goOn bool
		switch {
		case m.Apply != nil:
			goOn, err = e.run(ctx, m)
		case !config.Only(m.Version):
			goOn, err = e.apply(ctx, m)
		default:
			goOn, err = e.review(ctx, m)
		}
		if err != nil {
			return nil, fmt.Errorf("review %s: %w", m.File, err)
		}
		if !goOn {
			break
		}
		if i == 0 && len(migrations) > 1 {
			e.baseline(m)
		}
	}
	return e.result, nil
}

// baseline makes advice of what concerns no running code and no large table: the
// first migration of a history starts from nothing, and there is nothing to go
// back to.
func (e *engine) baseline(m *Migration) {
	for i, f := range e.result.Findings {
		switch f.Rule {
		case "down-missing", "down-residue", "fk-without-index", "duplicate-index", "redundant-prefix-index":
			if f.Statement.Version == m.Version {
				e.result.Findings[i].Severity = report.Style
			}
		}
	}
}

func (e *engine) major(ctx context.Context) error {
	v, err := e.sess.texts(ctx, "select current_setting('server_version_num')::int / 10000")
	if err == nil && len(v) == 1 {
		_, err = fmt.Sscan(v[0], &e.result.Major)
	}
	return err
}

// run lets a migration do what it does, unseen.
func (e *engine) run(ctx context.Context, m *Migration) (bool, error) {
	e.state, e.structure = nil, nil
	failure, err := pgError(m.Apply(ctx, e.scratch.configFor(e.scratch.name)))
	if failure != nil {
		f := m.finding("fails", "", "the migration does not apply: "+failure.Message, "run it on a copy of the schema that it is meant for")
		f.Statement.SQLState = failure.Code
		e.result.Findings = append(e.result.Findings, f)
	}
	return failure == nil, err
}

// apply runs a migration that is not reviewed.
func (e *engine) apply(ctx context.Context, m *Migration) (bool, error) {
	e.state, e.structure = nil, nil
	r := &run{sess: e.sess, mig: m, start: newState(), state: newState()}
	return e.ended(r, r.runUntraced(ctx))
}

// runUntraced runs the migration's chunks without tracing.
func (r *run) runUntraced(ctx context.Context) error {
	if r.mig.Transactional {
		if err := r.sess.exec(ctx, "begin"); err != nil {
			return err
		}
	}
	for i, c := range r.mig.Up {
		r.sess.notices = r.sess.notices[:0]
		failure, err := pgError(r.sess.exec(ctx, c.SQL))
		if err != nil {
			return err
		}
		if failure != nil {
			p := statement{chunk: i, line: c.Line}
			p.Text = c.SQL
			if all := statements([]Chunk{c}); len(all) > 0 {
				p = all[0]
				p.chunk = i
			}
			r.failedStep = r.failed(p, failure, nil)
			return r.abandon(ctx, errStop)
		}
	}
	return r.commit(ctx, len(r.mig.Up))
}

// ended turns a migration that does not apply into findings.
func (e *engine) ended(r *run, err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, errStop) {
		return false, err
	}
	e.result.Findings = append(e.result.Findings, r.evaluate()...)
	return false, nil
}

func (e *engine) review(ctx context.Context, m *Migration) (bool, error) {
	began := time.Now()
	if err := e.before(ctx); err != nil {
		return false, err
	}
	if err := e.readStructure(ctx, m); err != nil {
		return false, err
	}
	before := e.structure
	startCopy := ""
	if m.resumes() && len(m.Down) == 0 && !e.config.SkipDown { // there will be no way back to where it began
		var err error
		if startCopy, err = e.copyScratch(ctx); err != nil {
			return false, err
		}
		defer e.scratch.drop(ctx, startCopy)
	}
	reached, err := e.readAccess(ctx, m)
	if err != nil {
		return false, err
	}
	untouched, err := e.keepForReach(ctx, m, reached)
	if err != nil {
		return false, err
	}
	if untouched != "" {
		defer e.scratch.drop(ctx, untouched)
	}
	r := &run{sess: e.sess, scratch: e.scratch, mig: m, major: e.result.Major, start: e.state}
	settings, err := e.sess.settings(ctx)
	if err != nil {
		return false, err
	}
	upErr := r.up(ctx)
	e.note(m, r, began)
	if upErr != nil {
		return e.ended(r, upErr)
	}
	leaked, err := e.sess.leaks(ctx, settings)
	if err != nil {
		return false, err
	}
	if err := e.after(ctx, r); err != nil {
		return false, err
	}
	j := &evaluator{run: r, seen: map[string]bool{}}
	j.all(e.state, leaked)
	if err := e.tenantDefaults(ctx, j); err != nil {
		return false, err
	}
	e.result.Findings = append(e.result.Findings, j.findings...)
	if reached != nil {
		now, err := e.sess.access(ctx)
		if err != nil {
			return false, err
		}
		changes, uncounted, err := e.reachOnRows(ctx, m, untouched, reached, now, reached.changes(now))
		if err != nil {
			return false, err
		}
		e.result.Migrations[len(e.result.Migrations)-1].Uncounted = uncounted
		e.accessRules(r, reached, now, changes)
	}
	served, err := e.serveRules(ctx, m)
	if err != nil {
		return false, err
	}
	e.result.Findings = append(e.result.Findings, served...)
	e.structure = nil
	if !e.goesBack(m) {
		return true, nil
	}
	if err := e.readStructure(ctx, m); err != nil {
		return false, err
	}
	return true, e.afterwards(ctx, m, startCopy, before, r)
}

// afterwards tries the way back, and crashes.
func (e *engine) afterwards(ctx context.Context, m *Migration, startCopy string, before structure, r *run) error {
	e.unrepeated = e.unrepeated || !r.clean()
	down, back, err := e.downRules(ctx, m, before, e.structure, r)
	if err != nil {
		return err
	}
	e.result.Findings = append(e.result.Findings, down...)
	if len(down) == 0 { // what Down leaves would be in the way of Up
		probed, err := e.probeRules(ctx, m)
		if err != nil {
			return err
		}
		e.result.Findings = append(e.result.Findings, probed...)
	}
	if !m.resumes() || e.unrepeated {
		return nil
	}
	var crash []report.Finding
	switch {
	case startCopy != "":
		crash, err = e.resumeRules(ctx, m, startCopy)
	case back:
		crash, err = e.resumeInPlace(ctx, m)
	default:
		if startCopy, err = e.rebuildAt(ctx, m.Version-1); err != nil {
			return err
		}
		defer e.scratch.drop(ctx, startCopy)
		crash, err = e.resumeRules(ctx, m, startCopy)
	}
	e.result.Findings = append(e.result.Findings, crash...)
	return err
}

// before reads the state that a migration starts from, where the last one has not
// left it.
func (e *engine) before(ctx context.Context) error {
	if e.state == nil {
		snap, err := e.sess.snapshot(ctx, true)
		if err != nil {
			return err
		}
		e.state = newState().apply(snap, true)
	}
	return nil
}

// after reads the state that a migration leaves: what it locked or made, or everything
// where it may have changed what it held no lock on.
func (e *engine) after(ctx context.Context, r *run) error {
	start := e.state
	e.state = nil
	if !r.traced() {
		return e.before(ctx)
	}
	snap, err := e.sess.changed(ctx, r.touched())
	if err != nil {
		return err
	}
	e.state = start.update(snap)
	return nil
}

// traced reports whether every statement ran in a transaction in which its locks could
// be read, and no schema was renamed, which changes the names of what lies in it.
func (r *run) traced() bool {
	for _, s := range r.steps {
		if s.outsideTransaction || s.err != nil {
			return false
		}
	}
	for oid, name := range r.start.schemas {
		if now, has := r.state.schemas[oid]; has && now != name {
			return false
		}
	}
	return !r.skipped && !r.endedTransaction
}

// touched are the relations that the migration made, or locked as DDL does.
func (r *run) touched() []uint32 {
	all := []uint32{}
	for oid := range r.state.rels {
		if oid > r.sess.base {
			all = append(all, oid)
		}
	}
	for _, s := range r.steps {
		for oid, mode := range s.locksTaken {
			if mode >= ShareUpdateExclusive {
				all = append(all, oid)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readAccess reads who reaches what before a migration that may change it; nil for others.
func (e *engine) readAccess(ctx context.Context, m *Migration) (access, error) {
	if !m.touchesAccess() {
		return nil, nil
	}
	return e.sess.access(ctx)
}

// goesBack reports whether the way back, and crashes, are tried.
func (e *engine) goesBack(m *Migration) bool {
	return !e.config.SkipDown && (!m.OneWay || m.resumes())
}

// readStructure reads what the way back is compared with, where the last migration has
// not left it.
func (e *engine) readStructure(ctx context.Context, m *Migration) (err error) {
	if e.structure == nil && e.goesBack(m) {
		e.structure, err = e.sess.structure(ctx)
	}
	return err
}

// clean reports whether every statement ran as goose would run it.
func (r *run) clean() bool {
	for _, s := range r.steps {
		if s.err != nil || s.savepoint() {
			return false
		}
	}
	return !r.skipped && !r.endedTransaction
}
