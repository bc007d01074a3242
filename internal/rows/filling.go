package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// filling is a Plan being carried out, in its transaction.
type filling struct {
	plan     Plan
	tx       pgx.Tx
	schema   *schema
	world    world
	homes    map[string][]any // made-up tenants
	now      time.Time
	began    time.Time
	asked    []*set // what the plan names
	sets     []*set // all, in the order they are written
	byTable  map[*table]*set
	total    int64
	all      int64
	mayCopy  bool
	mayDefer bool            // the role may switch the checks of references off meanwhile
	there    map[*table]bool // which tables have rows already
	supplies *supplies
	nested   bool   // in a transaction of the caller's
	written  string // condition for rows c of this transaction
	// borrowed says that rows found in the database got children of which they can
	// have one each: another plan may do the same at the same time.
	borrowed bool
	report   Report
}

func (f *filling) run(ctx context.Context) error {
	f.byTable, f.homes = map[*table]*set{}, map[string][]any{}
	if err := f.ask(); err != nil {
		return err
	}
	before, err := f.stepUp(ctx)
	if err != nil {
		return err
	}
	if err := f.arrange(ctx); err != nil {
		return err
	}
	if err := f.triggersOff(ctx); err != nil {
		return err
	}
	for _, s := range f.sets {
		f.total += s.n
	}
	start := time.Now()
	for _, s := range f.sets {
		if err := f.write(ctx, s); err != nil {
			return err
		}
		s.ready = true
	}
	f.report.Write = time.Since(start)
	start = time.Now()
	if err := f.prove(ctx); err != nil {
		return err
	}
	f.report.Prove = time.Since(start)
	return f.leave(ctx, before)
}

// ask reads the plan.
func (f *filling) ask() error {
	for _, v := range f.plan.Volumes {
		t, err := f.schema.table(v.Definition.Table)
		if err != nil {
			return err
		}
		if f.byTable[t] != nil {
			return fmt.Errorf("%s is in the plan twice", t.name)
		}
		if v.N < 0 {
			return fmt.Errorf("%s: %d rows asked for", t.name, v.N)
		}
		if v.N == 0 {
			continue // as if it were not there
		}
		c, err := newCall(f.schema, v.Options)
		if err != nil {
			return err
		}
		if err := f.streams(t, v.Definition, c); err != nil {
			return err
		}
		s := &set{table: t, bp: v.Definition, call: c, n: v.N, asked: true}
		f.byTable[t] = s
		f.asked = append(f.asked, s)
		if err := f.listen(s); err != nil {
			return err
		}
	}
	return nil
}

// streams refuses what a factory would do row by row.
func (f *filling) streams(t *table, bp *Definition, c *call) error {
	if len(c.has) > 0 {
		return fmt.Errorf("%s: Has does not work in a plan; give the children a volume of their own", t.name)
	}
	if len(bp.After) > 0 && !f.plan.WithoutHooks {
		return fmt.Errorf("%s: its factory's After hook does not run in a plan; use CreateN, "+
			"or say so with Plan{WithoutHooks: true}", t.name)
	}
	return nil
}

// arrange decides what is made: what was asked for, the parents it needs, in which
// order, and how rows are spread.
func (f *filling) arrange(ctx context.Context) error {
	if err := f.narrow(); err != nil {
		return err
	}
	for _, s := range f.asked {
		if err := f.require(ctx, s, nil); err != nil {
			return err
		}
	}
	var err error
	if f.there, err = f.haveRows(ctx); err != nil {
		return err
	}
	if err := f.schema.advance(ctx, f.tx, f.occupied()); err != nil {
		return err
	}
	for _, s := range f.sets {
		if !s.found && s.base == nil {
			if err := s.checkKeySpace(); err != nil {
				return err
			}
			if f.there[s.table] {
				b := newBuild(f.schema, f.world, f.now)
				if err := b.clear(ctx, f.tx, s.bp, s.table, s.n, s.fixes()); err != nil {
					return err
				}
			}
			s.first = f.world.take(s.table, s.n)
		}
	}
	for _, s := range f.sets {
		if err := f.connect(s); err != nil {
			return err
		}
	}
	for _, s := range f.sets {
		if err := f.layOut(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// occupied are the tables that will be written and have rows.
func (f *filling) occupied() []*catalog.Relation {
	var out []*catalog.Relation
	for _, s := range f.sets {
		if !s.found && f.there[s.table] {
			out = append(out, s.table.rel)
		}
	}
	return out
}

// haveRows finds out which tables that will be written have rows, in one round trip.
func (f *filling) haveRows(ctx context.Context) (map[*table]bool, error) {
	var tables []*table
	var each []string
	for _, s := range f.sets {
		if !s.found {
			tables = append(tables, s.table)
			each = append(each, "exists (select from "+s.table.rel.Ident()+")")
		}
	}
	out := map[*table]bool{}
	if len(tables) == 0 {
		return out, nil
	}
	var there []bool
	if err := f.tx.QueryRow(ctx, "select array["+strings.Join(each, ", ")+"]").Scan(&there); err != nil {
		return nil, err
	}
	for i, t := range tables {
		out[t] = there[i]
	}
	return out, nil
}

// reach lists the tables that a plan may write or read: what was asked for, what
// that references, and subtypes.
func (f *filling) reach() []*table {
	var out []*table
	for _, s := range f.asked {
		out = append(out, s.table)
	}
	for i := 0; i < len(out); i++ {
		for _, e := range out[i].edges {
			if !slices.Contains(out, e.parent) {
				out = append(out, e.parent)
			}
		}
		inherits, _ := f.schema.model.Inherits(out[i].name)
		for _, sub := range inherits.Subtypes {
			if t, err := f.schema.table(sub.Table); err == nil && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// before is what the caller's transaction had before we came.
type before struct{ role, triggers string }

// stepUp takes the seeder's role where row-level security would stop COPY or hide
// parents.
func (f *filling) stepUp(ctx context.Context) (before, error) {
	var old before
	err := f.tx.QueryRow(ctx, `select current_setting('role'), current_setting('session_replication_role')`).Scan(&old.role, &old.triggers)
	if err != nil {
		return old, err
	}
	var guarded []string
	for _, t := range f.reach() {
		if t.rel.RLS {
			guarded = append(guarded, t.rel.Ident())
		}
	}
	if len(guarded) > 0 {
		sql, args := StepUp(Guarded, guarded)
		if _, err := f.tx.Exec(ctx, sql, args...); err != nil {
			return old, fmt.Errorf("take the role %s: %w", SeederRole, err)
		}
	}
	err = f.tx.QueryRow(ctx, `select not exists (select from unnest($1::text[]) t where row_security_active(t)),
 has_parameter_privilege('session_replication_role', 'SET')`, guarded).Scan(&f.mayCopy, &f.mayDefer)
	f.mayDefer = f.mayDefer && !f.plan.Triggers
	return old, err
}

// triggersOff switches row triggers off where the role may.
func (f *filling) triggersOff(ctx context.Context) error {
	f.report.Triggers = true
	if !f.mayDefer {
		return nil
	}
	f.report.Triggers = false
	_, err := f.tx.Exec(ctx, `set local session_replication_role = replica`)
	return err
}

// leave goes back, for the sake of a caller whose transaction goes on.
func (f *filling) leave(ctx context.Context, old before) error {
	if !f.report.Triggers {
		if _, err := f.tx.Exec(ctx, `select set_config('session_replication_role', $1, true)`, old.triggers); err != nil {
			return err
		}
	}
	_, err := f.tx.Exec(ctx, `select set_config('role', $1, true)`, old.role)
	return err
}

func (f *filling) progress(s *set, stage Stage, done int64) {
	if f.plan.Progress != nil {
		f.plan.Progress(Progress{Table: s.table.name, Stage: stage, Done: done, Rows: s.n, Total: f.total,
			All: f.all + done, Time: time.Since(f.began)})
	}
}
