package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// sequencePrivileges: reading a sequence counts the rows of all tenants, and setting
// it back breaks their inserts. USAGE, which inserts need, is left alone.
func (a *audit) sequencePrivileges(role *catalog.Role) {
	for _, seq := range a.cat.Sequences {
		c := a.filledBy(seq)
		if c == nil || a.subject(c.Table) == nil || seq.Owner == role.Name {
			continue
		}
		for _, g := range seq.Grants {
			if !g.Has("SELECT") && !g.Has("UPDATE") || !mayAct(role, g.Grantee) {
				continue
			}
			what, does := "SELECT from", "its last_value tells how many rows all tenants have"
			if !g.Has("SELECT") {
				what, does = "UPDATE", "setval makes the inserts of all tenants fail"
			}
			a.find(report.Finding{Rule: "privilege-sequence", Cause: "sequences to " + g.Grantee, Object: a.name(c.Table) + "." + c.Name,
				Message: fmt.Sprintf("role %s may %s sequence %s: %s", role.Name, what, seq.Name, does),
				Fix:     fmt.Sprintf("REVOKE SELECT, UPDATE ON SEQUENCE %s FROM %s; /* USAGE is enough for nextval */", catalog.Ident(seq.Schema, seq.Name), grantee(g.Grantee))})
			break
		}
	}
}

// filledBy is the column that a sequence fills: its owner, or one whose default calls it.
func (a *audit) filledBy(seq *catalog.Sequence) *catalog.Column {
	if seq.Column != nil {
		return seq.Column
	}
	for _, r := range a.tables {
		for _, c := range r.Columns {
			if a.fills(seq, c) {
				return c
			}
		}
	}
	return nil
}

// publicPrivileges reports grants to PUBLIC, which every login has.
func (a *audit) publicPrivileges() {
	for _, s := range a.allPieces() {
		for _, g := range publicGrants(s.rel) {
			rule := "privilege-public"
			for _, f := range forbidden {
				if slices.ContainsFunc(g.Privileges, func(p string) bool { return strings.HasPrefix(p, f.privilege) }) {
					rule = f.rule
				}
			}
			a.find(report.Finding{Rule: rule, Cause: "to PUBLIC: " + strings.Join(g.Privileges, ", "), Object: s.name,
				Message: fmt.Sprintf("every role may %s on %s: it is granted to PUBLIC", strings.Join(g.Privileges, ", "), s.name),
				Fix:     fmt.Sprintf("REVOKE ALL ON %s FROM PUBLIC", s.rel.Ident())})
		}
	}
}

// publicGrants are what PUBLIC holds on a table, or on columns of it.
func publicGrants(r *catalog.Relation) []catalog.Grant {
	for _, g := range r.Grants {
		if g.Grantee == "public" && len(g.Privileges) > 0 {
			return []catalog.Grant{g}
		}
	}
	for _, c := range r.Columns {
		for _, g := range c.Grants {
			if g.Grantee == "public" && len(g.Privileges) > 0 {
				named := catalog.Grant{Grantee: g.Grantee}
				for _, p := range g.Privileges {
					named.Privileges = append(named.Privileges, p+" ("+c.Name+")")
				}
				return []catalog.Grant{named}
			}
		}
	}
	return nil
}
