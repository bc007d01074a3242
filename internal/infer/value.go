package infer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// sampleSize is the number of rows that are read of a table, and idsPerType the number of
// ids of each type that are kept of them.
const (
	sampleSize = 10000
	idsPerType = 20
)

// pairSearch is the search for the types and targets of one pair.
type pairSearch struct {
	pair           *Pair
	table          *table
	subject        string // "resource" of resource_type
	label          string // for messages: comments(resource_type, resource_id)
	reasons        []string
	values         []typeValue
	ids            map[string][]string // in sampled rows, by type
	unresolved     []string            // for messages: types without a target, with the reason
	resolvedByName []string            // types whose target was chosen by its name alone
}

// typeValue is a value that a pair's type column may have. name is the name to find a
// table by: the value itself, or the one that a lookup table has for it.
type typeValue struct {
	value, name string
	listed      bool // by the schema, and not only seen in rows
}

// typeValues finds the values that the type column may have: from its type, its checks or
// the table that it references; if none of these lists them, from its comment, its default
// and its rows.
func (n *inference) typeValues(s *pairSearch) error {
	t, typ := s.table, s.pair.Type
	if err := n.sample(s); err != nil {
		return err
	}
	if values, why := allowedValues(t.Relation, typ); len(values) > 0 {
		s.addValues(values, true)
		s.reasons = append(s.reasons, why)
		return nil
	}
	if len(n.referencesOf[typ]) > 0 {
		return n.readLookupTable(s, n.referencesOf[typ][0])
	}
	if names := n.tablesInComment(t, typ); len(names) > 0 {
		s.addValues(names, true)
		s.reasons = append(s.reasons, "the comment on "+typ.Name+" names tables")
	}
	if d := sqltext.Tokens(typ.Default); len(d) > 0 && d[0].Kind == sqltext.String {
		if found := n.tablesNamed(d[0].Text, t); len(found) > 0 && found[0].exact {
			s.addValues([]string{d[0].Text}, true)
			s.reasons = append(s.reasons, "the default of "+typ.Name+" names a table")
		}
	}
	n.usedValues(s)
	sampled := slices.Sorted(maps.Keys(s.ids))
	s.addValues(sampled, false)
	if len(sampled) > 0 {
		s.reasons = append(s.reasons, "rows hold "+shortList(sampled))
	} else if t.RLS && len(s.pair.Targets) == 0 {
		n.addDoubt("no row of %s could be seen: it is empty, or row-level security hides them from %s", t.name, n.catalog.User)
	}
	return nil
}

func (s *pairSearch) addValues(names []string, listed bool) {
	for _, name := range names {
		if !slices.ContainsFunc(s.values, func(v typeValue) bool { return v.value == name }) {
			s.values = append(s.values, typeValue{name, name, listed})
		}
	}
}

// allowedValues returns the values that a column's type or a check on it alone allow, and
// says which.
func allowedValues(r *catalog.Relation, c *catalog.Column) (values []string, why string) {
	if t := c.Type.Underlying(); t.Kind == catalog.EnumType {
		return t.Labels, fmt.Sprintf("enum %s lists the values of %s", t.SQL, c.Name)
	}
	for _, k := range r.Checks() {
		if slices.Equal(k.Columns, []string{c.Name}) {
			if values := sqltext.Literals(k.Expr); len(values) > 0 {
				return values, fmt.Sprintf("check %s lists the values of %s", k.Name, c.Name)
			}
		}
	}
	for _, domain := range c.Type.Domains() {
		for _, k := range domain.Checks {
			if values := sqltext.Literals(k.Expr); len(values) > 0 {
				return values, fmt.Sprintf("domain %s lists the values of %s", domain.SQL, c.Name)
			}
		}
	}
	return nil, ""
}

// tablesInComment returns the words of a column's comment that are names of tables.
func (n *inference) tablesInComment(t *table, typ *catalog.Column) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(typ.Comment, func(c rune) bool { return strings.ContainsRune(" ,;|/\"'`()=[]\n", c) }) {
		word = strings.TrimRight(word, ".:")
		if found := n.tablesNamed(word, t); len(found) > 0 && found[0].exact && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// sample reads which types the first sampleSize rows have, with some ids of each, and,
// from pg_stats, the most common types of the whole table.
func (n *inference) sample(s *pairSearch) error {
	typ, id := catalog.Ident(s.pair.Type.Name), catalog.Ident(s.pair.ID.Name)
	s.ids = map[string][]string{}
	sql := fmt.Sprintf(`
select v, id from (
  select v, id, row_number() over (partition by v order by id) as n
  from (select distinct %[1]s::text as v, %[2]s::text as id from (select %[1]s, %[2]s from %[3]s limit %[4]d) first) few
) each where v <> '' and id is not null and n <= %[5]d
union all
select unnest(most_common_vals::text::text[]), null from pg_stats where schemaname = $1 and tablename = $2 and attname = $3`,
		typ, id, s.table.Ident(), sampleSize, idsPerType)
	return n.query(s.table.name, func(v, id *string) {
		if *v != "" && (len(s.ids) < 200 || s.ids[*v] != nil) {
			s.ids[*v] = append(s.ids[*v], "")
			if last := len(s.ids[*v]) - 1; id != nil {
				s.ids[*v][last] = *id
			} else {
				s.ids[*v] = s.ids[*v][:last:last]
			}
		}
	}, sql, s.table.Schema, s.table.Name, s.pair.Type.Name)
}

// readLookupTable reads the table that a type column references: its keys, and the table
// that each stands for, as in Django's content types.
func (n *inference) readLookupTable(s *pairSearch, key *catalog.Column) error {
	r := key.Table
	name := catalog.Ident(key.Name) + "::text"
	if r.Column("app_label") != nil && r.Column("model") != nil {
		name = "app_label || '.' || model"
	} else if key.Type.Underlying().Category != "S" {
		for _, c := range []string{"name", "table_name", "code", "model", "key", "slug"} {
			if r.Column(c) != nil {
				name = catalog.Ident(c) + "::text"
				break
			}
		}
	}
	s.reasons = append(s.reasons, fmt.Sprintf("rows of %s list the types", n.catalog.Name(r)))
	return n.query(n.catalog.Name(r), func(v, called *string) {
		if called != nil {
			s.values = append(s.values, typeValue{*v, *called, true})
		}
	}, fmt.Sprintf(`select %s::text, %s from (select * from %s order by %[1]s limit 1000) t`, catalog.Ident(key.Name), name, r.Ident()))
}

// query reads rows of two strings in its own transaction, so that a missing privilege does
// not abort the caller's. A missing privilege is a doubt, not an error.
func (n *inference) query(table string, each func(a, b *string), sql string, args ...any) error {
	tx, err := n.rows.Begin(n.ctx)
	if err != nil {
		return err
	}
	rows, err := tx.Query(n.ctx, sql, args...)
	if err == nil {
		var a, b *string
		_, err = pgx.ForEachRow(rows, []any{&a, &b}, func() error {
			if a != nil {
				each(a, b)
			}
			return nil
		})
	}
	if rollback := tx.Rollback(n.ctx); err == nil && rollback != nil {
		return rollback
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42501" {
		n.addDoubt("the rows of %s may not be read: what they would tell is missing", table)
		return nil
	}
	return err
}
