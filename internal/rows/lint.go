package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/fake"
)

// LintReport is what Lint found.
type LintReport struct {
	Failures []error // definitions whose rows the database refused
	Proven   int     // constraints that refused a row made to break them
	Unproven []Unproven
}

// Unproven is a constraint that was not seen to bite.
type Unproven struct {
	Table      string
	Constraint string // the name; of NOT NULL, the column's
	Definition string
	Reason     string
}

// Lint creates the rows of volumes, then tries to break every constraint of every table, in
// a transaction that is rolled back. model nil: seedbed.Discover is asked. The error is of
// the database or the catalog; findings are in the report.
func Lint(ctx context.Context, db seedbed.DB, volumes []Volume, model *seedbed.Model) (LintReport, error) {
	addr, err := address(ctx, db)
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	forget(addr) // constraints may have been added since the schema was read
	s, err := database{address: addr, model: model}.schema(ctx, db)
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	// Nothing stays, so every run numbers its rows from 0; the lock makes two runs in one
	// database wait for each other.
	l := &linter{schema: s, tx: tx, scope: numberScope{database: addr, seed: fake.Derive(fake.DefaultSeed, "lint"), ownCounters: &sync.Map{}}}
	if _, err = tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('seedbed lint', 0))"); err == nil {
		err = l.run(ctx, volumes)
	}
	if rerr := tx.Rollback(context.WithoutCancel(ctx)); err == nil && !errors.Is(rerr, pgx.ErrTxClosed) {
		err = rerr
	}
	if err != nil {
		return LintReport{}, fmt.Errorf("lint: %w", err)
	}
	return l.report, nil
}

// linter lints one database, in one transaction.
type linter struct {
	schema      *schema
	tx          pgx.Tx
	scope       numberScope
	report      LintReport
	definitions map[*table]*Definition // of the tables that a volume names
}

// run creates the rows of the volumes, then lints every table.
func (l *linter) run(ctx context.Context, volumes []Volume) error {
	if err := l.becomeSeeder(ctx); err != nil {
		return err
	}
	l.definitions = map[*table]*Definition{}
	for _, v := range volumes {
		t, err := l.schema.tableMadeBy(v.Definition)
		if err != nil {
			l.report.Failures = append(l.report.Failures, err)
			continue
		}
		if l.definitions[t] == nil {
			l.definitions[t] = v.Definition
		}
		if _, err := l.create(ctx, v.Definition, int(v.N), v.Options, false); err != nil {
			l.report.Failures = append(l.report.Failures, err)
		}
	}
	for _, rel := range l.schema.cat.Tables() {
		if rel.Extension != "" || rel.Bookkeeping() {
			continue
		}
		if err := l.lintTable(ctx, l.schema.tables[rel]); err != nil {
			return err
		}
	}
	return nil
}

// becomeSeeder takes the seeder's role where a table has row-level security.
func (l *linter) becomeSeeder(ctx context.Context) error {
	var withRLS []string
	for _, t := range l.schema.tables {
		if t.relation.RLS {
			withRLS = append(withRLS, t.relation.Ident())
		}
	}
	slices.Sort(withRLS)
	if len(withRLS) == 0 {
		return nil
	}
	sql, args := BecomeSeederSQL(ToWriteIfRowSecurity, withRLS)
	_, err := l.tx.Exec(ctx, sql, args...)
	return err
}

// create makes n rows in a savepoint. With keep false it rolls them back. With keep true
// they stay, except the last one: that is made and not written, and so is a valid row which
// the database does not have yet.
func (l *linter) create(ctx context.Context, def *Definition, n int, options []Option, keep bool) ([]*row, error) {
	sp, err := l.tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	var made []*row
	d := database{address: l.scope.database, model: &l.schema.model}
	err = retry(ctx, sp, d, func() error {
		s, err := d.schema(ctx, sp)
		if err != nil {
			return err
		}
		b := newBatch(s, l.scope, fake.Epoch)
		b.enableLookups(ctx, sp)
		if made, err = b.addAll(def, n, options); err != nil {
			return fmt.Errorf("create %s: %w", def.Table, err)
		}
		isSubtype := slices.ContainsFunc(made[0].table.references, func(ref *reference) bool { return len(ref.discriminators) > 0 })
		if keep && !isSubtype { // the base of a subtype's row needs that row in the database
			b.toWrite = b.toWrite[:slices.Index(b.toWrite, made[n-1])]
		}
		if err := b.write(ctx, sp); err != nil {
			return err
		}
		made[n-1].fillPending()
		// Check deferred constraints now: the transaction never commits.
		_, err = sp.Exec(ctx, "set constraints all immediate; set constraints all deferred")
		return err
	})
	if err != nil || !keep {
		return made, errors.Join(err, sp.Rollback(ctx))
	}
	return made, sp.Commit(ctx)
}

// lintTable tries to break every constraint of a table.
func (l *linter) lintTable(ctx context.Context, t *table) error {
	def := l.definitions[t]
	if def == nil {
		def = &Definition{Table: t.name}
	}
	sp, err := l.tx.Begin(ctx)
	if err != nil {
		return err
	}
	made, err := (&linter{schema: l.schema, tx: sp, scope: l.scope}).create(ctx, def, 2, nil, true)
	if err != nil {
		for _, v := range t.violations(nil, nil) {
			l.unproven(t, v, "no valid row could be made to begin with: "+err.Error())
		}
		return sp.Rollback(ctx)
	}
	for _, v := range t.violations(made[0], made[1]) {
		if err := l.checkViolation(ctx, sp, t, v); err != nil {
			return err
		}
	}
	return sp.Rollback(ctx)
}

// checkViolation inserts the row and notes which constraint refuses it.
func (l *linter) checkViolation(ctx context.Context, tx pgx.Tx, t *table, v violation) error {
	if v.check != nil {
		if err := l.solveViolation(ctx, tx, t, &v); err != nil {
			return err
		}
	}
	if v.reason != "" {
		l.unproven(t, v, v.reason)
		return nil
	}
	sp, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	refused := insertRow(ctx, sp, t, v.values)
	if err := sp.Rollback(ctx); err != nil {
		return err
	}
	var pg *pgconn.PgError
	switch {
	case refused == nil:
		l.unproven(t, v, "a row that breaks it was accepted")
	case !errors.As(refused, &pg):
		l.unproven(t, v, refused.Error())
	case pg.Code == v.sqlState && (pg.ConstraintName == v.name || pg.ColumnName == v.name):
		l.report.Proven++
	case pg.Code == v.sqlState && l.isParentConstraint(pg, v):
		l.report.Proven++
	default:
		l.unproven(t, v, "another constraint refused the row first: "+pg.Message)
	}
	return nil
}

// isParentConstraint reports whether the refusing constraint is a partition's copy of the
// one that should refuse the row.
func (l *linter) isParentConstraint(pg *pgconn.PgError, v violation) bool {
	rel := l.schema.cat.Table(pg.SchemaName + "." + pg.TableName)
	if rel == nil || pg.ConstraintName == "" {
		return false
	}
	k := rel.Constraint(pg.ConstraintName)
	for k != nil && k.Name != v.name {
		k = k.Parent
	}
	return k != nil
}

// unproven reports a constraint that was not seen to refuse a row.
func (l *linter) unproven(t *table, v violation, reason string) {
	l.report.Unproven = append(l.report.Unproven, Unproven{Table: t.name, Constraint: v.name, Definition: v.definition, Reason: reason})
}

// solveViolation searches for values that break this CHECK and no other.
func (l *linter) solveViolation(ctx context.Context, tx pgx.Tx, t *table, v *violation) error {
	solver := &checkSolver{table: t, cells: fake.New(2, t.name, fake.Epoch), violated: v.check}
	solver.addConstraint(v.check)
	if len(solver.columns) == 0 {
		v.reason = "its columns are keys or references"
		return nil
	}
	rows, err := solver.search(ctx, tx, 1)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		v.reason = "no row was found that breaks it alone"
		return nil
	}
	for i, col := range solver.columns {
		v.values[col.name] = nil
		if rows[0][i] != nil {
			v.values[col.name] = *rows[0][i]
		}
	}
	return nil
}

// insertRow inserts a row and checks deferred constraints at once.
func insertRow(ctx context.Context, tx pgx.Tx, t *table, values map[string]any) error {
	r := &row{table: t, values: make([]any, len(t.columns)), isSet: make([]bool, len(t.columns))}
	var args []any
	for i, c := range t.columns {
		if v, ok := values[c.name]; ok {
			r.values[i], r.isSet[i] = v, true
			args = append(args, v)
		}
	}
	if _, err := tx.Exec(ctx, r.insertSQL(nil), args...); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "set constraints all immediate")
	return err
}
