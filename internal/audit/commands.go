package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// commands wants a policy for everything that a role was granted.
func (a *audit) commands(s *subject, role *catalog.Role) {
	if !s.rel.RLS || role.Super || role.BypassRLS {
		return
	}
	var open, revoke []string
	for _, command := range rowCommands {
		via := privilege(role, s.rel, command)
		if via == "" || covered(s, role, command) || grantedAll(s, role) && !a.mostAreCovered(role, command) {
			continue
		}
		open = append(open, command)
		revoke = append(revoke, fmt.Sprintf("REVOKE %s ON %s FROM %s", command, s.rel.Ident(), grantee(viaRole(via))))
	}
	if len(open) == 0 {
		return
	}
	f := report.Finding{Rule: "rls-command-uncovered", Cause: "no policies for " + role.Name, Object: s.name, Commands: open,
		Message: fmt.Sprintf("role %s may %s %s, and no policy covers that: it never reaches a row", role.Name, strings.Join(open, ", "), s.name),
		Fix:     strings.Join(revoke, "; ") + fmt.Sprintf("; /* or CREATE POLICY FOR %s */", strings.Join(open, " and FOR "))}
	if open[0] == "SELECT" { // by which the other commands find their rows
		var vain []string
		for _, command := range []string{"UPDATE", "DELETE"} {
			if f.Commands = append(f.Commands, command); !slices.Contains(open, command) && covered(s, role, command) {
				vain = append(vain, command)
			}
		}
		if len(vain) > 0 {
			f.Cause, f.Severity = "", report.Risk
			f.Message += fmt.Sprintf(", and its policies for %s reach none either", strings.Join(vain, ", "))
		}
	}
	a.find(f)
}

// rowCommands are those that policies are for.
var rowCommands = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

func covered(s *subject, role *catalog.Role, command string) bool {
	return len(permissive(s.rel, role, command)) > 0
}

// grantedAll reports whether a role was granted everything on a table that has policies, so
// that these choose the commands. The rule for TRUNCATE speaks of the grant.
func grantedAll(s *subject, role *catalog.Role) bool {
	return privilege(role, s.rel, "TRUNCATE") != "" && len(s.rel.Policies) > 0
}

// mostAreCovered reports whether a role that was granted everything has a policy for a command
// on most such tables: of others nearly all, for a table that is not written is common.
func (a *audit) mostAreCovered(role *catalog.Role, command string) bool {
	with, without := 0, 0
	for _, s := range a.subjects {
		switch {
		case !s.rel.RLS || !grantedAll(s, role):
		case covered(s, role, command):
			with++
		default:
			without++
		}
	}
	if command == "SELECT" {
		return with > without
	}
	return with > 3 && with > 9*without
}
