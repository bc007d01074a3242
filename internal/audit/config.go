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
			if err := a.configType(base, i, s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// configType: settings may repeat the type, under the discriminator's name; then it
// must not be that of a sibling.
func (a *audit) configType(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype, c *catalog.Column) error {
	var others []string
	for _, other := range i.Subtypes {
		if other.Value != s.Value {
			others = append(others, other.Value)
		}
	}
	where := fmt.Sprintf("%s::text = %s AND %s::jsonb ->> %s = ANY ($1::text[])", col("t", i.Discriminator), catalog.Literal(s.Value), col("t", c.Name), catalog.Literal(i.Discriminator))
	return a.configRows(base, i, s, c, "config-disagrees", where, "whose settings in %s name another "+i.Discriminator, others)
}

func (a *audit) configRows(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype, c *catalog.Column, rule, where, message string, args ...any) error {
	n, rows, err := a.offenders(base, where, []string{i.Discriminator, c.Name}, args...)
	if err != nil {
		return a.hidden(base, err)
	}
	if n > 0 {
		a.find(report.Finding{Rule: rule, Object: a.name(base) + "." + c.Name, Rows: n, Sample: rows,
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
		a.find(report.Finding{Rule: "config-unchecked", Object: a.name(base) + "." + s.Column,
			Message: fmt.Sprintf("no CHECK of %s says what %s of type %s holds; that of %s is checked", a.name(base), s.Column, s.Value, pinned[0].Value),
			Fix:     configCheck(base, i, s)})
	}
}

// configCheck is SQL for the CHECK of a subtype's settings, with the least that can be
// asked of them.
func configCheck(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype) string {
	holds := catalog.Ident(s.Column) + " IS NOT NULL"
	if typ := base.Column(s.Column).Type.Underlying().Name; typ == "jsonb" || typ == "json" {
		holds = fmt.Sprintf("%s_typeof(%s) = 'object'", typ, catalog.Ident(s.Column))
	}
	return fmt.Sprintf("ALTER TABLE %s ADD CHECK (%s <> %s OR (%s) IS TRUE) NOT VALID; /* and AND for each key that it must have; then VALIDATE it */",
		base.Ident(), catalog.Ident(i.Discriminator), strings.TrimSpace(catalog.Literal(s.Value)), holds)
}

func hasConfigCheck(base *catalog.Relation, i seedbed.Inheritance, s seedbed.Subtype) bool {
	for _, k := range base.Checks() {
		if !k.Enforced || !includes(k.Columns, []string{i.Discriminator, s.Column}) {
			continue
		}
		for _, t := range sqltext.Tokens(k.Expr) {
			if t.Kind == sqltext.String && t.Text == s.Value {
				return true
			}
		}
	}
	return false
}
