package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// remains say why the rows of a table name tenants that are gone.
type remains int

const (
	noRemains remains = iota
	tombstone         // a trigger writes a row when a tenant is deleted
	archive           // every row is of a tenant that is gone, and no foreign key says that it exists
)

// remainsOf tells tables that keep rows of deleted tenants on purpose: a foreign key to the
// tenants would stop their deletion, or delete the rows with them.
func (a *audit) remainsOf(s *subject, sc seedbed.Scoped) (remains, error) {
	t, _ := a.model.Tenant(sc.Tenant)
	tenants := a.cat.Table(t.Table)
	if tenants == nil || s.tenant != "" {
		return noRemains, nil
	}
	if writtenOnDelete(tenants, s.rel) {
		return tombstone, nil
	}
	if h := tenantHold(s, sc); h.direct || h.through != "" {
		return noRemains, nil
	}
	var gone int
	var some bool
	err := a.scalar(fmt.Sprintf(`SELECT (SELECT count(*) FROM (SELECT DISTINCT %[1]s FROM %[2]s t WHERE %[3]s LIMIT 2) few), EXISTS (SELECT FROM %[2]s t JOIN %[4]s u ON %[5]s)`,
		strings.Join(cols("t", sc.Columns), ", "), s.rel.Ident(), notNull(cols("t", sc.Columns)), tenants.Ident(), equal(cols("u", t.Key), cols("t", sc.Columns))), &gone, &some)
	if err != nil {
		return noRemains, a.hidden(s.rel, err)
	}
	if gone > 1 && !some {
		return archive, nil
	}
	return noRemains, nil
}

// writtenOnDelete reports whether a trigger that fires when rows of a table are deleted
// inserts into another one.
func writtenOnDelete(deleted, into *catalog.Relation) bool {
	for _, t := range deleted.Triggers {
		if !t.Delete || t.Function == nil {
			continue
		}
		body := code(t.Function)
		for i := range body {
			if !sqltext.At(body, i, "INSERT", "INTO") || i+2 >= len(body) {
				continue
			}
			at := i + 2
			if at+2 < len(body) && body[at+1].Is(".") {
				at += 2
			}
			if body[at].IsIdentifier() && body[at].Text == into.Name {
				return true
			}
		}
	}
	return false
}

// keptRows is the advice about rows of tenants that are gone, all of them.
func (a *audit) keptRows(s *subject, sc seedbed.Scoped) {
	a.find(report.Finding{Rule: "tenant-archive", Object: s.name + "." + sc.Columns[0],
		Message: fmt.Sprintf("every row of %s belongs to %s that does not exist", s.name, withArticle(sc.Tenant)),
		Fix:     fmt.Sprintf("where the table is to outlive its %ss, nothing; otherwise delete the rows, and add a foreign key", sc.Tenant)})
}
