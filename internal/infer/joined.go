package infer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// typeUse is a place in the schema's own SQL that compares a column with a literal, as a
// view does that joins notes.owner_type = 'Invoice' AND notes.owner_id = invoices.id.
type typeUse struct {
	value string
	id    *catalog.Column // of the same table, that the same query joins; nil: none
	key   *catalog.Column // that id is joined with
	where string          // for messages: "view invoice_notes"
}

// readTypeUses reads the queries of views, functions and policies, and the predicates of
// indexes.
func (n *inference) readTypeUses() {
	n.typeUses = map[*catalog.Column][]typeUse{}
	for _, r := range n.catalog.Relations {
		if r.IsView() {
			n.addTypeUses(sqltext.Tokens(r.Definition), nil, "view "+n.catalog.Name(r))
		}
	}
	for _, f := range n.catalog.Functions {
		if f.Language == "sql" || f.Language == "plpgsql" {
			n.addTypeUses(sqltext.Tokens(f.Body), nil, "function "+f.Name)
		}
	}
	for _, t := range n.tables {
		for _, p := range t.Policies {
			n.addTypeUses(sqltext.Tokens(p.Using+" "+p.WithCheck), t, fmt.Sprintf("policy %s of %s", p.Name, t.name))
		}
		for _, ix := range t.Indexes {
			q := query{aliases: map[string]*table{t.Name: t}}
			q.eachLiteral(sqltext.Tokens(ix.Predicate), func(_ string, c *catalog.Column, value string) {
				n.typeUses[c] = append(n.typeUses[c], typeUse{value: value, where: "index " + ix.Name})
			})
		}
	}
}

// addTypeUses adds what the queries in tokens compare with literals. outer is the table
// whose policy they are in, or nil.
func (n *inference) addTypeUses(tokens []sqltext.Token, outer *table, where string) {
	if !slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Kind == sqltext.String }) {
		return
	}
	enclosing := map[string]*table{} // by alias: a subquery names those of the queries around it
	for _, q := range n.queries(tokens) {
		maps.Copy(enclosing, q.aliases)
		if outer != nil && q.aliases[outer.Name] == nil {
			q.aliases[outer.Name] = outer
		}
		joins := map[string][][2]*catalog.Column{} // by the alias of the first column
		eachEquality(q.tokens, func(left, right []sqltext.Token) {
			for _, side := range [][2][]sqltext.Token{{left, right}, {right, left}} {
				id, key := q.column(untilKeyword(side[0])), q.columnOrOuter(untilKeyword(side[1]), enclosing)
				if id != nil && key != nil && id.Table != key.Table {
					alias := aliasOf(side[0])
					joins[alias] = append(joins[alias], [2]*catalog.Column{id, key})
				}
			}
		})
		q.eachLiteral(q.tokens, func(alias string, c *catalog.Column, value string) {
			use := typeUse{value: value, where: where}
			for _, j := range joins[alias] {
				if j[0].Table == c.Table {
					use.id, use.key = j[0], j[1]
					n.typeUses[c] = append(n.typeUses[c], use)
				}
			}
			if use.id == nil {
				n.typeUses[c] = append(n.typeUses[c], use)
			}
		})
	}
}

// eachLiteral calls visit with each column that tokens compare with a literal, and the alias
// of its table.
func (q *query) eachLiteral(tokens []sqltext.Token, visit func(alias string, c *catalog.Column, value string)) {
	eachEquality(tokens, func(left, right []sqltext.Token) {
		for _, side := range [][2][]sqltext.Token{{left, right}, {right, left}} {
			value := sqltext.Unwrap(untilKeyword(side[1]))
			if len(value) == 0 || value[0].Kind != sqltext.String || value[0].Text == "" || len(value) > 1 && !value[1].Is("::") {
				continue
			}
			if c := q.column(untilKeyword(side[0])); c != nil {
				visit(aliasOf(side[0]), c, value[0].Text)
			}
		}
	})
}

// columnOrOuter is column, of a table of the query or, with its alias, of one around it.
func (q *query) columnOrOuter(tokens []sqltext.Token, enclosing map[string]*table) *catalog.Column {
	if c := q.column(tokens); c != nil {
		return c
	}
	outer := query{aliases: enclosing}
	if enclosing[aliasOf(tokens)] == nil {
		return nil
	}
	return outer.column(tokens)
}

// aliasOf returns the name before the dot of a column, or "".
func aliasOf(side []sqltext.Token) string {
	for i := range side {
		if i+1 < len(side) && side[i].IsIdentifier() && side[i+1].Is(".") {
			return side[i].Text
		}
	}
	return ""
}

// untilKeyword cuts an operand before the next clause of its query.
func untilKeyword(side []sqltext.Token) []sqltext.Token {
	for i, t := range side {
		if i > 0 && isKeyword(t) || t.Is("then") || t.Is("end") || t.Is("returning") {
			return side[:i]
		}
	}
	return side
}

// joinedColumn returns the column that queries join with the keys of at least two tables,
// one for each value of typ: the two are a pair, whatever their names. Or nil.
func (n *inference) joinedColumn(t *table, typ *catalog.Column) *catalog.Column {
	first := map[*catalog.Column]typeUse{}
	for _, use := range n.typeUses[typ] {
		if use.id == nil || t.inPrimaryKey(use.id) || len(n.referencesOf[use.id]) > 0 || !n.isKeyOf(use.key, use.id) {
			continue
		}
		if before, ok := first[use.id]; ok && before.value != use.value && before.key.Table != use.key.Table {
			return use.id
		}
		if _, ok := first[use.id]; !ok {
			first[use.id] = use
		}
	}
	return nil
}

// isKeyOf reports whether key is the column of its table that an id could reference.
func (n *inference) isKeyOf(key, id *catalog.Column) bool {
	to := n.tableOf[key.Table.Root()]
	return to != nil && (to.isUniqueColumn(key) || n.targetKey(to, id) == key.Name)
}

// addJoinedTargets finds targets by the schema's own queries: for one value of the type, they
// join the id with a table's key.
func (n *inference) addJoinedTargets(s *pairSearch) {
	for _, use := range n.typeUses[s.pair.Type] {
		if use.id != s.pair.ID || slices.ContainsFunc(s.pair.Targets, func(t Target) bool { return t.Value == use.value }) || !n.isKeyOf(use.key, use.id) {
			continue
		}
		to := n.tableOf[use.key.Table.Root()]
		s.pair.Targets = append(s.pair.Targets, Target{Value: use.value, Table: to.Relation, Key: use.key.Name})
		s.reasons = append(s.reasons, fmt.Sprintf("%s is %s: %s joins them so", use.value, to.name, use.where))
	}
}

// usedValues adds the values of the type that the schema's own SQL names.
func (n *inference) usedValues(s *pairSearch) {
	for _, use := range n.typeUses[s.pair.Type] {
		if slices.ContainsFunc(s.values, func(v typeValue) bool { return v.value == use.value }) {
			continue
		}
		s.addValues([]string{use.value}, true)
		if !slices.ContainsFunc(s.pair.Targets, func(t Target) bool { return t.Value == use.value }) {
			s.reasons = append(s.reasons, fmt.Sprintf("%s compares %s with %s", use.where, s.pair.Type.Name, use.value))
		}
	}
}
