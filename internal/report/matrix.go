package report

import (
	"fmt"
	"slices"
	"strings"
)

// matrix is the isolation matrix as the page shows it.
type matrix struct {
	Roles    []AccessRole
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
	if p.Audit.Access == nil || len(p.Audit.Access.Roles) == 0 {
		return nil
	}
	m := &matrix{Roles: p.Audit.Access.Roles}
	broken := p.broken()
	at := map[string]int{}
	for _, t := range p.Audit.Access.Tables {
		i, ok := at[t.Scope]
		if !ok {
			i = len(m.Sections)
			at[t.Scope] = i
			m.Sections = append(m.Sections, section{Title: t.Scope})
		}
		row := matrixRow{Name: t.Name, Aggregate: t.Aggregate, Link: broken[spot{table: t.Name}]}
		for r, role := range p.Audit.Access.Roles {
			row.Cells = append(row.Cells, marks(t, role, t.Reach[r], broken))
		}
		m.Sections[i].Tables = append(m.Sections[i].Tables, row)
	}
	return m
}

// says are the words for a reach, in the role's place.
var says = map[Reach]string{
	Denied: "is not granted", Nothing: "is granted, and no policy lets it reach a row",
	OfTenant: "reaches rows of its own tenant", OfOuter: "reaches rows of all tenants below its own", Some: "reaches rows of its own tenant and some of others", Everything: "reaches every row",
}

func marks(t AccessTable, role AccessRole, reach []Reach, broken map[spot]string) (out []mark) {
	for i, command := range Commands {
		if command == "TRUNCATE" && reach[i] == Denied {
			continue // as it should be: not worth a column of dots
		}
		m := mark{Letter: command[:1], Class: string(reach[i]), Says: fmt.Sprintf("%s: %s on %s %s", role.Name, command, t.Name, says[reach[i]])}
		if t.Scope == "" && reach[i] == Everything {
			m.Class = "shared" // they belong to no tenant
		}
		if link := broken[spot{t.Name, role.Name, command}]; link != "" {
			m.Class, m.Link = "broken", link
			m.Says += ", and should not: see the finding"
		}
		out = append(out, m)
	}
	return out
}

// spot is what a finding breaks: a command of a role in a table, or the table.
type spot struct{ table, role, command string }

// broken maps places to the findings about them.
func (p Page) broken() map[spot]string {
	out := map[spot]string{}
	for i, f := range p.Audit.Findings {
		link := "#" + name("f", i)
		for _, x := range f.All() {
			if _, there := out[spot{table: x.Table}]; !there {
				out[spot{table: x.Table}] = link
			}
		}
		for _, x := range f.All() {
			if role, command := attempt(x); role != "" {
				out[spot{x.Table, role, command}] = link
			}
		}
	}
	return out
}

// attempt is who tried, and which command: in a finding of a probe. Reading as an
// UPDATE's condition is the UPDATE's.
func attempt(f Finding) (role, command string) {
	if f.Role == "" || len(f.Evidence) == 0 || f.Rule == "probe-control" {
		return "", ""
	}
	verb, _, _ := strings.Cut(f.Evidence[0], " ")
	switch verb {
	case "COPY", "WITH":
		verb = "SELECT"
	case "MERGE":
		verb = "UPDATE"
	}
	if !slices.Contains(Commands, verb) {
		return "", ""
	}
	return f.Role, verb
}

func name(prefix string, i int) string { return fmt.Sprintf("%s%d", prefix, i+1) }
