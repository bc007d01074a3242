package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
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
		a.find(Finding{Rule: "subtype-unknown", Object: a.name(base) + "." + i.Discriminator, Rows: n, Sample: rows,
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
			a.find(Finding{Rule: c.rule, Object: c.object, Rows: n, Sample: rows, Message: plural(n, "row") + " " + c.message, Fix: c.fix})
		}
	}
	return nil
}

// configs checks the settings that subtypes keep in a column of the base. Their
// shape is what the CHECK constraints say, which are evaluated with all others.
func (a *audit) configs() error {
	for _, i := range a.model.Inheritance {
		base := a.cat.Table(i.Table)
		if base == nil {
			continue
		}
		columns := configColumns(base, i)
		if a.opt.Model == nil && len(columns) == 1 {
			i.Subtypes = likeSiblings(i.Subtypes, columns[0])
		}
		for _, s := range i.Subtypes {
			if err := a.config(base, i, s, columns); err != nil {
				return err
			}
		}
		a.configChecks(base, i)
	}
	return nil
}

// likeSiblings gives subtypes that a Model which was read places nowhere the column
// of the others: what would have told is the CHECK that is missing.
func likeSiblings(subtypes []seedbed.Subtype, column string) []seedbed.Subtype {
	out := slices.Clone(subtypes)
	for i := range out {
		if out[i].Table == "" {
			out[i].Column = column
		}
	}
	return out
}

func configColumns(base *catalog.Relation, i seedbed.Inheritance) []string {
	var out []string
	for _, s := range i.Subtypes {
		if base.Column(s.Column) != nil && !slices.Contains(out, s.Column) {
			out = append(out, s.Column)
		}
	}
	return out
}

func (a *audit) config(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype, columns []string) error {
	ofType := fmt.Sprintf("%s::text = %s AND ", col("t", i.Discriminator), catalog.Literal(s.Value))
	for _, name := range columns {
		c := base.Column(name)
		rule, where, message := "config-not-expected", col("t", name)+" IS NOT NULL", "having a table of its own, and settings in %s as well"
		if s.Column == name {
			rule, where, message = "config-missing", col("t", name)+" IS NULL", "without settings in %s"
		} else if s.Column != "" || s.Table == "" {
			continue
		}
		if err := a.configRows(base, i, s, c, rule, ofType+where, message); err != nil {
			return err
		}
		if json := c.Type.Underlying().Name; s.Column == name && (json == "jsonb" || json == "json") {
			where := fmt.Sprintf("%s%s_typeof(%s) <> 'object'", ofType, json, col("t", name))
			if err := a.configRows(base, i, s, c, "config-not-object", where, "with settings in %s that are no JSON object"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *audit) configRows(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype, c *catalog.Column, rule, where, message string) error {
	n, rows, err := a.offenders(base, where, []string{i.Discriminator, c.Name})
	if err != nil {
		return a.hidden(base, err)
	}
	if n > 0 {
		a.find(Finding{Rule: rule, Object: a.name(base) + "." + c.Name, Rows: n, Sample: rows,
			Message: fmt.Sprintf("%s of %s of type %s %s", plural(n, "row"), a.name(base), s.Value, fmt.Sprintf(message, c.Name)),
			Fix:     fmt.Sprintf("correct the rows; a CHECK on %s and %s prevents new ones", i.Discriminator, c.Name)})
	}
	return nil
}

// configChecks reports the subtypes whose settings nothing pins, where those of
// their siblings are pinned.
func (a *audit) configChecks(base *catalog.Relation, i seedbed.Inheritance) {
	var open, pinned []seedbed.Subtype
	for _, s := range i.Subtypes {
		switch {
		case s.Column == "":
		case hasConfigCheck(base, i, s):
			pinned = append(pinned, s)
		default:
			open = append(open, s)
		}
	}
	if len(pinned) == 0 {
		return
	}
	for _, s := range open {
		a.find(Finding{Rule: "config-unchecked", Object: a.name(base) + "." + s.Column,
			Message: fmt.Sprintf("no CHECK of %s says what %s of type %s holds; that of %s is checked", a.name(base), s.Column, s.Value, pinned[0].Value),
			Fix:     fmt.Sprintf("ALTER TABLE %s ADD CHECK (%s <> %s OR (…) IS TRUE) NOT VALID, then VALIDATE it", base.Ident(), i.Discriminator, catalog.Literal(s.Value))})
	}
}

func hasConfigCheck(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype) bool {
	for _, k := range base.Checks() {
		if !k.Enforced || !includes(k.Columns, []string{i.Discriminator, s.Column}) {
			continue
		}
		for _, t := range lex(k.Expr) {
			if t.kind == stringToken && t.text == s.Value {
				return true
			}
		}
	}
	return false
}
