package seedbed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
)

// sampled is how many rows Discover looks at where only data can tell.
const sampled = 10000

// typeValues lists what a type column may hold, from the firmest source there is:
// its type, its checks, the table it references; then its comment and its rows.
func (d *discoverer) typeValues(r *catalog.Relation, typ *catalog.Column, shadowed bool) ([]typeValue, []string, error) {
	if values, why := listed(r, typ); len(values) > 0 {
		return plain(values), []string{why}, nil
	}
	if len(d.refs[typ]) > 0 {
		return d.lookup(d.refs[typ][0])
	}
	var sources []string
	values := d.commented(r, typ)
	if len(values) > 0 {
		sources = append(sources, "the comment on "+typ.Name+" names tables")
	}
	seen, err := d.sample(r, typ)
	if err != nil {
		return nil, nil, err
	}
	if len(seen) > 0 {
		sources = append(sources, fmt.Sprintf("rows hold %s", strings.Join(seen, ", ")))
	} else if r.RLS && !shadowed {
		d.out.doubt("no row of %s could be seen: it is empty, or row-level security hides them from %s", d.name(r), d.cat.User)
	}
	for _, v := range seen {
		if !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return plain(values), sources, nil
}

func plain(values []string) []typeValue {
	var out []typeValue
	for _, v := range values {
		out = append(out, typeValue{v, v})
	}
	return out
}

// listed are the values that a column's type or a check on it alone allow.
func listed(r *catalog.Relation, c *catalog.Column) (values []string, why string) {
	if t := c.Type.Underlying(); t.Kind == catalog.EnumType {
		return t.Labels, fmt.Sprintf("enum %s lists the values of %s", t.SQL, c.Name)
	}
	for _, k := range r.Checks() {
		if slices.Equal(k.Columns, []string{c.Name}) {
			if values := literals(k.Expr); len(values) > 0 {
				return values, fmt.Sprintf("check %s lists the values of %s", k.Name, c.Name)
			}
		}
	}
	for _, domain := range c.Type.Domains() {
		for _, k := range domain.Checks {
			if values := literals(k.Expr); len(values) > 0 {
				return values, fmt.Sprintf("domain %s lists the values of %s", domain.SQL, c.Name)
			}
		}
	}
	return nil, ""
}

// commented are words of a column's comment that name tables.
func (d *discoverer) commented(r *catalog.Relation, typ *catalog.Column) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(typ.Comment, func(c rune) bool { return strings.ContainsRune(" ,;|/\"'`()=[]\n", c) }) {
		word = strings.TrimRight(word, ".:")
		if t, _ := d.tableFor(word, r); t != nil && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// sample reads which values rows hold: of the first ones, and of the statistics,
// which know the common ones of the whole table.
func (d *discoverer) sample(r *catalog.Relation, typ *catalog.Column) ([]string, error) {
	column := catalog.Ident(typ.Name)
	sql := fmt.Sprintf(`
select distinct v from (
  select %[1]s::text from (select %[1]s from %[2]s limit %[3]d) sample
  union all
  select unnest(most_common_vals::text::text[]) from pg_stats where schemaname = $1 and tablename = $2 and attname = $3
) s(v) where v <> '' order by v limit 200`, column, r.Ident(), sampled)
	return d.strings(d.name(r), sql, r.Schema, r.Name, typ.Name)
}

// lookup reads the rows of the table that a type column references: their keys,
// and what they call a table, as Django's content types do.
func (d *discoverer) lookup(key *catalog.Column) ([]typeValue, []string, error) {
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
	pairs, err := d.strings(d.name(r), fmt.Sprintf(`select unnest(array[%s::text, %s]) from (select * from %s order by %[1]s limit 1000) t`,
		catalog.Ident(key.Name), name, r.Ident()))
	if err != nil {
		return nil, nil, err
	}
	var out []typeValue
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, typeValue{pairs[i], pairs[i+1]})
	}
	return out, []string{fmt.Sprintf("rows of %s list the types", d.name(r))}, nil
}

// strings runs a query in a transaction of its own, so that a missing privilege
// spoils no transaction of the caller's: that is a doubt, not an error.
func (d *discoverer) strings(table, sql string, args ...any) ([]string, error) {
	tx, err := d.db.Begin(d.ctx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(d.ctx, sql, args...)
	var out []string
	if err == nil {
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if rollback := tx.Rollback(d.ctx); err == nil && rollback != nil {
		return nil, rollback
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42501" {
		d.out.doubt("the rows of %s may not be read: what they would tell is missing", table)
		return nil, nil
	}
	return out, err
}
