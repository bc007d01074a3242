package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// uniqueKeys finds those that tell one tenant what another one has.
func (a *audit) uniqueKeys() error {
	for _, s := range a.subjects {
		scopes := s.direct()
		if len(scopes) == 0 {
			continue
		}
		// The innermost: what includes the space includes its organization.
		for _, piece := range a.pieces(s) {
			a.ownUniqueKeys(piece, scopes[0])
		}
	}
	return nil
}

func (a *audit) ownUniqueKeys(s *subject, sc seedbed.Scoped) {
	for _, ix := range s.rel.Indexes {
		if !ix.Unique && !ix.Exclusion || ix.Partition || s.tenant != "" && len(s.scopes) == 1 {
			continue
		}
		a.uniqueKey(s, sc, ix)
	}
}

func (a *audit) uniqueKey(s *subject, sc seedbed.Scoped, ix *catalog.Index) {
	var columns, exprs []string
	for _, k := range ix.Keys {
		if k.Column != "" {
			columns = append(columns, k.Column)
		} else {
			exprs = append(exprs, k.Expr)
		}
	}
	if includes(columns, sc.Columns) || a.random(s, columns) || a.carriesTenant(s, columns) {
		return
	}
	kind, code := "unique key", "23505"
	if ix.Exclusion {
		kind, code = "exclusion", "23P01"
	}
	a.find(Finding{Rule: "unique-without-tenant", Object: s.name + "." + ix.Name,
		Message:  fmt.Sprintf("%s %s of %s holds across tenants: error %s tells one that another has the value", kind, ix.Name, s.name, code),
		Evidence: []string{ix.Definition},
		Fix:      fmt.Sprintf("make it (%s)", strings.Join(append(append(append([]string{}, sc.Columns...), columns...), exprs...), ", "))})
}

// carriesTenant reports whether a key holds any level's tenant: an organization's
// slug must be unique among the organizations' spaces, say.
func (a *audit) carriesTenant(s *subject, columns []string) bool {
	if s.tenant == "" {
		return false
	}
	for _, sc := range s.scopes {
		if includes(columns, sc.Columns) {
			return true
		}
	}
	return false
}

// random reports whether a key holds a column whose values nobody guesses.
func (a *audit) random(s *subject, columns []string) bool {
	for _, name := range columns {
		c := s.rel.Column(name)
		if c == nil {
			continue
		}
		if c.Type.Underlying().Name == "uuid" {
			return true
		}
		for _, t := range sqltext.Tokens(c.Default) {
			if strings.Contains(strings.ToLower(t.Text), "random") || strings.Contains(strings.ToLower(t.Text), "uuid") {
				return true
			}
		}
	}
	return false
}
