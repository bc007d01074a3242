package review

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/qarion/seedbed/internal/sqltext"
)

// keyName is what columns that carry a tenant's key are called: only for such a column,
// and a default that is the same for all rows, the tenancy of the schema is read.
var keyName = regexp.MustCompile(`(?i)(id|no|key|code|slug|tenant|org)$`)

// tenantDefaults: what gives a tenant to a row whose writer forgot to.
func (e *engine) tenantDefaults(ctx context.Context, j *evaluator) error {
	var carries func(table, column string) bool
	for _, oid := range slices.Sorted(maps.Keys(e.state.rels)) {
		r, first := e.state.rels[oid], j.start.rels[oid]
		if first == r || !r.table() || r.Partition || r.Extension || e.config.Tenancy == nil {
			continue
		}
		if first == nil {
			first = &relation{}
		}
		for _, num := range slices.Sorted(maps.Keys(r.columns)) {
			c, had := r.columns[num], first.columns[num]
			if c.Default == nil || had.Default != nil && *had.Default == *c.Default || !keyName.MatchString(c.Name) || !constant(*c.Default) {
				continue
			}
			if carries == nil {
				err := e.inSession(ctx, e.scratch.name, func(s *session) (err error) {
					carries, err = e.config.Tenancy(ctx, s.conn)
					return err
				})
				if err != nil {
					return fmt.Errorf("read whose rows are: %w", err)
				}
			}
			if carries(r.String(), c.Name) {
				s := j.where(r, func(p pair) bool { return p.new.columns[num].Default != nil }, "default")
				j.add(s, "tenant-default", r.String(), NoLock, fmt.Sprintf("a row whose writer forgets %s belongs to %s, unsaid: the data of one tenant shows to another", c.Name, *c.Default),
					fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT; /* or a default from current_setting(…), which fails where no tenant is set */", r.sql(), quote(c.Name)))
			}
		}
	}
	return nil
}

// constant reports whether a default is the same value for every row and session.
func constant(expr string) bool {
	words := slices.DeleteFunc(sqltext.Tokens(expr), func(t sqltext.Token) bool { return t.Is("(") || t.Is("-") })
	if len(words) == 0 || words[0].Kind != sqltext.String && words[0].Kind != sqltext.Number {
		return false
	}
	words = sqltext.Tokens(expr)
	for i, w := range words {
		if w.IsIdentifier() && i+1 < len(words) && words[i+1].Is("(") {
			return false
		}
	}
	return true
}
