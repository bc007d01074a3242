package infer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// findSharedRows marks the scopes whose columns may be NULL where the schema or the rows say
// that such a row is every tenant's: a catalogue that migrations fill.
func (n *inference) findSharedRows() error {
	for _, t := range n.tables {
		err := n.shareRows(t, func(s *Scope) (string, error) {
			if why := whyShared(t, s.Columns); why != "" || t.RLS {
				return why, nil
			}
			return n.rowsWithoutTenant(t, s.Columns)
		})
		if err != nil {
			return err
		}
	}
	for _, t := range n.tables {
		err := n.shareRows(t, func(s *Scope) (string, error) {
			if t.RLS {
				return "", nil
			}
			return n.partsOfShared(t, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shareRows marks the scopes of a table that may be NULL and for which whyShared has a
// reason.
func (n *inference) shareRows(t *table, whyShared func(*Scope) (string, error)) error {
	for i := range t.scopes {
		s := &t.scopes[i]
		if s.Optional || s.Across != nil || len(s.Columns) == 0 || required(t.Relation, s.Columns) {
			continue
		}
		why, err := whyShared(s)
		if err != nil {
			return err
		}
		if other := n.otherTenantWay(t, s); why != "" && other != "" {
			why = other
		} else if why != "" {
			why += ": such rows are every tenant's"
		}
		if why != "" {
			s.Optional = true
			n.addReason("scoped "+t.name, why)
		}
	}
	return nil
}

// otherTenantWay says that a row without a tenant has one all the same: a check says when the
// column is NULL, and has a reference in it that leads to a tenant. "": no check does.
func (n *inference) otherTenantWay(t *table, s *Scope) string {
	for _, k := range t.Checks() {
		tokens := sqltext.Tokens(k.Expr)
		if !slices.ContainsFunc(s.Columns, func(c string) bool { return allowsNull(tokens, c) || countsOwners(tokens, c) }) {
			continue
		}
		for _, ref := range t.references {
			to := n.tableOf[ref.To]
			if subset(ref.Columns, k.Columns) && !slices.Contains(ref.Columns, s.Columns[0]) && (to.level != nil || len(to.innermostLevels()) > 0) {
				return fmt.Sprintf("check %s says when %s is NULL: the row then is of the %s of its row of %s, by %s",
					k.Name, columnList(s.Columns), s.Level.Name, to.name, columnList(ref.Columns))
			}
		}
	}
	return ""
}

// whyShared is what the schema has for rows without a tenant beside the column that
// may be NULL: a unique index over such rows, a check that tells them from others, a
// policy that shows them to every session. "": nothing.
func whyShared(t *table, columns []string) string {
	null := func(expr string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return allowsNull(sqltext.Tokens(expr), c) })
	}
	for _, ix := range t.Indexes {
		if ix.Unique && null(ix.Predicate) {
			return fmt.Sprintf("index %s is over the rows in which %s is NULL", ix.Name, columnList(columns))
		}
	}
	for _, k := range t.Checks() {
		if len(k.Columns) > len(columns) && (null(k.Expr) || countsOwners(sqltext.Tokens(k.Expr), columns[0])) {
			return fmt.Sprintf("check %s says when %s is NULL", k.Name, columnList(columns))
		}
	}
	for _, p := range t.Policies {
		if p.Command == "SELECT" && null(p.Using) {
			return fmt.Sprintf("policy %s shows the rows in which %s is NULL", p.Name, columnList(columns))
		}
	}
	return ""
}

// countsOwners reports whether an expression says that one of several columns is set, of which
// column is one: num_nonnulls(a, b) = 1, or a IS NOT NULL OR b IS NOT NULL.
func countsOwners(tokens []sqltext.Token, column string) bool {
	tokens = sqltext.Unwrap(tokens)
	named := slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.IsIdentifier() && t.Text == column })
	if !named {
		return false
	}
	if len(tokens) > 0 && (tokens[0].Is("num_nonnulls") || tokens[0].Is("num_nulls")) {
		return true
	}
	sides := sqltext.TopLevel(tokens, "OR")
	return len(sides) > 1 && !slices.ContainsFunc(sides, func(side []sqltext.Token) bool {
		side = sqltext.Unwrap(side)
		return len(side) != 4 || !sqltext.At(side, 1, "IS", "NOT", "NULL")
	})
}

// allowsNull reports whether an expression has "column IS NULL" outside of a NOT.
func allowsNull(tokens []sqltext.Token, column string) bool {
	for i := range tokens {
		if i+2 >= len(tokens) || !tokens[i].IsIdentifier() || tokens[i].Text != column || !tokens[i+1].Is("IS") || !tokens[i+2].Is("NULL") {
			continue
		}
		before := i - 1
		for before >= 0 && tokens[before].Is("(") {
			before--
		}
		if before < 0 || !tokens[before].Is("NOT") {
			return true
		}
	}
	return false
}

// rowsWithoutTenant says that the rows without a tenant are meant to be so: they are all rows,
// or more than those that have one; "" if not. A few among others are more likely mistakes.
func (n *inference) rowsWithoutTenant(t *table, columns []string) (string, error) {
	without, with := 0, 0
	err := n.query(t.name, func(null, rows *string) {
		count, _ := strconv.Atoi(*rows)
		if *null == "true" {
			without = count
		} else {
			with = count
		}
	}, fmt.Sprintf("select (%[1]s is null)::text, count(*)::text from (select %[1]s from %[2]s limit %[3]d) first group by 1", catalog.Ident(columns[0]), t.Ident(), sampleSize))
	switch {
	case err != nil || without <= with:
		return "", err
	case with == 0:
		return fmt.Sprintf("%s is NULL in every row", columnList(columns)), nil
	case without < 3:
		return "", nil
	}
	return fmt.Sprintf("%s is NULL in most rows", columnList(columns)), nil
}

// partsOfShared says that all rows without a tenant are parts of such rows: they reference
// one, by a required foreign key; "" if not.
func (n *inference) partsOfShared(t *table, s *Scope) (string, error) {
	for _, ref := range t.references {
		to := n.tableOf[ref.To]
		i := slices.IndexFunc(to.scopes, func(o Scope) bool { return o.Level == s.Level && o.Optional && len(o.Columns) == len(s.Columns) })
		if i < 0 || ref.Optional() {
			continue
		}
		var same []string
		for j, c := range ref.Columns {
			same = append(same, fmt.Sprintf("u.%s = t.%s", catalog.Ident(ref.RefColumns[j]), catalog.Ident(c)))
		}
		parts, others := false, false
		err := n.query(t.name, func(shared, _ *string) {
			parts = parts || *shared == "true"
			others = others || *shared == "false"
		}, fmt.Sprintf("select distinct exists (select from %s u where %s and u.%s is null)::text, null from (select * from %s t where t.%s is null limit %d) t",
			to.Ident(), strings.Join(same, " and "), catalog.Ident(to.scopes[i].Columns[0]), t.Ident(), catalog.Ident(s.Columns[0]), sampleSize))
		if err != nil {
			return "", err
		}
		if parts && !others {
			return fmt.Sprintf("each row in which %s is NULL has a row of %s without a %s, by %s", columnList(s.Columns), to.name, s.Level.Name, columnList(ref.Columns)), nil
		}
	}
	return "", nil
}
