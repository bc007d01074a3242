package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/sqltext"
)

// settings are what the sessions of a tenant have: its own, that of whom it belongs
// to, and of one of those that belong to it.
func (p *prober) settings(level string, key []string) (map[string]string, error) {
	out, keys := map[string]string{}, map[string][]string{level: key}
	if err := p.settle(out, level, key); err != nil {
		return nil, err
	}
	if err := p.settingsAbove(out, keys, level, key); err != nil {
		return nil, err
	}
	if err := p.settingsBelow(out, level, key); err != nil {
		return nil, err
	}
	return out, p.memberships(out, keys)
}

// sessionLevel is the level whose tenants the sessions are that reach a subject: its own, or
// the first above it by which policies tell sessions where they tell none by its own, as where
// the members of an organization work in all of its projects.
func (a *audit) sessionLevel(s *subject) string {
	level := s.innermost()
	if a.tellsSessions(level) {
		return level
	}
	for _, above := range a.model.Above(level) {
		if a.tellsSessions(above.Name) && len(a.tenantOf(s.rel, "t", above.Name)) > 0 {
			return above.Name
		}
	}
	return level
}

// tellsSessions reports whether a setting or a membership says which tenant of a level a
// session is of.
func (a *audit) tellsSessions(level string) bool {
	t, _ := a.model.Tenant(level)
	_, member := a.model.Membership(level)
	return t.Setting != "" || member || len(t.Key) > 1 && a.settingOf(level, 0) != ""
}

// settle sets what a tenant is told by: one setting where its key is one column, and
// one for each column otherwise, as policies compare them.
func (p *prober) settle(out map[string]string, level string, key []string) error {
	t, _ := p.a.model.Tenant(level)
	if len(key) == 1 {
		if t.Setting == "" || sqltext.IsRoleSetting(t.Setting) {
			return nil
		}
		return p.say(out, t.Setting, t.Claim, t.Session, key)
	}
	for i := range key {
		if name := p.a.settingOf(level, i); name != "" {
			out[name] = key[i]
		}
	}
	return nil
}

func (p *prober) settingsAbove(out map[string]string, keys map[string][]string, level string, key []string) error {
	t, _ := p.a.model.Tenant(level)
	tenants := p.a.cat.Table(t.Table)
	parent, ok := p.a.model.Tenant(t.Parent)
	if !ok || tenants == nil || len(t.ParentColumns) == 0 || len(t.Key) != len(key) {
		return nil
	}
	above, err := p.values(fmt.Sprintf("SELECT %s FROM %s t WHERE %s", asTexts(cols("t", t.ParentColumns)), tenants.Ident(), equals(cols("t", t.Key), key)))
	if err != nil || above == nil {
		return err
	}
	keys[parent.Name] = above
	if err := p.settle(out, parent.Name, above); err != nil {
		return err
	}
	return p.settingsAbove(out, keys, parent.Name, above)
}

func (p *prober) settingsBelow(out map[string]string, level string, key []string) error {
	for _, t := range p.a.model.Tenants {
		tenants := p.a.cat.Table(t.Table)
		if t.Parent != level || tenants == nil || len(t.ParentColumns) != len(key) {
			continue
		}
		below, err := p.values(fmt.Sprintf("SELECT %s FROM %s t WHERE %s", asTexts(cols("t", t.Key)), tenants.Ident(), equals(cols("t", t.ParentColumns), key)) + first(cols("t", t.Key)))
		if err != nil {
			return err
		}
		if below != nil {
			if err := p.settle(out, t.Name, below); err != nil {
				return err
			}
		}
	}
	return nil
}

func asTexts(exprs []string) string { return strings.Join(exprs, "::text, ") + "::text" }

// settingOf is the setting that policies compare one column of a level's key with:
// the Model has a name for a key of one column only.
func (a *audit) settingOf(level string, i int) string {
	for _, s := range a.subjects {
		for _, sc := range s.scopes {
			if sc.Tenant != level || i >= len(sc.Columns) {
				continue
			}
			if name, _ := a.sessionOf(s, sc, i); name != "" {
				return name
			}
		}
	}
	return ""
}

// sessionOf is the setting that the policies of a table compare a tenant's column with,
// and the path of the claim in it, where it holds claims.
func (a *audit) sessionOf(s *subject, sc seedbed.Scoped, i int) (setting string, claim []string) {
	for _, p := range s.rel.Policies {
		if name, path := a.settingFor(sqltext.Tokens(p.Using+" AND "+checkOf(p)), s, sc, i); name != "" {
			return name, path
		}
	}
	return "", nil
}

// ownClaim puts the tenant's key at the claim that the policies of this table read, which
// need not be the one of others.
func (t *probed) ownClaim() error {
	for _, sc := range t.s.scopes {
		if sc.Tenant != t.level || len(sc.Columns) != 1 || len(t.own.tenant) != 1 {
			continue
		}
		if setting, claim := t.p.a.sessionOf(t.s, sc, 0); len(claim) > 0 {
			return t.p.say(t.me.settings, setting, claim, seedbed.Ref{}, t.own.tenant)
		}
	}
	return nil
}

// claimPath is the path by which an expression goes into JSON: -> 'a' ->> 'b'.
func claimPath(tokens []sqltext.Token) (path []string) {
	for i, t := range tokens {
		if (t.Is("->") || t.Is("->>")) && i+1 < len(tokens) && tokens[i+1].Kind == sqltext.String {
			path = append(path, tokens[i+1].Text)
		}
	}
	return path
}

func (a *audit) settingFor(tokens []sqltext.Token, s *subject, sc seedbed.Scoped, i int) (setting string, claim []string) {
	tokens = bare(tokens)
	for _, word := range []string{"AND", "OR"} {
		if sides := sqltext.TopLevel(tokens, word); len(sides) > 1 {
			for _, side := range sides {
				if name, path := a.settingFor(side, s, sc, i); name != "" {
					return name, path
				}
			}
			return "", nil
		}
	}
	if body := a.inline(tokens, s); body != nil {
		return a.settingFor(body, s, sc, i)
	}
	if len(tokens) > 0 && a.ties(tokens, s, sc.Columns[i], "") {
		if found := a.readers.In(tokens); len(found) > 0 {
			return found[0], claimPath(tokens)
		}
	}
	return "", nil
}
