package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// reads: no other tenant's rows, and its own.
func (t *probed) reads() error {
	if !t.may("SELECT") {
		return nil
	}
	if err := t.control("SELECT", fmt.Sprintf("SELECT FROM %s t WHERE %s", t.s.rel.Ident(), t.is("t", t.own))); err != nil {
		return err
	}
	if foreign := t.foreignToRead("t"); foreign != "" {
		sql := fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", t.s.rel.Ident(), foreign)
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if !got.failed() {
			there, _, err := t.p.value(sql)
			if err != nil {
				return err
			}
			t.p.a.measured(t.s.rel, t.role, "SELECT", got.value, there)
		}
		if !got.failed() && got.value != "0" {
			t.find("probe-read", t.s.name, got.value+" rows of other tenants can be read", sql, got, fixPolicy)
		}
	}
	return nil
}

// copies: COPY TO sees what SELECT sees.
func (t *probed) copies() error {
	if !t.may("SELECT") || t.foreign("t") == "" {
		return nil
	}
	sql := fmt.Sprintf("COPY (SELECT 1 FROM %s t WHERE %s) TO STDOUT", t.s.rel.Ident(), t.foreignToRead("t"))
	got, err := t.p.try(t.me, sql)
	if err != nil {
		return err
	}
	if !got.failed() && got.rows > 0 {
		t.find("probe-read", t.s.name, "rows of other tenants leave by COPY", sql, got, fixPolicy)
	}
	return nil
}

// unset: without a tenant there are no rows, and no error. Garbage may fail.
func (t *probed) unset() error {
	if !t.may("SELECT") {
		return nil
	}
	sql := fmt.Sprintf("SELECT count(*) FROM %s t", t.s.rel.Ident())
	if t.common() {
		sql += " WHERE " + notNull(cols("t", t.columns))
	}
	for _, c := range []struct{ name, value string }{{"unset", ""}, {"empty", ""}, {"garbage", "no-such-tenant"}} {
		who := identity{role: t.role}
		if c.name != "unset" {
			who.settings = map[string]string{}
			for name := range t.me.settings {
				who.settings[name] = c.value
			}
		}
		got, err := t.p.try(who, sql)
		if err != nil {
			return err
		}
		leaks := !got.failed() && got.value != "0" && !t.showsShared()
		if leaks || got.failed() && !got.denied() && c.name == "empty" && !gatewaySets(who.settings) {
			what, f := "every row in sight is open", report.Finding{}
			if !leaks { // which shows nothing
				what, f = "the query fails", report.Finding{Severity: report.Advice, Cause: "fails with an empty setting"}
			}
			t.findAs(f, "probe-setting", t.s.name, fmt.Sprintf("with the setting %s, %s", c.name, what), sql, got,
				"compare with nullif(current_setting('…', true), '')::…, which is NULL then, and equals nothing")
		}
	}
	return nil
}

// showsShared reports whether a policy that reads no setting shows the role what is shared:
// that shows without a tenant, too.
func (t *probed) showsShared() bool {
	return slices.ContainsFunc(permissive(t.s.rel, t.role, "SELECT"), func(p *catalog.Policy) bool {
		c := clause{name: "USING", expr: p.Using, reads: []string{"SELECT"}}
		return len(t.p.a.settingsIn(p.Using)) == 0 && t.p.a.shares(t.s, c)
	})
}

// gatewaySets reports whether settings are PostgREST's, which gives them a value in each
// transaction: no session of it has them empty.
func gatewaySets(settings map[string]string) bool {
	for name := range settings {
		if !strings.HasPrefix(name, "request.") {
			return false
		}
	}
	return true
}

// partitions can be named directly, past the parent's policies.
func (t *probed) partitions() error {
	for _, leaf := range t.p.a.withPartitions(t.s.rel)[1:] {
		if t.foreign("t") == "" {
			return nil
		}
		sql := fmt.Sprintf("SELECT count(*) FROM %s t WHERE %s", leaf.Ident(), t.foreignToRead("t"))
		got, err := t.p.try(t.me, sql)
		if err != nil {
			return err
		}
		if !got.failed() && got.value != "0" {
			t.find("probe-read", t.p.a.name(leaf), "rows of other tenants can be read from the partition", sql, got,
				fmt.Sprintf("REVOKE ALL ON %s FROM %s, or give it policies of its own", leaf.Ident(), t.role.Name))
		}
	}
	return nil
}
