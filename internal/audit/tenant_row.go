package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
)

// tenantRows looks for rows that are in the wrong place already.
func (a *audit) tenantRows() error {
	for _, s := range a.subjects {
		a.progress("tenants of "+s.name, s.rel)
		for _, sc := range s.direct() {
			if err := a.rowTenant(s, sc); err != nil {
				return err
			}
		}
		for _, name := range parentColumns(s) {
			if err := a.rowWithout(s, s.via[0], name); err != nil {
				return err
			}
		}
		if s.agg != nil {
			if err := a.aggregateRows(s); err != nil {
				return err
			}
		} else if err := a.disagreeingRows(s); err != nil {
			return err
		}
		for _, fk := range s.node.BetweenTenants() {
			if err := a.crossing(s, fk, a.subject(fk.Ref)); err != nil {
				return err
			}
		}
	}
	return a.crossingPairs()
}

// rowTenant: a row without tenant, or of one that does not exist.
func (a *audit) rowTenant(s *subject, sc seedbed.Scoped) error {
	mine := cols("t", sc.Columns)
	t, _ := a.model.Tenant(sc.Tenant)
	if tenants := a.cat.Table(t.Table); tenants != nil {
		where := fmt.Sprintf("%s AND NOT EXISTS (SELECT FROM %s u WHERE %s)", notNull(mine), tenants.Ident(), equal(cols("u", t.Key), mine))
		n, rows, err := a.offenders(s.rel, where, sc.Columns)
		if err != nil {
			return a.hidden(s.rel, err)
		}
		kept := noRemains
		if n > 0 {
			if kept, err = a.remainsOf(s, sc); err != nil {
				return err
			}
		}
		switch {
		case kept == archive:
			a.keptRows(s, sc)
		case n > 0 && kept == noRemains:
			cause, err := a.oneMissing(s.rel, tenants, where, sc.Columns)
			if err != nil {
				return err
			}
			a.find(report.Finding{Rule: "row-of-unknown-tenant", Cause: cause, Object: s.name + "." + sc.Columns[0], Rows: n, Sample: rows,
				Message: fmt.Sprintf("%s of %s belonging to %s that does not exist", plural(n, "row"), s.name, withArticle(sc.Tenant)),
				Fix:     "delete them; a foreign key to " + a.name(tenants) + " prevents new ones"})
		}
	}
	for _, name := range sc.Columns {
		if c := s.rel.Column(name); c == nil || c.Required() || sc.Optional {
			continue
		}
		if err := a.rowWithout(s, sc, name); err != nil {
			return err
		}
	}
	return nil
}

// rowWithout finds rows in which a column is NULL that says, itself or by a parent, whose they are.
func (a *audit) rowWithout(s *subject, sc seedbed.Scoped, name string) error {
	where := col("t", name) + " IS NULL"
	for _, other := range s.otherOwners(sc) {
		where += " AND " + col("t", other) + " IS NULL"
	}
	n, rows, err := a.offenders(s.rel, where, []string{name})
	if err != nil {
		return a.hidden(s.rel, err)
	}
	if n > 0 {
		f := report.Finding{Rule: "row-without-tenant", Object: s.name + "." + name, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s belonging to no %s", plural(n, "row"), s.name, sc.Tenant), Fix: "give them one, then SET NOT NULL"}
		if len(sc.Columns) > 0 {
			f.Declare = a.optional(s)
		}
		a.find(f)
	}
	return nil
}

func (a *audit) aggregateRows(s *subject) error {
	inner, _ := a.model.Tenant(s.agg.Tenant)
	tenants := a.cat.Table(inner.Table)
	if tenants == nil {
		return nil
	}
	above := a.tenantOf(tenants, "u", s.agg.Across)
	if len(above) != len(s.agg.AcrossColumns) {
		return nil
	}
	where := disagrees(tenants, inner.Key, s.agg.Columns, above, s.agg.AcrossColumns)
	n, rows, err := a.offenders(s.rel, where, append(append([]string{}, s.agg.Columns...), s.agg.AcrossColumns...))
	if err != nil {
		return a.hidden(s.rel, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "aggregate-disagrees", Object: s.name + "." + s.agg.AcrossColumns[0], Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s naming another %s than that of the %s", plural(n, "row"), s.name, s.agg.Across, s.agg.Tenant),
			Fix:     fmt.Sprintf("correct them; a composite foreign key to %s prevents new ones", a.name(tenants))})
	}
	return nil
}

// disagrees is the condition that the tenant above that of a row is another than the row says.
func disagrees(tenants *catalog.Relation, key, columns, above, outer []string) string {
	return fmt.Sprintf("EXISTS (SELECT FROM %s u WHERE %s AND ROW(%s) IS DISTINCT FROM ROW(%s))", tenants.Ident(),
		equal(cols("u", key), cols("t", columns)), strings.Join(above, ", "), strings.Join(cols("t", outer), ", "))
}

// disagreeingRows finds rows at two levels whose inner tenant is not of the outer one: the
// invitation of one organization into the project of another.
func (a *audit) disagreeingRows(s *subject) error {
	for _, up := range a.twoLevels(s) {
		where := notNull(cols("t", up.outer.Columns)) + " AND " + disagrees(up.tenants, up.level.Key, up.inner.Columns, a.tenantOf(up.tenants, "u", up.outer.Tenant), up.outer.Columns)
		n, rows, err := a.offenders(s.rel, where, append(append([]string{}, up.inner.Columns...), up.outer.Columns...))
		if err != nil {
			return a.hidden(s.rel, err)
		}
		if n > 0 {
			object := s.name + "." + up.inner.Columns[0]
			if up.key != nil {
				object = s.name + "." + up.key.Name
			}
			a.find(report.Finding{Rule: "reference-crosses", Object: object, Rows: n, Sample: rows,
				Message: fmt.Sprintf("%s of %s referencing %s that belongs to another %s", plural(n, "row"), s.name, withArticle(up.inner.Tenant), up.outer.Tenant),
				Fix:     "correct or delete them, and find the code that wrote them; a foreign key that carries the tenant prevents new ones"})
		}
	}
	return nil
}

// crossing finds rows whose reference leads into another tenant. For a key that
// carries the tenant, that is a row which is not there in its own tenant and is in
// another: written with triggers off, or before the key was validated.
func (a *audit) crossing(s *subject, fk *graph.ForeignKey, target *subject) error {
	for _, level := range a.shared(s.rel, target.rel) {
		mine, theirs := a.tenantOf(s.rel, "t", level), a.tenantOf(target.rel, "u", level)
		if len(mine) != len(theirs) {
			continue
		}
		columns, key := fk.Beyond(level)
		if len(columns) == 0 {
			continue
		}
		match := equal(cols("u", key), cols("t", columns))
		where := fmt.Sprintf("EXISTS (SELECT FROM %[1]s u WHERE %[2]s AND NOT (%[3]s)) AND NOT EXISTS (SELECT FROM %[1]s u WHERE %[2]s AND %[3]s)",
			target.rel.Ident(), match, equal(theirs, mine))
		if bound := notNull(cols("t", fk.Columns)); bound != "" {
			where = bound + " AND " + where
		}
		n, rows, err := a.crossingRows(s.rel, where, fk.Columns, level, mine, fmt.Sprintf("SELECT FROM %s u WHERE %s", target.rel.Ident(), match), theirs)
		if err != nil {
			return a.hidden(s.rel, err)
		}
		if n > 0 {
			a.find(report.Finding{Rule: "reference-crosses", Object: s.name + "." + fk.Name, Rows: n, Sample: rows,
				Message: fmt.Sprintf("%s of %s referencing a row of %s that belongs to another %s", plural(n, "row"), s.name, target.name, level),
				Fix:     "correct or delete them, and find the code that wrote them; a foreign key that carries the tenant prevents new ones"})
		}
	}
	return nil
}

func (a *audit) crossingPairs() error {
	for _, p := range a.model.Polymorphic {
		r := a.cat.Table(p.Table)
		if r == nil {
			continue
		}
		for _, t := range p.Targets {
			target := a.cat.Table(t.Table)
			if target == nil {
				continue
			}
			if err := a.crossingPair(r, p, target, t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *audit) crossingPair(r *catalog.Relation, p seedbed.Polymorphic, target *catalog.Relation, t seedbed.Target) error {
	same := a.sameTenant(r, p, target)
	if same == "" {
		return nil
	}
	id, key := comparable(r.Column(p.ID), target.Column(t.Key), col("t", p.ID), col("u", t.Key))
	there := fmt.Sprintf("SELECT FROM %s u WHERE %s = %s", target.Ident(), key, id)
	where := fmt.Sprintf("%s::text = %s AND NOT EXISTS (%s%s) AND EXISTS (%s)", col("t", p.Type), catalog.Literal(t.Type), there, same, there)
	level := a.pairLevel(r, p, target)
	n, rows, err := a.crossingRows(r, where, append([]string{p.Type, p.ID}, p.Tenant...), level, a.tenantOf(r, "t", level), there, a.tenantOf(target, "u", level))
	if err != nil {
		return a.hidden(r, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "pair-crosses", Object: a.name(r) + "." + p.ID, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s pointing at a row of %s that belongs to another tenant", plural(n, "row"), a.name(r), a.name(target)),
			Fix:     "delete them, and find the code that wrote them; a shadow key that carries the tenant prevents new ones"})
	}
	return nil
}
