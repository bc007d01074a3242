package report

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/audit"
)

// matrix is the isolation matrix as the page shows it.
type matrix struct {
	Roles    []audit.AccessRole
	Sections []section
}

// section is the tables of one scope.
type section struct {
	Title  string
	Tables []matrixRow
}

type matrixRow struct {
	Name      string
	Aggregate bool
	Link      string // to a finding about the table itself
	Cells     [][]mark
}

// mark is one command of one role.
type mark struct {
	Letter string
	Class  string
	Says   string
	Link   string // to the finding that breaks it
}

func (p Page) matrix() *matrix {
	if p.Access == nil || len(p.Access.Roles) == 0 {
		return nil
	}
	m := &matrix{Roles: p.Access.Roles}
	broken := p.broken()
	at := map[string]int{}
	for _, t := range p.Access.Tables {
		i, ok := at[t.Scope]
		if !ok {
			i = len(m.Sections)
			at[t.Scope] = i
			m.Sections = append(m.Sections, section{Title: t.Scope})
		}
		row := matrixRow{Name: t.Name, Aggregate: t.Aggregate, Link: broken[place{table: t.Name}]}
		for r, role := range p.Access.Roles {
			row.Cells = append(row.Cells, marks(t, role, t.Reach[r], broken))
		}
		m.Sections[i].Tables = append(m.Sections[i].Tables, row)
	}
	return m
}

// says are the words for a reach, in the role's place.
var says = map[audit.Reach]string{
	audit.Denied: "is not granted", audit.Nothing: "is granted, and no policy lets it reach a row",
	audit.OfTenant: "reaches rows of its own tenant", audit.OfOuter: "reaches rows of all tenants below its own", audit.Everything: "reaches every row",
}

func marks(t audit.AccessTable, role audit.AccessRole, reach []audit.Reach, broken map[place]string) (out []mark) {
	for i, command := range audit.Commands {
		if command == "TRUNCATE" && reach[i] == audit.Denied {
			continue // as it should be: not worth a column of dots
		}
		m := mark{Letter: command[:1], Class: string(reach[i]), Says: fmt.Sprintf("%s: %s on %s %s", role.Name, command, t.Name, says[reach[i]])}
		if t.Scope == "" && reach[i] == audit.Everything {
			m.Class = "shared" // nobody owns these rows
		}
		if link := broken[place{t.Name, role.Name, command}]; link != "" {
			m.Class, m.Link = "broken", link
			m.Says += ", and should not: see the finding"
		}
		out = append(out, m)
	}
	return out
}

// place is what a finding breaks: a command of a role in a table, or the table.
type place struct{ table, role, command string }

// broken maps places to the findings about them.
func (p Page) broken() map[place]string {
	out := map[place]string{}
	for i, f := range p.Audit.Findings {
		link := "#" + name("f", i)
		table, _, _ := strings.Cut(f.Object, ".")
		for _, t := range p.Access.Tables {
			if t.Name == f.Object || t.Name == table || strings.HasPrefix(f.Object, t.Name+".") {
				table = t.Name
			}
		}
		if _, there := out[place{table: table}]; !there {
			out[place{table: table}] = link
		}
		role, command := attempt(f)
		if role != "" && command != "" {
			out[place{table, role, command}] = link
		}
	}
	return out
}

// attempt reads from a probe's finding who tried, and which command. Reading as an
// UPDATE's condition is the UPDATE's.
func attempt(f audit.Finding) (role, command string) {
	rest, ok := strings.CutPrefix(f.Message, "as ")
	if !ok || !strings.HasPrefix(f.Rule, "probe-") || len(f.Evidence) == 0 || f.Rule == "probe-control" {
		return "", ""
	}
	role, _, _ = strings.Cut(rest, " of ")
	verb, _, _ := strings.Cut(f.Evidence[0], " ")
	for _, c := range audit.Commands {
		if verb == c {
			return role, c
		}
	}
	switch verb {
	case "COPY", "WITH":
		return role, "SELECT"
	case "MERGE":
		return role, "UPDATE"
	}
	return role, ""
}

func name(prefix string, i int) string { return fmt.Sprintf("%s%d", prefix, i+1) }
