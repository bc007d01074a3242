package review

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

//go:embed access.sql
var accessSQL string

// cell is a command of a role on a table, a function or a view.
type cell struct{ kind, object, role, command string }

// access is who reaches what: "every row", "no row", or the condition on rows. What is
// not granted is not in it.
type access map[cell]string

func (s *session) access(ctx context.Context) (access, error) {
	lines, err := s.texts(ctx, accessSQL)
	if err != nil {
		return nil, fmt.Errorf("read who reaches what: %w", err)
	}
	all := access{}
	for _, l := range lines {
		part := strings.SplitN(l, "\n", 5)
		all[cell{part[0], part[1], part[2], part[3]}] = part[4]
	}
	return all, nil
}

// notGranted is the reach of a role without the privilege.
const notGranted = "not granted"

// touchesAccess reports whether a migration can change who reaches what.
func (m *Migration) touchesAccess() bool {
	for _, c := range m.Up {
		lower := strings.ToLower(c.SQL)
		for _, word := range []string{"policy", "grant", "revoke", "security", "role", "owner", "view", "privileges", "bypassrls", "function"} {
			if strings.Contains(lower, word) {
				return true
			}
		}
	}
	return slices.ContainsFunc(statements(m.Up), statement.mayRunCode)
}

// changes are the differences, by object and role.
func (before access) changes(after access) []report.AccessChange {
	keys := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.SortFunc(keys, compareCells)
	var all []report.AccessChange
	for _, k := range slices.Compact(keys) {
		old, new := before.reach(k), after.reach(k)
		if k.kind == "guard" || k.kind == "helper" || k.kind == "code" || old == new {
			continue
		}
		all = append(all, report.AccessChange{Kind: k.kind, Object: k.object, Role: k.role, Command: k.command, Before: old, After: new, Effect: effect(old, new)})
	}
	return all
}

func compareCells(a, b cell) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

// guards reports whether any table has row-level security: elsewhere the database keeps
// nothing apart.
func (a access) guards() bool {
	for k := range a {
		if k.kind == "guard" {
			return true
		}
	}
	return false
}

func (a access) reach(k cell) string {
	if what, ok := a[k]; ok {
		return what
	}
	return notGranted
}

// effect compares two reaches.
func effect(old, new string) string {
	rank := func(reach string) int {
		switch {
		case reach == notGranted:
			return 0
		case reach == "no row" || reach == "(false)":
			return 1
		case reach == "every row" || reach == "(true)" || strings.HasPrefix(reach, "as ") || strings.HasPrefix(reach, "past "):
			return 3
		}
		return 2
	}
	switch a, b := rank(old), rank(new); {
	case a < b:
		return "widening"
	case a > b:
		return "narrowing"
	}
	switch {
	case alternatives(new, old):
		return "widening"
	case alternatives(old, new) || strings.HasPrefix(new, old+" AND "):
		return "narrowing"
	}
	return "changed"
}

// alternatives reports whether wide is what narrow is, or more: each OR of the one is
// among those of the other.
func alternatives(wide, narrow string) bool {
	in := disjuncts(wide)
	for _, n := range disjuncts(narrow) {
		if !slices.Contains(in, n) {
			return false
		}
	}
	return true
}

// disjuncts are the parts between top-level ORs.
func disjuncts(reach string) []string {
	inner := strings.TrimSuffix(strings.TrimPrefix(reach, "("), ")")
	tokens := sqltext.Tokens(inner)
	var parts []string
	depth, from := 0, 0
	for _, t := range tokens {
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case t.Is("or") && depth == 0:
			parts = append(parts, strings.TrimSpace(inner[from:t.Pos]))
			from = t.End
		}
	}
	return append(parts, strings.TrimSpace(inner[from:]))
}

// accessRules judge what a migration does to isolation, out of who reaches what before
// and after.
func (e *engine) accessRules(r *run, before, after access, changes []report.AccessChange) {
	if len(changes) == 0 || !before.guards() && !after.guards() {
		return
	}
	e.result.Migrations[len(e.result.Migrations)-1].Access = changes
	j := &evaluator{run: r, seen: map[string]bool{}}
	for _, c := range changes {
		if c.Effect != "narrowing" && c.Effect != "neutral" && !j.madeTable(c.Object) {
			j.widened(c, before, after)
		}
	}
	e.result.Findings = append(e.result.Findings, j.findings...)
}

// madeTable reports whether the migration itself made the table.
func (j *evaluator) madeTable(name string) bool {
	schema, table, _ := strings.Cut(name, ".")
	r := j.state.find(schema, table)
	return r != nil && r.table() && !j.old(r.OID)
}

func (j *evaluator) widened(c report.AccessChange, before, after access) {
	rule, fix := "policy-widened", "a policy for the roles and commands that need it alone, with the tenant in its condition; RESTRICTIVE where it must hold beside others"
	words := []string{"policy"}
	guarded := func(a access, how string) bool { _, ok := a[cell{"guard", c.Object, "", how}]; return ok }
	on := func(a access) bool { return a.guarded(c.Object) }
	switch {
	case c.Helper != "":
		words, fix = []string{"function"}, "let "+c.Helper+" say yes for rows of the session's tenant alone; or a policy of its own for the role that needs more"
	case strings.HasPrefix(c.After, "as "):
		rule, words = "definer-function-public", []string{"definer", "grant"}
		fix = "REVOKE EXECUTE ON FUNCTION " + c.Object + " FROM PUBLIC; /* and GRANT it to the roles that need it; SET search_path on it */"
	case strings.HasPrefix(c.After, "past "):
		rule, words, fix = "view-bypasses-rls", []string{"view", "grant"}, "ALTER VIEW "+c.Object+" SET (security_invoker = true);"
	case on(before) && !on(after):
		rule, words, fix = "rls-dropped", []string{"security"}, "keep ROW LEVEL SECURITY enabled; let the role that must see everything have a policy of its own"
	case guarded(before, "forced") && guarded(after, "on"):
		rule, words, fix = "rls-unforced", []string{"force"}, "ALTER TABLE "+c.Object+" FORCE ROW LEVEL SECURITY;"
	case c.Before == notGranted && c.Kind == "function":
		rule, words, fix = "grant-widened", []string{"grant", "owner"}, "REVOKE EXECUTE ON FUNCTION "+c.Object+" FROM "+granteeOf(c.Role)+"; /* or keep it, where the role's code calls it */"
	case c.Before == notGranted:
		rule, words, fix = "grant-widened", []string{"grant", "owner"}, "REVOKE "+c.Command+" ON "+relationOf(&c)+" FROM "+granteeOf(c.Role)+"; /* or keep what the role's code does, on the tables that it does it to */"
	}
	if !on(before) && rule == "grant-widened" {
		return // nothing kept rows apart here
	}
	_, name, _ := strings.Cut(c.Object, ".")
	name, _, _ = strings.Cut(name, "(")
	message := fmt.Sprintf("%s can now %s %s (%s), where before it was: %s", c.Role, c.Command, c.Object, oneLine(c.After), oneLine(c.Before))
	if c.Helper != "" {
		message = fmt.Sprintf("%s can now %s other rows of %s, whose policies call %s", c.Role, c.Command, c.Object, c.Helper)
		name, _, _ = strings.Cut(c.Helper, "(")
		name = name[strings.LastIndex(name, ".")+1:]
	}
	for _, rows := range c.Rows {
		message += "; " + rows.String()
	}
	j.add(j.stepNaming(name, words), rule, c.Object, NoLock, message, fix)
}

// granteeOf is a role as REVOKE names it.
func granteeOf(role string) string {
	if role == "public" {
		return "PUBLIC"
	}
	return quote(role)
}

// stepNaming is the last step that has one of the words and names the object, else the
// last that has one of the words.
func (j *evaluator) stepNaming(name string, words []string) *step {
	var named, found *step
	for _, s := range j.steps {
		if !slices.ContainsFunc(words, func(w string) bool { return s.has(w) }) {
			continue
		}
		found = s
		if s.names(name) {
			named = s
		}
	}
	switch {
	case named != nil:
		return named
	case found != nil:
		return found
	case len(j.steps) > 0:
		return j.steps[len(j.steps)-1]
	}
	return &step{statement: statement{chunk: -1}}
}
