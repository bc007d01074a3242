package audit

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// offenders counts the rows of r, called t in where, and shows some of them.
// Columns are what to show beside the key. Where there are none, or few, that is
// one pass; the count of many is a second one, so that neither sorts them all.
func (a *audit) offenders(r *catalog.Relation, where string, columns []string, args ...any) (int64, []string, error) {
	from := fmt.Sprintf("FROM %s t WHERE %s", r.Ident(), where)
	if err := a.bypass.sees(from); err != nil {
		return 0, nil, err
	}
	rows, err := a.bypass.tx.Query(a.ctx, fmt.Sprintf("SELECT %s %s ORDER BY 1 LIMIT %d", show(r, "t", columns), from, a.opt.samples()+1), args...)
	if err != nil {
		return 0, nil, err
	}
	sample, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(sample) <= a.opt.samples() {
		return int64(len(sample)), sample, err
	}
	var total int64
	err = a.bypass.tx.QueryRow(a.ctx, "SELECT count(*) "+from, args...).Scan(&total)
	return total, sample[:a.opt.samples()], err
}

// show is an expression that writes a row's key and some columns as name=value.
func show(r *catalog.Relation, alias string, columns []string) string {
	var names []string
	if pk := r.PrimaryKey(); pk != nil {
		names = append(names, pk.Columns...)
	}
	for _, c := range columns {
		if !contains(names, c) {
			names = append(names, c)
		}
	}
	if len(names) == 0 {
		return "'(a row at ' || " + alias + ".ctid::text || ')'"
	}
	var parts []string
	for _, n := range names {
		parts = append(parts, fmt.Sprintf("%s || coalesce(left(%s::text, 80), 'NULL')", catalog.Literal(n+"="), col(alias, n)))
	}
	return "concat_ws(', ', " + strings.Join(parts, ", ") + ")"
}

func col(alias, name string) string { return alias + "." + catalog.Ident(name) }

func cols(alias string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = col(alias, n)
	}
	return out
}

// equal compares lists of expressions pairwise; as text where their types differ.
func equal(left, right []string) string {
	var parts []string
	for i := range left {
		parts = append(parts, left[i]+" = "+right[i])
	}
	return strings.Join(parts, " AND ")
}

func notNull(exprs []string) string {
	var parts []string
	for _, e := range exprs {
		parts = append(parts, e+" IS NOT NULL")
	}
	return strings.Join(parts, " AND ")
}

// comparable gives two columns in a form that = accepts.
func comparable(a, b *catalog.Column, left, right string) (string, string) {
	if a == nil || b == nil || a.Type.Underlying().OID == b.Type.Underlying().OID {
		return left, right
	}
	x, y := a.Type.Underlying(), b.Type.Underlying()
	if x.Category == y.Category && x.Kind == catalog.BaseType && y.Kind == catalog.BaseType && x.Category != "U" {
		return left, right
	}
	return left + "::text", right + "::text"
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func includes(list, all []string) bool {
	for _, x := range all {
		if !contains(list, x) {
			return false
		}
	}
	return true
}

func without(list, drop []string) []string {
	var out []string
	for _, x := range list {
		if !contains(drop, x) {
			out = append(out, x)
		}
	}
	return out
}

// tuple writes columns as people do.
func tuple(names []string) string { return "(" + strings.Join(names, ", ") + ")" }

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
