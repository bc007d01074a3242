package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// foreignKeys proves every foreign key with an anti-join: triggers that were off
// during a load leave no trace in the catalog.
func (a *audit) foreignKeys() error {
	for _, fk := range a.graph.ForeignKeys {
		if fk.Period || fk.Table.Kind == catalog.ForeignTable {
			continue
		}
		a.progress(fmt.Sprintf("%s of %s", fk.Name, a.name(fk.Table)), fk.Table)
		if err := a.foreignKey(fk); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) foreignKey(fk *graph.ForeignKey) error {
	mine, theirs := cols("t", fk.Columns), cols("u", fk.RefColumns)
	where := fmt.Sprintf("%s AND NOT EXISTS (SELECT FROM %s u WHERE %s)", notNull(mine), fk.Ref.Ident(), equal(theirs, mine))
	if fk.Match == "f" && len(mine) > 1 {
		where = fmt.Sprintf("(%s) OR num_nulls(%s) BETWEEN 1 AND %d", where, strings.Join(mine, ", "), len(mine)-1)
	}
	n, rows, err := a.offenders(fk.Table, where, fk.Columns)
	if err != nil {
		return a.hidden(fk.Table, err)
	}
	if n > 0 {
		cause, err := a.oneMissing(fk.Table, fk.Ref, where, fk.Columns)
		if err != nil {
			return err
		}
		a.find(report.Finding{Rule: "foreign-key-orphan", Cause: cause, Object: a.name(fk.Table) + "." + fk.Name, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s referencing a row of %s that does not exist, by %s", plural(n, "row"), a.name(fk.Table), a.name(fk.Ref), tuple(fk.Columns)),
			Fix:     "delete the rows or restore what they reference; then find what wrote them with triggers off"})
	}
	return nil
}

// condition is a constraint as something that must not be false.
type condition struct {
	name, object, sql, definition string
	columns                       []string
}

func (c condition) fix(r *catalog.Relation) string {
	if r.Constraint(c.name) == nil {
		return "correct the rows, and find what wrote them past the constraint"
	}
	return fmt.Sprintf("correct the rows, then ALTER TABLE %s VALIDATE CONSTRAINT %s", r.Ident(), catalog.Ident(c.name))
}

// checks evaluates every CHECK and NOT NULL of a table in one pass over it.
func (a *audit) checks() error {
	for _, r := range a.tables {
		conditions := a.conditions(r)
		if len(conditions) == 0 {
			continue
		}
		a.progress("checks of "+a.name(r), r)
		if err := a.evaluate(r, conditions); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) conditions(r *catalog.Relation) []condition {
	var out []condition
	for _, k := range r.Checks() {
		out = append(out, condition{k.Name, a.name(r) + "." + k.Name, k.Expr, k.Definition, k.Columns})
	}
	for _, c := range r.Columns {
		if k := notNullOf(r, c); k != nil {
			// Of IS NOT NULL the planner knows the answer beforehand.
			out = append(out, condition{k.Name, a.name(r) + "." + k.Name, "num_nulls(" + catalog.Ident(c.Name) + ") = 0", "NOT NULL " + c.Name, []string{c.Name}})
		}
		for _, d := range c.Type.Domains() {
			for _, k := range d.Checks {
				out = append(out, condition{k.Name, a.name(r) + "." + c.Name, domainCheck(k.Expr, c.Name), "domain " + d.SQL + ": " + k.Definition, []string{c.Name}})
			}
		}
	}
	return out
}

// notNullOf is the constraint by which a column is NOT NULL; before Postgres 18 it
// has no name of its own.
func notNullOf(r *catalog.Relation, c *catalog.Column) *catalog.Constraint {
	for _, k := range r.Constraints {
		if k.Kind == catalog.NotNull && contains(k.Columns, c.Name) {
			return k
		}
	}
	if c.NotNull {
		return &catalog.Constraint{Name: c.Name}
	}
	return nil
}

// domainCheck puts a column where a domain's CHECK says VALUE.
func domainCheck(expr, column string) string {
	var b strings.Builder
	last := 0
	for _, t := range sqltext.Tokens(expr) {
		if t.Is("value") {
			b.WriteString(expr[last:t.Pos] + catalog.Ident(column))
			last = t.End
		}
	}
	return b.String() + expr[last:]
}

func (a *audit) evaluate(r *catalog.Relation, conditions []condition) error {
	var counts []string
	for _, c := range conditions {
		counts = append(counts, fmt.Sprintf("count(*) FILTER (WHERE NOT (%s))", c.sql))
	}
	broken := make([]int64, len(conditions))
	dest := make([]any, len(broken))
	for i := range broken {
		dest[i] = &broken[i]
	}
	if err := a.scalar(fmt.Sprintf("SELECT %s FROM %s", strings.Join(counts, ", "), r.Ident()), dest...); err != nil {
		return a.hidden(r, err)
	}
	for i, c := range conditions {
		if broken[i] == 0 {
			continue
		}
		_, rows, err := a.offenders(r, "NOT ("+c.sql+")", c.columns)
		if err != nil {
			return a.hidden(r, err)
		}
		a.find(report.Finding{Rule: "constraint-broken", Object: c.object, Rows: broken[i], Sample: rows, Evidence: []string{c.definition},
			Message: fmt.Sprintf("%s of %s breaking the constraint %s", plural(broken[i], "row"), a.name(r), c.name),
			Fix:     c.fix(r)})
	}
	return nil
}

// constraints reads from the catalog what is switched off.
func (a *audit) constraints() error {
	off, err := a.triggersOff()
	if err != nil {
		return err
	}
	a.tablesWithoutTriggers(off)
	for _, r := range a.cat.Relations {
		if !r.IsTable() {
			continue
		}
		for _, k := range r.Constraints {
			if !k.Inherited || off[k.OID] != nil {
				a.constraint(r, k, off[k.OID])
			}
		}
		a.triggers(r)
		a.indexes(r)
		a.keyless(r)
	}
	for _, t := range a.cat.Types {
		for _, k := range t.Checks {
			if !k.Validated {
				a.find(report.Finding{Rule: "constraint-not-valid", Object: t.SQL + "." + k.Name, Evidence: []string{k.Definition},
					Message: fmt.Sprintf("constraint %s of domain %s was never validated", k.Name, t.SQL),
					Fix:     a.validateDomain(t, k)})
			}
		}
	}
	return a.replicas()
}

// validateDomain is SQL that validates a domain's constraint, where Postgres can: it reads
// no arrays.
func (a *audit) validateDomain(t *catalog.Type, k *catalog.Constraint) string {
	for _, r := range a.tables {
		for _, c := range r.Columns {
			if c.Type.Elem != nil && slices.Contains(c.Type.Elem.Domains(), t) {
				return fmt.Sprintf("look for rows of %s whose %s breaks it: Postgres validates no constraint of a domain that lies in an array", a.name(r), c.Name)
			}
		}
	}
	return fmt.Sprintf("ALTER DOMAIN %s VALIDATE CONSTRAINT %s", catalog.Ident(t.Schema, t.Name), catalog.Ident(k.Name))
}

// constraint looks at one of r's. off is the table at which its triggers are switched off, or nil.
func (a *audit) constraint(r *catalog.Relation, k *catalog.Constraint, off *catalog.Relation) {
	object := a.name(r) + "." + k.Name
	switch {
	case !k.Enforced:
		a.find(report.Finding{Rule: "constraint-off", Object: object, Evidence: []string{k.Definition},
			Message: fmt.Sprintf("constraint %s of %s is NOT ENFORCED", k.Name, a.name(r)),
			Fix:     fmt.Sprintf("ALTER TABLE %s ALTER CONSTRAINT %s ENFORCED", r.Ident(), catalog.Ident(k.Name))})
	case off != nil:
		a.find(report.Finding{Rule: "constraint-off", Cause: triggersOf(a.name(off)), Object: object, Evidence: []string{k.Definition},
			Message: fmt.Sprintf("the triggers that enforce %s of %s are disabled", k.Name, a.name(r)),
			Fix:     fmt.Sprintf("ALTER TABLE %s ENABLE TRIGGER ALL", off.Ident())})
	case !k.Validated:
		a.find(report.Finding{Rule: "constraint-not-valid", Cause: "not validated", Object: object, Evidence: []string{k.Definition},
			Message: fmt.Sprintf("constraint %s of %s was never validated", k.Name, a.name(r)),
			Fix:     fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", r.Ident(), catalog.Ident(k.Name))})
	}
}

// keyless finds tables of rows that belong to tenants, or refer to others, which nothing
// tells apart, or not by the id that they have.
func (a *audit) keyless(r *catalog.Relation) {
	if r.Partition || r.Bookkeeping() || r.Persistence == "t" || len(r.Parents) > 0 || r.PrimaryKey() != nil || r.Extension != "" {
		return
	}
	if t := a.graph.Of(r); len(a.scopes(r))+len(t.ForeignKeys)+len(t.ReferencedKeys) == 0 && !a.idNamedElsewhere(t) {
		return
	}
	f := report.Finding{Rule: "table-without-key", Cause: "no primary keys", Object: a.name(r),
		Message: fmt.Sprintf("%s has no primary key", a.name(r)),
		Fix:     a.primaryKey(r)}
	if identified(r) {
		id := r.Column("id")
		if id == nil || !id.Required() || r.Kind == catalog.PartitionedTable || slices.ContainsFunc(r.Indexes, func(ix *catalog.Index) bool { return ix.Unique && contains(ix.Columns(), id.Name) }) {
			return
		}
		f.Message += fmt.Sprintf(", and two rows may have the same %s", id.Name)
		f.Fix = fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", r.Ident(), catalog.Ident(id.Name))
	}
	a.find(f)
}

// idNamedElsewhere reports whether a column of another table is named for the id of one, and of
// its type: tenant_id for tenants.
func (a *audit) idNamedElsewhere(t *graph.Table) bool {
	id := t.Relation.Column("id")
	return id != nil && slices.ContainsFunc(a.graph.Tables, func(other *graph.Table) bool {
		return other != t && slices.ContainsFunc(other.Relation.Columns, func(c *catalog.Column) bool {
			w := words(c.Name)
			return len(w) > 1 && w[len(w)-1] == "id" && named(tableName(t), strings.Join(w[:len(w)-1], "_")) && sameType(id, c) && !other.InForeignKey(c.Name)
		})
	})
}

// primaryKey is SQL that gives a table its primary key: of a unique index that is there,
// else of a new column, with the tenant's before it.
func (a *audit) primaryKey(r *catalog.Relation) string {
	for _, ix := range r.Indexes {
		keys := ix.Columns()
		nullable := func(name string) bool { return !r.Column(name).Required() }
		if !ix.Unique || ix.Predicate != "" || ix.Partition || len(keys) < len(ix.Keys) || slices.ContainsFunc(keys, nullable) {
			continue
		}
		return fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s); /* on a large table: ADD PRIMARY KEY USING INDEX, of an index built CONCURRENTLY */", r.Ident(), catalog.Idents(keys))
	}
	var columns []string
	if s := a.subject(r); s != nil && len(s.direct()) > 0 && !s.direct()[0].Optional {
		columns = s.direct()[0].Columns
	}
	for _, name := range r.PartitionBy {
		if !contains(columns, name) {
			columns = append(slices.Clone(columns), name)
		}
	}
	if id := r.Column("id"); id != nil && id.Required() && len(columns) == 0 && r.Strategy == "" {
		return fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", r.Ident(), catalog.Ident(id.Name))
	}
	if r.Column("id") != nil || r.Strategy != "" && len(r.PartitionBy) == 0 {
		return "choose the columns that tell its rows apart, the tenant's first, and ADD PRIMARY KEY"
	}
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(), ADD PRIMARY KEY (%s); /* or of columns that tell its rows apart already */",
		r.Ident(), catalog.Idents(append(slices.Clone(columns), "id")))
}

// identified reports whether a unique key over columns that are never NULL tells the rows of
// a table apart.
func identified(r *catalog.Relation) bool {
	return slices.ContainsFunc(r.Indexes, func(ix *catalog.Index) bool {
		return ix.Unique && ix.Valid && ix.Predicate == "" && !slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool {
			c := r.Column(k.Column)
			return c == nil || !c.Required()
		})
	})
}

func (a *audit) indexes(r *catalog.Relation) {
	for _, ix := range r.Indexes {
		switch {
		case ix.Valid && ix.Ready:
		case r.Kind == catalog.PartitionedTable:
			a.find(report.Finding{Rule: "partition-broken", Cause: "indexes not attached", Object: a.name(r) + "." + ix.Name, Evidence: []string{ix.Definition},
				Message: fmt.Sprintf("index %s of %s is invalid: a partition has no index attached to it", ix.Name, a.name(r)),
				Fix:     fmt.Sprintf("create the index on each partition and ALTER INDEX %s ATTACH PARTITION it", catalog.Ident(ix.Schema, ix.Name))})
		default:
			a.find(report.Finding{Rule: "index-invalid", Object: a.name(r) + "." + ix.Name, Evidence: []string{ix.Definition},
				Message: fmt.Sprintf("index %s of %s is invalid: CREATE INDEX CONCURRENTLY failed half-way", ix.Name, a.name(r)),
				Fix:     fmt.Sprintf("REINDEX INDEX CONCURRENTLY %s", catalog.Ident(ix.Schema, ix.Name))})
		}
	}
}

// deferred asks, in a transaction of the caller's, what COMMIT would say.
func (a *audit) deferred() error {
	tx, err := a.db.Begin(a.ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(a.ctx) //nolint:errcheck // nothing is to be kept
	_, err = tx.Exec(a.ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err
	}
	a.find(report.Finding{Rule: "deferred-pending", Object: pgErr.TableName + "." + pgErr.ConstraintName,
		Message:  fmt.Sprintf("COMMIT would fail: %s", pgErr.Message),
		Evidence: []string{pgErr.Detail},
		Fix:      "write what the constraint asks for before the transaction ends"})
	return nil
}
