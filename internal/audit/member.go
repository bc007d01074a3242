package audit

import (
	"encoding/json"
	"fmt"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// beMember gives a session what policies ask that look for a membership: the user of a
// row that makes it a member of one tenant, and of no other. A user who is there is
// taken; else one is made, in the prober's transaction.
func (p *prober) beMember(settings map[string]string, level string, key []string) error {
	m, table := p.membership(level)
	if table == nil || m.Setting == "" || sqltext.IsRoleSetting(m.Setting) || len(m.Columns) != len(key) {
		return nil
	}
	user, err := p.memberOnly(m, table, key)
	if err == nil && user == nil {
		if err = p.makeMember(m, table, key); err == nil {
			user, err = p.memberOnly(m, table, key)
		}
	}
	if err != nil {
		return fmt.Errorf("make a member of %s: %w", withArticle(level), err)
	}
	if user == nil {
		return nil
	}
	p.user = user
	return p.say(settings, m.Setting, m.Claim, m.Session, user)
}

// membership is how one becomes a member of a level, and its table; nil: nothing says so.
func (p *prober) membership(level string) (seedbed.Membership, *catalog.Relation) {
	m, ok := p.a.model.Membership(level)
	if !ok {
		return m, nil
	}
	return m, p.a.cat.Table(m.Table)
}

// memberOnly finds a user who is a member of one tenant only; nil: there is none.
func (p *prober) memberOnly(m seedbed.Membership, table *catalog.Relation, key []string) ([]string, error) {
	return p.values(fmt.Sprintf("SELECT %s FROM %s t WHERE %s AND NOT EXISTS (SELECT FROM %s o WHERE %s AND %s)%s",
		asTexts(cols("t", m.User)), table.Ident(), equals(cols("t", m.Columns), key),
		table.Ident(), equal(cols("o", m.User), cols("t", m.User)), differ(cols("o", m.Columns), key), first(cols("t", m.User))))
}

// makeMember writes a membership of a new user. Where triggers give a new user a tenant of
// its own as well, that membership is taken away.
func (p *prober) makeMember(m seedbed.Membership, table *catalog.Relation, key []string) error {
	if err := p.write(m.Table, 1, withValues(m.Columns, key)); err != nil {
		return err
	}
	user, err := p.values(fmt.Sprintf("SELECT %s FROM %s t WHERE %s ORDER BY t.ctid DESC LIMIT 1", asTexts(cols("t", m.User)), table.Ident(), equals(cols("t", m.Columns), key)))
	if err != nil || user == nil {
		return err
	}
	_, err = p.send(fmt.Sprintf("DELETE FROM %s t WHERE %s AND %s", table.Ident(), equals(cols("t", m.User), user), differ(cols("t", m.Columns), key)))
	return err
}

// withValues gives columns of a row their values.
func withValues(columns, values []string) factory.Option {
	return factory.Set(func(r *factory.Record) {
		for i, column := range columns {
			r.Set(column, values[i])
		}
	})
}

// reset takes back what failed, so that the next table can be tried.
func (p *prober) reset() error {
	_, err := p.send("SELECT")
	return err
}

// say puts a key where policies read it: in a setting, at a path of the JSON claims that
// the setting holds, or behind the row of a session that the setting names.
func (p *prober) say(settings map[string]string, setting string, claim []string, session seedbed.Ref, key []string) error {
	if table := p.a.cat.Table(session.Table); session.Table != "" && table != nil {
		find := fmt.Sprintf("SELECT %s FROM %s t WHERE %s", asTexts(cols("t", session.Key)), table.Ident(), equals(cols("t", session.Columns), key)) + first(cols("t", session.Key))
		found, err := p.values(find)
		if err == nil && found == nil {
			err = p.write(session.Table, 1, withValues(session.Columns, key))
			if err == nil {
				found, err = p.values(find)
			}
		}
		if err != nil || found == nil {
			return err
		}
		key = found
	}
	if len(key) != 1 {
		return nil
	}
	for _, s := range append(p.a.spellings(setting, claim), spelling{setting, claim}) {
		if len(s.claim) == 0 {
			settings[s.setting] = key[0]
		} else {
			settings[s.setting] = withClaim(settings[s.setting], s.claim, key[0])
		}
	}
	return nil
}

// withClaim sets a member of a JSON object of claims, at a path.
func withClaim(claims string, path []string, value string) string {
	object := map[string]any{}
	_ = json.Unmarshal([]byte(claims), &object) // what is there is ours, or nothing
	at := object
	for _, name := range path[:len(path)-1] {
		inner, ok := at[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[name] = inner
		}
		at = inner
	}
	at[path[len(path)-1]] = value
	text, _ := json.Marshal(object)
	return string(text)
}

// memberships are the levels that a session is a member of: its own, and those around it.
func (p *prober) memberships(settings map[string]string, keys map[string][]string) error {
	for _, t := range p.a.model.Tenants {
		if key := keys[t.Name]; key != nil {
			if err := p.beMember(settings, t.Name, key); err != nil {
				return err
			}
		}
	}
	return nil
}
