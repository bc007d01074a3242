package infer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// sampled is how many rows are looked at where only data can tell, and idsEach how
// many ids of each type.
const (
	sampled = 10000
	idsEach = 20
)

// search is a pair in the making: what its types are, and where they lead.
type search struct {
	pair    *Pair
	table   *table
	subject string
	label   string // the pair, for people
	reasons []string
	values  []value
	ids     map[string][]string // that rows hold, by type
	open    []string            // types without a target, for people
	byName  []string            // types whose target rests on its name
}

// value is something that a pair's type column may hold. name is what to look for a
// table by: the value itself, or what a lookup table says of it. It is listed where
// the schema says so, rather than rows alone.
type value struct {
	value, name string
	listed      bool
}

// typeValues lists what a type column may hold, from the firmest source there is:
// its type, its checks, the table it references; then its comment and its rows.
func (n *inference) typeValues(s *search) error {
	t, typ := s.table, s.pair.Type
	if err := n.sample(s); err != nil {
		return err
	}
	if values, why := listed(t.Relation, typ); len(values) > 0 {
		s.take(values, true)
		s.reasons = append(s.reasons, why)
		return nil
	}
	if len(n.references[typ]) > 0 {
		return n.lookup(s, n.references[typ][0])
	}
	if names := n.commented(t, typ); len(names) > 0 {
		s.take(names, true)
		s.reasons = append(s.reasons, "the comment on "+typ.Name+" names tables")
	}
	var seen []string
	for v := range s.ids {
		seen = append(seen, v)
	}
	slices.Sort(seen)
	s.take(seen, false)
	if len(seen) > 0 {
		s.reasons = append(s.reasons, "rows hold "+few(seen))
	} else if t.RLS && len(s.pair.Targets) == 0 {
		n.addDoubt("no row of %s could be seen: it is empty, or row-level security hides them from %s", t.name, n.cat.User)
	}
	return nil
}

func (s *search) take(names []string, listed bool) {
	for _, name := range names {
		if !slices.ContainsFunc(s.values, func(v value) bool { return v.value == name }) {
			s.values = append(s.values, value{name, name, listed})
		}
	}
}

// listed are the values that a column's type or a check on it alone allow.
func listed(r *catalog.Relation, c *catalog.Column) (values []string, why string) {
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

// commented are words of a column's comment that name tables.
func (n *inference) commented(t *table, typ *catalog.Column) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(typ.Comment, func(c rune) bool { return strings.ContainsRune(" ,;|/\"'`()=[]\n", c) }) {
		word = strings.TrimRight(word, ".:")
		if found := n.named(word, t); len(found) > 0 && found[0].exact && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// sample reads which types the first rows hold, and some ids of each; and from the
// statistics the common types of the whole table.
func (n *inference) sample(s *search) error {
	typ, id := catalog.Ident(s.pair.Type.Name), catalog.Ident(s.pair.ID.Name)
	s.ids = map[string][]string{}
	sql := fmt.Sprintf(`
select v, id from (
  select v, id, row_number() over (partition by v order by id) as n
  from (select distinct %[1]s::text as v, %[2]s::text as id from (select %[1]s, %[2]s from %[3]s limit %[4]d) first) few
) each where v <> '' and id is not null and n <= %[5]d
union all
select unnest(most_common_vals::text::text[]), null from pg_stats where schemaname = $1 and tablename = $2 and attname = $3`,
		typ, id, s.table.Ident(), sampled, idsEach)
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

// lookup reads the rows of the table that a type column references: their keys, and
// what they call a table, as Django's content types do.
func (n *inference) lookup(s *search, key *catalog.Column) error {
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
	s.reasons = append(s.reasons, fmt.Sprintf("rows of %s list the types", n.cat.Name(r)))
	return n.query(n.cat.Name(r), func(v, called *string) {
		if called != nil {
			s.values = append(s.values, value{*v, *called, true})
		}
	}, fmt.Sprintf(`select %s::text, %s from (select * from %s order by %[1]s limit 1000) t`, catalog.Ident(key.Name), name, r.Ident()))
}

// query reads pairs of strings in a transaction of its own, so that a missing
// privilege spoils no transaction of the caller's: that is a doubt, not an error.
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
