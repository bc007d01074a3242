package audit

import (
	"fmt"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

func (a *audit) sequences() error {
	for _, s := range a.cat.Sequences {
		if s.Column != nil {
			if err := a.sequence(s, s.Column); err != nil {
				return err
			}
			continue
		}
		for _, r := range a.tables {
			for _, c := range r.Columns {
				if a.fills(s, c) {
					if err := a.sequence(s, c); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// fills reports whether a column's default calls nextval on a sequence that it does not own.
func (a *audit) fills(s *catalog.Sequence, c *catalog.Column) bool {
	tokens := sqltext.Tokens(c.Default)
	for i, t := range tokens {
		if t.Is("nextval") && i+2 < len(tokens) && tokens[i+2].Kind == sqltext.String {
			schema, name := catalog.SplitName(tokens[i+2].Text)
			return name == s.Name && (schema == "" || schema == s.Schema)
		}
	}
	return false
}

func (a *audit) sequence(s *catalog.Sequence, c *catalog.Column) error {
	if c.Table == nil || !c.Table.IsTable() || c.Table.Partition {
		return nil
	}
	edge, past := "max", ">"
	if s.Increment < 0 {
		edge, past = "min", "<"
	}
	// A sequence that is unused yet hands out its start; last_value says so
	// with is_called.
	var behind bool
	var reached, next string
	err := a.scalar(fmt.Sprintf(`SELECT coalesce(m.v %[1]s= n.v, false), coalesce(m.v::text, ''), n.v::text
		FROM (SELECT %[2]s(%[3]s)::numeric v FROM %[4]s) m,
		     (SELECT CASE WHEN is_called THEN last_value + %[5]d ELSE last_value END::numeric v FROM %[6]s) n`,
		past, edge, catalog.Ident(c.Name), c.Table.Ident(), s.Increment, catalog.Ident(s.Schema, s.Name)), &behind, &reached, &next)
	if err != nil {
		return a.hidden(c.Table, err)
	}
	object := a.name(c.Table) + "." + c.Name
	if behind {
		f := report.Finding{Rule: "sequence-behind", Object: object,
			Message:  fmt.Sprintf("%s holds %s already, and sequence %s hands out %s next", object, reached, s.Name, next),
			Evidence: []string{"sequence " + s.Schema + "." + s.Name},
			Fix:      fmt.Sprintf("SELECT setval(%s, (SELECT %s(%s) FROM %s))", catalog.Literal(catalog.Ident(s.Schema, s.Name)), edge, catalog.Ident(c.Name), c.Table.Ident())}
		if !slices.ContainsFunc(c.Table.Indexes, func(ix *catalog.Index) bool { return ix.Unique && contains(ix.Columns(), c.Name) }) {
			f.Severity = report.Advice
			f.Message += ", which no unique key refuses"
		}
		a.find(f)
	}
	return a.exhausted(s, c, object)
}

// widened is SQL that gives a counted column and its sequence 64 bits.
func widened(s *catalog.Sequence, c *catalog.Column) string {
	if c.Type.Underlying().Name == "int8" {
		return "raise the sequence's MAXVALUE, or begin again below the values that are used"
	}
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE bigint; ALTER SEQUENCE %s AS bigint MAXVALUE 9223372036854775807", c.Table.Ident(), catalog.Ident(c.Name), catalog.Ident(s.Schema, s.Name))
}

func (a *audit) exhausted(s *catalog.Sequence, c *catalog.Column, object string) error {
	if s.Cycle {
		return nil
	}
	limit := s.Max
	if s.Increment < 0 {
		limit = s.Min
	}
	// A bigint sequence may fill an integer column.
	switch c.Type.Underlying().Name {
	case "int4":
		limit = min(max(limit, -1<<31), 1<<31-1)
	case "int2":
		limit = min(max(limit, -1<<15), 1<<15-1)
	}
	var used float64
	err := a.scalar(fmt.Sprintf("SELECT CASE WHEN is_called THEN (last_value - (%d))::float8 / nullif(%d::float8 - (%d), 0) ELSE 0 END FROM %s",
		s.Start, limit, s.Start, catalog.Ident(s.Schema, s.Name)), &used)
	if err != nil {
		return a.hidden(c.Table, err)
	}
	if used >= 0.9 {
		a.find(report.Finding{Rule: "sequence-exhausted", Object: object,
			Message: fmt.Sprintf("sequence %s of %s has used %.0f%% of its values, up to %d", s.Name, object, used*100, limit),
			Fix:     widened(s, c)})
	}
	return nil
}
