package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/sqltext"
)

// stray is the foreign key by which a lookup leaves the row's tenant: the columns that it goes
// by reference another thing than what says whose the row is, its author and not its document.
// Nil: the lookup goes by the tenant, by the row itself, or by what no key explains.
func (a *audit) stray(s *subject, columns []string, accepted []seedbed.Scoped) *graph.ForeignKey {
	var stray *graph.ForeignKey
	for _, column := range columns {
		if a.says(s, column, accepted) {
			return nil
		}
		known := false
		for _, fk := range s.node.ForeignKeys {
			if !fk.Has(column) {
				continue
			}
			if fk.Self() || fk.To == nil || len(s.scopes) > 0 && fk.To.HasTenant() {
				return nil // that a key leads into other tenants is a finding of its own
			}
			known, stray = true, fk
		}
		if !known {
			return nil
		}
	}
	return stray
}

// says reports whether a column says whose a row is, or which row it is.
func (a *audit) says(s *subject, column string, accepted []seedbed.Scoped) bool {
	if pk := s.rel.PrimaryKey(); pk != nil && slices.Equal(pk.Columns, []string{column}) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(accepted, s.via), func(sc seedbed.Scoped) bool {
		return contains(sc.Columns, column) || contains(sc.Via.Columns, column)
	})
}

// strays says by what an expression leaves the row's tenant; "" where it does not, as far as
// foreign keys tell.
func (a *audit) strays(s *subject, tokens []sqltext.Token, accepted []seedbed.Scoped) string {
	columns := a.correlated(tokens, s)
	if len(columns) == 0 {
		left, _, _ := compare(tokens)
		if _, args := a.called(tokens); len(args) > 0 {
			left = slices.Concat(args...)
		}
		columns = columnsIn(s.rel, left)
	}
	fk := a.stray(s, columns, accepted)
	if fk == nil {
		return ""
	}
	text := fmt.Sprintf(": it goes by %s, which leads to %s", strings.Join(fk.Columns, ", "), a.name(fk.Ref))
	if len(s.scopes) == 0 {
		text += fmt.Sprintf(", and not by %s, which says whose the row is", strings.Join(s.via[0].Via.Columns, ", "))
	}
	return text
}
