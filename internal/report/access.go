package report

import (
	"fmt"
	"slices"
	"strings"
)

// Reach is how far a command of a role gets in a table.
type Reach string

// Reaches, from nowhere to everywhere.
const (
	Denied     Reach = "denied"     // it is not granted
	Nothing    Reach = "nothing"    // it is granted, and no policy lets it reach a row
	OfTenant   Reach = "tenant"     // rows of the session's tenant of the innermost level
	OfOuter    Reach = "outer"      // rows of the session's tenant of a level above
	Some       Reach = "some"       // those, and rows of others that a policy opens
	Everything Reach = "everything" // every row
)

// Commands of the matrix, in the order of AccessTable.Reach.
var Commands = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"}

// Access is the isolation matrix: what each role can do to each table by what the
// catalog says. What was tried is in a Report's findings.
type Access struct {
	Roles  []AccessRole  `json:"roles"`
	Tables []AccessTable `json:"tables"`
}

// AccessRole is a column of the matrix.
type AccessRole struct {
	Name string `json:"name"`
	// Part it plays: application, across tenants, owner, or what it is granted only.
	Part string `json:"part"`
	// Unbound says that row-level security does not apply to it.
	Unbound bool `json:"unbound"`
}

// AccessTable is a row of the matrix.
type AccessTable struct {
	Name string `json:"name"`
	// Scope is the level that its rows belong to; "" where they belong to no tenant.
	Scope string `json:"scope"`
	// Aggregate says that it is read across tenants too.
	Aggregate bool `json:"aggregate,omitempty"`
	// Reach by role, then by command.
	Reach [][]Reach `json:"reach"`
}

// shownGroups is how many lines the matrix has in a text.
const shownGroups = 12

// writeAccess writes the matrix with one line for all tables in which the roles reach
// the same: those in which one reaches every tenant's rows first.
func writeAccess(b *strings.Builder, width int, a *Access) {
	if a == nil || len(a.Roles) == 0 {
		return
	}
	groups := a.grouped()
	if len(groups) == 0 {
		return
	}
	b.WriteString("\n  who reaches what\n")
	for _, g := range groups[:min(len(groups), shownGroups)] {
		HangIn(b, width, "    ", g.text(a.Roles))
	}
	if more := len(groups) - shownGroups; more > 0 {
		fmt.Fprintf(b, "    … and %s in which the roles reach something else\n", Count(more, "group")+" of tables")
	}
}

// accessGroup is the tables in which the roles reach the same.
type accessGroup struct {
	scope  string
	tables []string
	reach  [][]Reach
}

// grouped are the tables of tenants by what the roles reach in them.
func (a *Access) grouped() (out []accessGroup) {
	for _, t := range a.Tables {
		if t.Scope == "" {
			continue
		}
		at := slices.IndexFunc(out, func(g accessGroup) bool {
			return g.scope == t.Scope && slices.EqualFunc(g.reach, t.Reach, slices.Equal[[]Reach])
		})
		if at < 0 {
			at = len(out)
			out = append(out, accessGroup{scope: t.Scope, reach: t.Reach})
		}
		out[at].tables = append(out[at].tables, t.Name)
	}
	slices.SortStableFunc(out, func(x, y accessGroup) int { return y.open(a.Roles) - x.open(a.Roles) })
	return out
}

// open is how far the applications' roles reach beyond their tenant.
func (g accessGroup) open(roles []AccessRole) (n int) {
	for i, role := range roles {
		switch {
		case role.Part != "application":
		case slices.Contains(g.reach[i], Everything):
			n += 1 + len(roles)
		case slices.Contains(g.reach[i], Some):
			n++
		}
	}
	return n
}

// text says it in a sentence, without those whom no policy is to bind: "of one space (datasets, comments): app: its own SIUD;
// admin: nothing".
func (g accessGroup) text(roles []AccessRole) string {
	var parts []string
	for i, role := range roles {
		if said := reached(g.reach[i]); said != "" && role.Part != "owner" && (!role.Unbound || role.Part == "application") {
			parts = append(parts, role.Name+": "+said)
		}
	}
	if len(parts) == 0 {
		parts = []string{"no role that policies bind reaches them"}
	}
	return fmt.Sprintf("of one %s (%s): %s", g.scope, Several(g.tables), strings.Join(parts, "; "))
}

// reached says how far the commands of a role get; "" where none is granted.
func reached(reach []Reach) string {
	words := map[Reach]string{OfTenant: "its own rows", OfOuter: "those of all tenants below its own", Some: "its own rows and some of others", Everything: "EVERY ROW", Nothing: "no row"}
	var parts []string
	for _, far := range []Reach{Everything, Some, OfOuter, OfTenant, Nothing} {
		var commands []string
		for i, r := range reach {
			if r == far {
				commands = append(commands, strings.ToLower(Commands[i]))
			}
		}
		if len(commands) > 0 {
			parts = append(parts, fmt.Sprintf("%s by %s", words[far], strings.Join(commands, ", ")))
		}
	}
	return strings.Join(parts, ", ")
}
