package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/rows"
	"github.com/qarion/seedbed/internal/sqltext"
)

// audit is one run of the engine.
type audit struct {
	ctx    context.Context
	db     seedbed.DB
	opt    Options
	cat    *catalog.Catalog
	model  seedbed.Model
	graph  *graph.Graph
	tables []*catalog.Relation
	bypass *bypassSession
	// of Isolation
	subjects   []*subject
	subjectOf  map[*catalog.Relation]*subject
	bare       map[string]bool // levels that most foreign keys do not carry
	nameIndex  *nameIndex
	namesakes  map[string][]*graph.ForeignKey          // foreign keys by the column that they are known by
	followed   []*undeclared                           // references that no foreign key holds, and rows follow
	keyed      map[string]bool                         // levels to which most tables have a key of their own
	inPolicy   map[string]bool                         // names that policies use
	resting    map[*catalog.Function][]string          // policies that rest on a helper which lets all through
	ownOnly    map[*subject]bool                       // tables that show the application no rows of others
	admissions map[*catalog.Relation]*graph.ForeignKey // by which rows of a table let its tenant in on rows of others; nil: not looked for
	helped     map[*catalog.Relation]bool              // tables that helpers of policies read as their owner
	usesRLS    bool
	readers    sqltext.SettingReaders
	relations  map[string][]*catalog.Relation // by bare name
	roles      applicationRoles
	report     *report.Report
	started    time.Time
	unseen     []string // tables with rows that the role cannot see
	// namesUnknown: the caller's Model names tables, columns or levels that are not there.
	// Whatever is looked at by it would be wrong once more for each.
	namesUnknown bool
	done         int // of parts
	parts        int
}

// step is one part of an audit: which rules it applies, and how.
type step struct {
	name  string
	rules []string
	run   func(*audit) error
}

func run(ctx context.Context, db seedbed.DB, opt Options, steps []step) (*report.Report, error) {
	a := &audit{ctx: ctx, db: db, opt: opt, report: &report.Report{ModelGiven: opt.Model != nil}, started: time.Now(), parts: len(steps)}
	for _, e := range opt.Except {
		if err := e.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", cmp.Or(e.Place, "Options.Except"), err)
		}
	}
	if err := a.prepare(); err != nil {
		if by := a.locked(err); by != "" {
			a.vain("catalog", "it could not be read: %s", by)
			return a.report, nil
		}
		return nil, err
	}
	defer a.bypass.close()
	if a.namesUnknown {
		a.unchecked("all else", "the Model names what is not there: correct that first")
		steps = nil
	}
	for i, s := range steps {
		a.done = i
		a.progress(s.name, nil)
		if err := s.run(a); err != nil {
			return nil, fmt.Errorf("check %s: %w", s.name, err)
		}
		a.report.Rules += len(s.rules)
	}
	a.reportUnseenRows()
	a.exceptionsOfNothing()
	a.report.Tables = len(a.tables)
	a.report.Elapsed = time.Since(a.started)
	a.endStep()
	a.conclude()
	return a.report, nil
}

func (a *audit) prepare() error {
	cat, err := a.loadCatalog()
	if err != nil {
		return err
	}
	a.cat = cat
	a.tables = cat.Tables()
	if a.bypass, err = openBypassSession(a.ctx, a.db, cat); err != nil {
		return err
	}
	if err := a.learn(); err != nil {
		a.bypass.close()
		return err
	}
	a.graph = graph.New(cat, a.model)
	return nil
}

// learn takes the caller's Model, or reads one: in the bypass session, for it
// looks at rows too.
func (a *audit) learn() error {
	db := rows.WithCatalog(a.bypass.tx, a.cat)
	if a.opt.Model != nil {
		a.model = *a.opt.Model
		return a.misfits(a.model.Validate(a.ctx, db))
	}
	found, err := seedbed.Discover(a.ctx, db)
	if err != nil {
		return err
	}
	a.model = found.Model
	return nil
}

// misfits makes findings of what a Model says and the schema contradicts. Where all that it
// names is there, the rest of both can still be checked.
func (a *audit) misfits(err error) error {
	var invalid *seedbed.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	for _, p := range invalid.Problems {
		a.find(report.Finding{Rule: "model-misfit", Object: p.Object, Message: p.Message, Evidence: []string{p.Declaration},
			Fix: "correct the schema, or the Model"})
		a.namesUnknown = a.namesUnknown || p.Object == "" || !a.objects().has(p.Object) && !a.isShadow(p.Object)
	}
	return nil
}

// isShadow reports whether the Model has an object as the shadow of a pair. That one is missing
// is a finding about the pair, too.
func (a *audit) isShadow(object string) bool {
	return slices.ContainsFunc(a.model.Polymorphic, func(p seedbed.Polymorphic) bool {
		return slices.ContainsFunc(p.Targets, func(t seedbed.Target) bool { return object == a.tableOf(p.Table)+"."+t.Shadow })
	})
}

// progress says which step begins, and which table it reads; nil for none.
func (a *audit) progress(step string, r *catalog.Relation) {
	a.endStep()
	p := Progress{Step: step, Done: a.done, Total: a.parts, Elapsed: time.Since(a.started)}
	for _, leaf := range leaves(r) {
		p.Rows += max(0, int64(leaf.Rows)) // -1 where it was never analysed
	}
	a.report.Steps = append(a.report.Steps, report.Step{Name: step, Elapsed: -p.Elapsed})
	if a.opt.Progress != nil {
		a.opt.Progress(p)
	}
}

// endStep turns the moment that the last step began at into the time that it took.
func (a *audit) endStep() {
	if n := len(a.report.Steps); n > 0 {
		a.report.Steps[n-1].Elapsed += time.Since(a.started)
	}
}

func leaves(r *catalog.Relation) []*catalog.Relation {
	if r == nil {
		return nil
	}
	return r.Leaves()
}

func (a *audit) find(f report.Finding) {
	if f.Table == "" {
		f.Table = a.tableOf(f.Object)
	}
	if f.Role != "" && f.Table != "" {
		f.Through = a.readByPolicies(f.Table)
	}
	a.report.Findings = append(a.report.Findings, f)
}

// tableOf is the table that an object of a finding is, or lies in; "" for others. Of a
// partition it is the root.
func (a *audit) tableOf(object string) string {
	for name := object; name != ""; {
		if r := a.cat.Table(name); r != nil {
			return a.name(r.Root())
		}
		cut := strings.LastIndexByte(name, '.')
		name = name[:max(cut, 0)]
	}
	return ""
}

// conclude makes one finding of each cause, and sets aside what the caller excuses.
func (a *audit) conclude() {
	a.report.Findings, a.report.Excused = report.Conclude(a.report.Findings, a.opt.Baseline, a.opt.reason)
}

// unchecked notes a part that could not be looked at.
func (a *audit) unchecked(part, format string, args ...any) {
	a.gap(report.Gap{Part: part, Reason: fmt.Sprintf(format, args...)})
}

// vain notes that all of an audit's own question went unanswered.
func (a *audit) vain(part, format string, args ...any) {
	a.gap(report.Gap{Part: part, Reason: fmt.Sprintf(format, args...), Whole: true})
}

func (a *audit) gap(g report.Gap) {
	if slices.Contains(a.report.Unchecked, g) || a.opt.Baseline.HasGap(g) || a.opt.excuses(report.NotChecked, g.Part) != "" {
		return
	}
	a.report.Unchecked = append(a.report.Unchecked, g)
}

// name is how people call a relation.
func (a *audit) name(r *catalog.Relation) string { return a.cat.Name(r) }

// hidden turns a query that could not see into a finding: no silence about rows
// that no check looked at. Other errors are the caller's.
func (a *audit) hidden(r *catalog.Relation, err error) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || a.ctx.Err() != nil || pgErr.Code == "57014" {
		return err
	}
	if pgErr.Code == lockNotAvailable {
		a.bypass.close()
		a.unchecked(a.name(r), "%s", a.locked(err))
		a.bypass.patience = "100ms" // the next query of it would wait as long
		return a.bypass.open()
	}
	if pgErr.Code != "42501" {
		a.find(report.Finding{Rule: "rows-unreadable", Object: a.name(r),
			Message:  fmt.Sprintf("reading the rows of %s fails, so they were not checked", a.name(r)),
			Evidence: []string{pgErr.Code + ": " + pgErr.Message},
			Fix:      "see the error: a function that a constraint or a policy calls raises it"})
		return a.bypass.reopen()
	}
	if !contains(a.unseen, a.name(r)) {
		a.unseen = append(a.unseen, a.name(r))
	}
	return a.bypass.reopen()
}

// reportUnseenRows makes one finding of all tables that have rows that no session saw.
func (a *audit) reportUnseenRows() {
	if len(a.unseen) == 0 {
		return
	}
	slices.Sort(a.unseen)
	a.find(report.Finding{Rule: "rows-hidden", Object: a.bypass.role,
		Message:  fmt.Sprintf("role %s cannot see all rows of %s, so they were not checked", a.bypass.role, plural(int64(len(a.unseen)), "table")),
		Evidence: []string{strings.Join(a.unseen, ", ")},
		Fix:      a.sightedHandle()})
}

// sightedHandle says what to check through instead of a session that sees no rows.
func (a *audit) sightedHandle() string {
	const own = "in a test, pass what pg.DB returns, and not a handle of its As; in the shell, leave --role of seedbed url out"
	if strings.HasPrefix(a.cat.Session, "seedbed_") {
		return own + ": the check becomes the application's role by itself"
	}
	return fmt.Sprintf("check as a role with BYPASSRLS and SELECT, or GRANT one TO %s: the check steps up to it; %s", catalog.Ident(a.cat.Session), own)
}
