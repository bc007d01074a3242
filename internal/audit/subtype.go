package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

func (a *audit) subtypes() error {
	for _, i := range a.model.Inheritance {
		base := a.cat.Table(i.Table)
		if base == nil {
			continue
		}
		if err := a.unknownSubtypes(base, i); err != nil {
			return err
		}
		for _, s := range i.Subtypes {
			if s.Table == "" || a.cat.Table(s.Table) == nil {
				continue
			}
			a.progress(fmt.Sprintf("%s of type %s", a.name(base), s.Value), base)
			if err := a.subtype(base, i, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *audit) unknownSubtypes(base *catalog.Relation, i seedbed.Inheritance) error {
	var known []string
	for _, s := range i.Subtypes {
		known = append(known, s.Value)
	}
	n, rows, err := a.offenders(base, fmt.Sprintf("%s::text <> ALL ($1::text[])", col("t", i.Discriminator)), []string{i.Discriminator}, known)
	if err != nil {
		return a.hidden(base, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: "subtype-unknown", Object: a.name(base) + "." + i.Discriminator, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s having a %s that is not declared; known are %s", plural(n, "row"), a.name(base), i.Discriminator, strings.Join(known, ", ")),
			Fix:     "delete or correct the rows, or add the subtype to the Model"})
	}
	return nil
}

// subtype compares the two sides of a 1-to-1 relation, each with an anti-join.
func (a *audit) subtype(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype) error {
	sub := a.cat.Table(s.Table)
	value := catalog.Literal(s.Value)
	up := equal(cols("u", i.Key), cols("t", s.Key))
	down := equal(cols("u", s.Key), cols("t", i.Key))
	isType := fmt.Sprintf("%s::text = %s", col("u", i.Discriminator), value)
	checks := []struct {
		rule, object, where, message, fix string
		table                             *catalog.Relation
		columns                           []string
	}{
		{"subtype-missing", a.name(base),
			fmt.Sprintf("%s::text = %s AND NOT EXISTS (SELECT FROM %s u WHERE %s)", col("t", i.Discriminator), value, sub.Ident(), down),
			fmt.Sprintf("of %s of type %s without a row in %s", a.name(base), s.Value, a.name(sub)),
			"write the missing rows; a deferred foreign key from the base to the subtype's table prevents new ones", base, []string{i.Discriminator}},
		{"subtype-orphan", a.name(sub),
			fmt.Sprintf("NOT EXISTS (SELECT FROM %s u WHERE %s)", base.Ident(), up),
			fmt.Sprintf("of %s without a row in %s", a.name(sub), a.name(base)),
			"delete the rows; a foreign key to the base with ON DELETE CASCADE prevents new ones", sub, nil},
		{"subtype-mismatch", a.name(sub),
			fmt.Sprintf("EXISTS (SELECT FROM %[1]s u WHERE %[2]s) AND NOT EXISTS (SELECT FROM %[1]s u WHERE %[2]s AND %[3]s)", base.Ident(), up, isType),
			fmt.Sprintf("of %s having a row in %s that is not of type %s", a.name(sub), a.name(base), s.Value),
			"delete the rows; a foreign key that includes the type prevents new ones", sub, nil},
	}
	if s.Discriminator != "" {
		checks = append(checks, checks[2])
		last := &checks[3]
		last.where = fmt.Sprintf("%s::text IS DISTINCT FROM %s", col("t", s.Discriminator), value)
		last.message = fmt.Sprintf("of %s saying another type than %s", a.name(sub), s.Value)
		last.columns = []string{s.Discriminator}
	}
	for _, c := range checks {
		n, rows, err := a.offenders(c.table, c.where, c.columns)
		if err != nil {
			return a.hidden(c.table, err)
		}
		if n > 0 {
			a.find(report.Finding{Rule: c.rule, Object: c.object, Rows: n, Sample: rows, Message: plural(n, "row") + " " + c.message, Fix: c.fix})
		}
	}
	return nil
}
