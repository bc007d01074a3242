package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

func (a *audit) pairs() error {
	for _, p := range a.model.Polymorphic {
		r := a.cat.Table(p.Table)
		if r == nil {
			continue
		}
		if err := a.pair(r, p); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) pair(r *catalog.Relation, p seedbed.Polymorphic) error {
	if err := a.halfNull(r, p); err != nil {
		return err
	}
	if len(p.Targets) == 0 {
		a.unchecked("pair "+a.name(r)+tuple([]string{p.Type, p.ID}), "the Model declares no targets, so what it points at is not known; "+
			"say it in seedbed.yaml, with a target for each value of %s: "+
			"model: {polymorphic: [{table: %s, type: %s, id: %s, targets: [{type: VALUE, table: TABLE, key: id}]}]}", p.Type, a.name(r), p.Type, p.ID)
		return nil
	}
	if err := a.unknownTypes(r, p); err != nil {
		return err
	}
	for _, t := range p.Targets {
		target := a.cat.Table(t.Table)
		if target == nil {
			continue
		}
		a.progress(fmt.Sprintf("%s that point at %s", a.name(r), a.name(target)), r)
		if err := a.target(r, p, target, t); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) halfNull(r *catalog.Relation, p seedbed.Polymorphic) error {
	where := fmt.Sprintf("(%s IS NULL) <> (%s IS NULL)", col("t", p.Type), col("t", p.ID))
	n, rows, err := a.offenders(r, where, []string{p.Type, p.ID})
	if err != nil {
		return a.hidden(r, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "pair-half-null", Object: a.name(r) + "." + p.ID, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s having one of %s and %s without the other", plural(n, "row"), a.name(r), p.Type, p.ID),
			Fix:     fmt.Sprintf("correct or delete the rows; ALTER TABLE %s ADD CHECK (num_nulls(%s) IN (0, 2)) prevents new ones", r.Ident(), catalog.Idents([]string{p.Type, p.ID}))})
	}
	return nil
}

func (a *audit) unknownTypes(r *catalog.Relation, p seedbed.Polymorphic) error {
	var known []string
	for _, t := range p.Targets {
		known = append(known, t.Type)
	}
	where := fmt.Sprintf("%s::text <> ALL ($1::text[])", col("t", p.Type))
	n, rows, err := a.offenders(r, where, []string{p.Type, p.ID}, known)
	if err != nil {
		return a.hidden(r, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "pair-unknown-type", Severity: a.severityOfUnknownType(r, p), Object: a.name(r) + "." + p.Type, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s having a type that is not declared; known are %s", plural(n, "row"), a.name(r), strings.Join(known, ", ")),
			Fix:     fmt.Sprintf("delete or correct the rows; if the type is meant, add it to the targets of %s in the Model, with a shadow key", a.name(r))})
	}
	return nil
}

// severityOfUnknownType is Risk where the types that are known were gathered from
// elsewhere: there may be others. The zero severity is that of the rule.
func (a *audit) severityOfUnknownType(r *catalog.Relation, p seedbed.Polymorphic) report.Severity {
	listed := a.opt.Model != nil || len(r.Column(p.Type).Type.Underlying().Labels) > 0 ||
		slices.ContainsFunc(r.Checks(), func(k *catalog.Constraint) bool { return slices.Contains(k.Columns, p.Type) }) ||
		slices.ContainsFunc(p.Targets, func(t seedbed.Target) bool { return t.Shadow != "" })
	if listed {
		return ""
	}
	return report.Risk
}

// target takes one anti-join where all is well. Only what it finds is then told
// apart: a row that is nowhere, and one of another tenant.
func (a *audit) target(r *catalog.Relation, p seedbed.Polymorphic, target *catalog.Relation, t seedbed.Target) error {
	id, key := comparable(r.Column(p.ID), target.Column(t.Key), col("t", p.ID), col("u", t.Key))
	there := fmt.Sprintf("SELECT FROM %s u WHERE %s = %s", target.Ident(), key, id)
	own := there + a.sameTenant(r, p, target)
	ofType := fmt.Sprintf("%s::text = %s AND %s IS NOT NULL", col("t", p.Type), catalog.Literal(t.Type), col("t", p.ID))
	var missing int64
	err := a.scalar(fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s AND NOT EXISTS (%s)", r.Ident(), ofType, own), &missing)
	if err != nil {
		return a.hidden(r, err)
	}
	if missing == 0 {
		return nil
	}
	for _, kind := range []struct{ rule, where, text, fix string }{
		{"pair-orphan", fmt.Sprintf("%s AND NOT EXISTS (%s)", ofType, there),
			"%s of %s pointing at a row of %s that does not exist",
			"delete them, or restore what they point at; a shadow key prevents new ones"},
		{"pair-wrong-tenant", fmt.Sprintf("%s AND EXISTS (%s) AND NOT EXISTS (%s)", ofType, there, own),
			"%s of %s pointing at a row of %s that belongs to another tenant",
			"delete them, and find the code that wrote them; a shadow key that carries the tenant prevents new ones"},
	} {
		shown, level := append([]string{p.Type, p.ID}, p.Tenant...), a.pairLevel(r, p, target)
		find := func() (int64, []string, error) { return a.offenders(r, kind.where, shown) }
		if kind.rule == "pair-wrong-tenant" {
			find = func() (int64, []string, error) {
				return a.crossingRows(r, kind.where, shown, level, a.tenantOf(r, "t", level), there, a.tenantOf(target, "u", level))
			}
		}
		n, rows, err := find()
		if err != nil {
			return a.hidden(r, err)
		}
		if n > 0 {
			f := report.Finding{Rule: kind.rule, Object: a.name(r) + "." + p.ID, Rows: n, Sample: rows, Fix: kind.fix,
				Message: fmt.Sprintf(kind.text, plural(n, "row"), a.name(r), a.name(target))}
			if kind.rule == "pair-orphan" {
				if f.Cause, err = a.oneMissing(r, target, kind.where, []string{p.ID}); err != nil {
					return err
				}
				if t.Shadow == "" && keepsHistory(r) {
					f.Severity, f.Cause = report.Advice, "history of what was deleted"
					f.Fix = fmt.Sprintf("nothing, where %s keeps the history of rows that are deleted; otherwise %s", a.name(r), f.Fix)
				}
			}
			a.find(f)
		}
	}
	return nil
}

// sameTenant is the condition that a target shares the tenant of the pair's row,
// where the pair says that it must and the target has one.
func (a *audit) sameTenant(r *catalog.Relation, p seedbed.Polymorphic, target *catalog.Relation) string {
	if level := a.pairLevel(r, p, target); level != "" {
		return " AND " + equal(a.tenantOf(target, "u", level), a.tenantOf(r, "t", level))
	}
	return ""
}

// pairLevel is the level whose tenant a pair's row shares with its target: that of the columns
// which the pair says, or of the row through which a row without such columns has its tenant.
// Empty: none.
func (a *audit) pairLevel(r *catalog.Relation, p seedbed.Polymorphic, target *catalog.Relation) string {
	for _, level := range a.shared(r, target) {
		s, ok := a.scopeAt(r, level)
		said := len(p.Tenant) > 0 && includes(p.Tenant, s.Columns) || len(p.Tenant) == 0 && s.Via.Table != ""
		if ok && said && len(a.tenantOf(r, "t", level)) == len(a.tenantOf(target, "u", level)) {
			return level
		}
	}
	return ""
}

func (a *audit) shadows() error {
	for _, p := range a.model.Polymorphic {
		r := a.cat.Table(p.Table)
		if r == nil {
			continue
		}
		var all []string
		for _, t := range p.Targets {
			if c := r.Column(t.Shadow); c != nil {
				all = append(all, t.Shadow)
				if err := a.shadow(r, p, t, c); err != nil {
					return err
				}
			}
		}
		if len(all) > 0 {
			a.covered(r, p, all)
		}
	}
	return nil
}

func (a *audit) shadow(r *catalog.Relation, p seedbed.Polymorphic, t seedbed.Target, c *catalog.Column) error {
	object := a.name(r) + "." + t.Shadow
	if c.Generated != "s" {
		message := fmt.Sprintf("%s is an ordinary column: a row can say something else than its pair", object)
		if c.Generated == "v" {
			message = fmt.Sprintf("%s is VIRTUAL, so it can hold neither foreign key nor index; say STORED", object)
		}
		a.find(report.Finding{Rule: "pair-shadow-generated", Object: object, Message: message,
			Fix: a.generatedShadow(r, p, t, c)})
	}
	a.shadowKey(r, p, t)
	where := fmt.Sprintf("%s::text IS DISTINCT FROM CASE WHEN %s::text = %s THEN %s::text END",
		col("t", t.Shadow), col("t", p.Type), catalog.Literal(t.Type), col("t", p.ID))
	n, rows, err := a.offenders(r, where, []string{p.Type, p.ID, t.Shadow})
	if err != nil {
		return a.hidden(r, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "pair-shadow-disagrees", Object: object, Rows: n, Sample: rows,
			Message: fmt.Sprintf("in %s of %s, %s is not what %s and %s say", plural(n, "row"), a.name(r), t.Shadow, p.Type, p.ID),
			Fix:     "correct the column's expression: " + c.Expr})
	}
	return nil
}

// shadowKey looks for the foreign key that a shadow is there for.
func (a *audit) shadowKey(r *catalog.Relation, p seedbed.Polymorphic, t seedbed.Target) {
	target := a.cat.Table(t.Table)
	if target == nil {
		return
	}
	needed := []string{t.Shadow}
	if a.sameTenant(r, p, target) != "" {
		needed = append(needed, p.Tenant...)
	}
	var near string
	for _, fk := range a.graph.ForeignKeysOf(r) {
		if fk.Ref.Root() != target.Root() || !fk.Has(t.Shadow) {
			continue
		}
		if includes(fk.Columns, needed) {
			return
		}
		near = fk.Name
	}
	message := fmt.Sprintf("%s.%s has no foreign key to %s", a.name(r), t.Shadow, a.name(target))
	if near != "" {
		message = fmt.Sprintf("%s.%s has a foreign key to %s that leaves %s out (%s): it accepts another tenant's row",
			a.name(r), t.Shadow, a.name(target), strings.Join(p.Tenant, ", "), near)
	}
	a.find(report.Finding{Rule: "pair-shadow-foreign-key", Object: a.name(r) + "." + t.Shadow, Message: message,
		Fix: a.addShadowKey(r, p, target, t, t.Shadow)})
}

// covered looks for what makes a type without shadow impossible.
func (a *audit) covered(r *catalog.Relation, p seedbed.Polymorphic, shadows []string) {
	for _, t := range p.Targets {
		if r.Column(t.Shadow) == nil {
			a.find(report.Finding{Rule: "pair-shadow-missing", Object: a.name(r) + "." + p.ID,
				Message: fmt.Sprintf("type %s of %s has no shadow key, the others do", t.Type, a.name(r)),
				Fix:     a.newShadow(r, p, t)})
		}
	}
	for _, k := range r.Checks() {
		if k.Enforced && demandsOne(k.Expr, shadows) {
			return
		}
	}
	a.find(report.Finding{Rule: "pair-not-covered", Object: a.name(r) + "." + p.ID,
		Message: fmt.Sprintf("no CHECK of %s demands that one of its %d shadow keys is set", a.name(r), len(shadows)),
		Fix:     fmt.Sprintf("ALTER TABLE %s ADD CHECK (num_nonnulls(%s) = 1)", r.Ident(), catalog.Idents(shadows))})
}

// shadowColumn is SQL that adds a generated column for a target of a pair.
func shadowColumn(r *catalog.Relation, p seedbed.Polymorphic, t seedbed.Target, name string) string {
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s GENERATED ALWAYS AS (CASE WHEN %s = %s THEN %s END) STORED",
		r.Ident(), catalog.Ident(name), r.Column(p.ID).SQLType, catalog.Ident(p.Type), strings.TrimSpace(catalog.Literal(t.Type)), catalog.Ident(p.ID))
}

// addShadowKey is SQL for the foreign key of a shadow, with the tenant where the target
// shares it.
func (a *audit) addShadowKey(r *catalog.Relation, p seedbed.Polymorphic, target *catalog.Relation, t seedbed.Target, shadow string) string {
	columns, key := []string{shadow}, []string{t.Key}
	if level := a.pairLevel(r, p, target); level != "" && len(p.Tenant) > 0 {
		mine, _ := a.scopeAt(r, level)
		theirs, ok := a.scopeAt(target, level)
		if ok {
			columns, key = slices.Concat(mine.Columns, columns), slices.Concat(theirs.Columns, key)
		}
	}
	return addKey(r, columns, target, key, " ON DELETE CASCADE")
}

// newShadow is SQL for a shadow that a target of a pair has not.
func (a *audit) newShadow(r *catalog.Relation, p seedbed.Polymorphic, t seedbed.Target) string {
	name, target := t.Shadow, a.cat.Table(t.Table)
	if name == "" {
		name = strings.ReplaceAll(t.Type, ".", "_") + "_" + t.Key
	}
	if target == nil || r.Column(name) != nil {
		return fmt.Sprintf("add a column GENERATED ALWAYS AS (CASE WHEN %s = %s THEN %s END) STORED with a foreign key to %s", p.Type, catalog.Literal(t.Type), p.ID, t.Table)
	}
	return shadowColumn(r, p, t, name) + "; " + a.addShadowKey(r, p, target, t, name)
}

// generatedShadow is SQL that makes a generated column of an ordinary shadow: what hangs on
// the column goes with it, so that its foreign key and the CHECKs that count it are made anew.
func (a *audit) generatedShadow(r *catalog.Relation, p seedbed.Polymorphic, t seedbed.Target, c *catalog.Column) string {
	sql := fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s CASCADE; %s", r.Ident(), catalog.Ident(c.Name), shadowColumn(r, p, t, c.Name))
	for _, k := range r.Constraints {
		if !contains(k.Columns, c.Name) || k.Definition == "" {
			continue
		}
		sql += fmt.Sprintf("; ALTER TABLE %s ADD CONSTRAINT %s %s", r.Ident(), catalog.Ident(k.Name), k.Definition)
	}
	for _, ix := range r.Indexes {
		if ix.Constraint == nil && contains(ix.Columns(), c.Name) {
			sql += "; " + ix.Definition
		}
	}
	return sql
}

// demandsOne reports whether a CHECK says num_nonnulls(all shadows) = 1, alone or
// among others that must hold as well.
func demandsOne(expr string, shadows []string) bool {
	tokens := sqltext.Unwrap(sqltext.Tokens(expr))
	if sides := sqltext.TopLevel(tokens, "AND"); len(sides) > 1 {
		return slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return countsOne(sqltext.Unwrap(side), shadows) })
	}
	return countsOne(tokens, shadows)
}

func countsOne(tokens []sqltext.Token, shadows []string) bool {
	if len(tokens) < 4 || !tokens[0].Is("num_nonnulls") {
		return false
	}
	end := sqltext.Closing(tokens)
	if rest := tokens[end+1:]; len(rest) != 2 || !rest[0].Is("=") || rest[1].Text != "1" {
		return false
	}
	var counted []string
	for _, t := range tokens[1:end] {
		if t.IsIdentifier() {
			counted = append(counted, t.Text)
		}
	}
	return includes(counted, shadows)
}

// scalar reads one row of one query, in the transaction that sees everything.
func (a *audit) scalar(sql string, dest ...any) error {
	if err := a.bypass.sees(sql); err != nil {
		return err
	}
	return a.bypass.tx.QueryRow(a.ctx, sql).Scan(dest...)
}
