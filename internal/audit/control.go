package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// control does to a row of one's own what must work.
func (t *probed) control(command, sql string) error {
	if t.anonymous || len(t.key) == 0 || !t.mayAll("SELECT", t.key) || !t.p.a.opensOwn(t.s, t.role, command) {
		return nil
	}
	got, err := t.p.try(t.me, sql)
	out := func() bool { return got.denied() || !got.failed() && got.rows == 0 }
	if err == nil && out() && command == "SELECT" && t.fulfil() {
		got, err = t.p.try(t.me, sql)
	}
	if err != nil {
		return err
	}
	if out() && (command != "SELECT" && t.reached && t.asksForMore(command) || t.asksBeyond(command) || t.asksBeyond("SELECT")) {
		t.p.lack(beyondMembership, "the session has none", t.s.name, "policies ask for more than that to "+command)
		return nil
	}
	if out() && (t.asksForTime(command) || t.asksForTime("SELECT")) { // by which the others find the row
		t.p.lack("rows of a time", "policies go by the time, and the row is not of it", t.s.name, "policies ask for that to "+command)
		return nil
	}
	if command == "SELECT" {
		t.reached = !out()
	}
	if out() && !t.lacks() {
		t.findAs(report.Finding{Commands: []string{command}}, "probe-control", t.s.name, "its own row is out of reach for "+command, sql, got,
			"check the setting that the policies read, and that a policy covers "+command+" for this role")
	}
	return nil
}

// asksForMore reports whether each policy for a command asks for something that those for
// SELECT, which reach the row, do not: another function, table or text, such as 'owner'.
func (t *probed) asksForMore(command string) bool {
	seen := map[string]bool{}
	for _, p := range permissive(t.s.rel, t.role, "SELECT") {
		for _, x := range sqltext.Tokens(p.Using) {
			seen[x.Text] = true
		}
	}
	asking := permissive(t.s.rel, t.role, command)
	return len(asking) > 0 && !slices.ContainsFunc(asking, func(p *catalog.Policy) bool {
		tokens := sqltext.Tokens(p.Using)
		return !slices.ContainsFunc(t.p.a.calledIn(tokens), func(f *catalog.Function) bool { return !seen[f.Name] }) &&
			!slices.ContainsFunc(tokens, func(x sqltext.Token) bool {
				return !seen[x.Text] && (x.Kind == sqltext.String || x.IsIdentifier() && len(t.p.a.relations[x.Text]) > 0)
			})
	})
}

// asksBeyond reports whether policies for a command ask for more than to be a member, each that
// opens rows or one that restricts them: for a claim that the session does not make, such as
// aal, or for what another column of the membership says, such as is_owner.
func (t *probed) asksBeyond(command string) bool {
	m, members := t.p.membership(t.level)
	if members == nil {
		return false
	}
	claims := append([]string{"sub", "role"}, m.Claim...)
	for _, level := range t.p.a.model.Tenants {
		claims = append(claims, level.Claim...)
	}
	beyond := func(p *catalog.Policy) bool {
		expr := p.Using
		if command == "INSERT" {
			expr = checkOf(p)
		}
		tokens := t.p.a.expanded(sqltext.Tokens(expr), 0)
		looks := slices.Contains(t.p.a.tablesIn(tokens), members)
		for i, x := range tokens {
			claim := i > 0 && x.Kind == sqltext.String && slices.ContainsFunc([]string{"->", "->>", "#>", "#>>", "?"}, tokens[i-1].Is) && len(t.p.a.readers.In(tokens)) > 0
			column := looks && x.IsIdentifier() && members.Column(x.Text) != nil && t.s.rel.Column(x.Text) == nil && !contains(m.Columns, x.Text) && !contains(m.User, x.Text) && members.Column(x.Text).Type.Underlying().Category != "D"
			if column || claim && slices.ContainsFunc(sqltext.ArrayElements(x.Text), func(name string) bool { return !slices.Contains(claims, name) }) {
				return true
			}
		}
		return false
	}
	asking := permissive(t.s.rel, t.role, command)
	return len(asking) > 0 && !slices.ContainsFunc(asking, func(p *catalog.Policy) bool { return !beyond(p) }) ||
		slices.ContainsFunc(t.s.rel.Policies, func(p *catalog.Policy) bool {
			return !p.Permissive && p.Covers(command) && applies(p, t.role) && beyond(p)
		})
}

// asksForTime reports whether each policy for a command compares a column of the row with the
// time: rows of the last day, say.
func (t *probed) asksForTime(command string) bool {
	asking := permissive(t.s.rel, t.role, command)
	return len(asking) > 0 && !slices.ContainsFunc(asking, func(p *catalog.Policy) bool {
		return !slices.ContainsFunc(sqltext.TopLevel(bare(sqltext.Tokens(p.Using)), "AND"), func(side []sqltext.Token) bool {
			return len(columnsIn(t.s.rel, side)) > 0 && slices.ContainsFunc(side, func(x sqltext.Token) bool {
				return x.Is("now") || x.Is("current_date") || x.Is("current_timestamp") || x.Is("statement_timestamp") || x.Is("clock_timestamp")
			})
		})
	})
}

// outOfReach is why a row of one's own may be: an error that names what is refused, a function's
// table say, or the first function by which policies look one up. "": neither.
func (t *probed) outOfReach(got outcome) string {
	if got.failed() && !strings.Contains(got.message, "row-level security") {
		return "refused: " + got.String()
	}
	for _, p := range t.s.rel.Policies {
		for _, f := range t.p.a.calledIn(sqltext.Tokens(p.Using + " " + p.WithCheck)) {
			if len(t.p.a.tablesIn(code(f))) > 0 {
				return "out of reach by " + signature(f)
			}
		}
	}
	return ""
}

// fulfil makes rows of the session's tenant in tables that the policies look into and that
// have none of it: they may ask for a subscription, say. It reports whether it made any.
func (t *probed) fulfil() (made bool) {
	for _, s := range t.lookedInto() {
		columns := s.direct()[slices.IndexFunc(s.direct(), t.ofLevel)].Columns
		texts := strings.Split(asTexts(cols("t", columns)), ", ")
		_, there, err := t.p.value(fmt.Sprintf("SELECT 1 FROM %s t WHERE %s LIMIT 1", s.rel.Ident(), equals(texts, t.own.tenant)))
		if there || err != nil {
			continue
		}
		if err := t.p.write(s.name, 1, withValues(columns, t.own.tenant)); err == nil {
			made = true
		} else if t.lacking == nil {
			t.lacking = map[string]string{s.name: firstLine(err)}
		} else {
			t.lacking[s.name] = firstLine(err)
		}
	}
	return made
}

// lookedInto are the other tables that policies of the table look into whose rows name a tenant
// of its level.
func (t *probed) lookedInto() (out []*subject) {
	for _, p := range t.s.rel.Policies {
		for _, r := range t.p.a.tablesIn(t.p.a.expanded(sqltext.Tokens(p.Using+" "+p.WithCheck), 0)) {
			s := t.p.a.subject(r)
			if s != nil && s.rel != t.s.rel && slices.ContainsFunc(s.direct(), t.ofLevel) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func (t *probed) ofLevel(sc seedbed.Scoped) bool {
	return sc.Tenant == t.level && len(sc.Columns) == len(t.own.tenant)
}

// lacks reports whether the session lacks a row that policies may ask for, and notes it: that
// rows are out of its reach says nothing of the policies then.
func (t *probed) lacks() bool {
	for table, why := range t.lacking {
		t.p.lack(probesOf(table), noRows, t.s.name, why)
	}
	return len(t.lacking) > 0
}
