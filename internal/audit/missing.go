package audit

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/catalog"
)

// oneMissing is the cause of rows that all lead to the same row, which does not exist: in
// however many tables they are, that row's deletion is what went wrong. "": they lead to several.
func (a *audit) oneMissing(r, target *catalog.Relation, where string, columns []string) (string, error) {
	rows, err := a.bypass.tx.Query(a.ctx, fmt.Sprintf("SELECT DISTINCT concat_ws(', ', %s) FROM %s t WHERE %s LIMIT 2", strings.Join(cols("t", columns), ", "), r.Ident(), where))
	if err != nil {
		return "", a.hidden(r, err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(values) != 1 {
		return "", err
	}
	return fmt.Sprintf("missing row of %s: %s", a.name(target), values[0]), nil
}

// crossingRows are offenders whose own tenant exists, and so does that of the rows that there chooses,
// known as u: a tenant that is missing has a finding of its own.
func (a *audit) crossingRows(r *catalog.Relation, where string, columns []string, level string, mine []string, there string, theirs []string, args ...any) (int64, []string, error) {
	n, rows, err := a.offenders(r, where, columns, args...)
	t, ok := a.model.Tenant(level)
	tenants := a.cat.Table(t.Table)
	if err != nil || n == 0 || !ok || tenants == nil || len(t.Key) != len(mine) || len(t.Key) != len(theirs) {
		return n, rows, err
	}
	exists := func(tenant []string) string {
		return fmt.Sprintf(" AND EXISTS (SELECT FROM %s z WHERE %s)", tenants.Ident(), equal(cols("z", t.Key), tenant))
	}
	return a.offenders(r, fmt.Sprintf("(%s)%s AND EXISTS (%s%s)", where, exists(mine), there, exists(theirs)), columns, args...)
}
