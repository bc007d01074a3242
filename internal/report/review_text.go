package report

import (
	"fmt"
	"strings"
)

// Text is the review for people: a summary, rules that fire in most migrations by their
// count, then each migration with each statement once, what was found of it, the gravest
// first, and how long each table is closed.
func (r *Review) Text() string {
	var b strings.Builder
	g := r.grouped()
	on := ""
	if len(r.Majors) > 0 { // none where the files could not be read
		on = " on Postgres " + majors(r.Majors)
	}
	fmt.Fprintf(&b, "%s reviewed%s: %s\n", r.scope(), on, r.Summary())
	if len(r.Migrations) > fewMigrations {
		writeRules(&b, g)
	}
	for _, m := range g.Migrations {
		if len(m.Statements) > 0 || len(m.Access) > 0 {
			m.writeText(&b)
		}
	}
	for _, f := range r.Accepted {
		fmt.Fprintf(&b, "%s: %s %s is accepted: %s\n", f.Statement.At(), f.Rule, f.Object, f.Excused)
	}
	return b.String()
}

// scope is "3 of 430 migrations", where others were only run.
func (r *Review) scope() string {
	n := len(r.Migrations)
	if r.Total <= n {
		return Count(n, "migration")
	}
	return fmt.Sprintf("%d of %s", n, Count(r.Total, "migration"))
}

// Summary is the review in a few words.
func (r *Review) Summary() string {
	if len(r.Findings) == 0 {
		return "nothing found"
	}
	return Tally(r.Findings)
}

// writeRules is what a long history comes to, by rule; those that fire in most
// migrations, and style, are told nowhere else.
func writeRules(b *strings.Builder, g grouped) {
	fmt.Fprintf(b, "\n  %-7s %-36s %8s %10s  newest\n", "", "rule", "findings", "migrations")
	for _, c := range g.Rules {
		fmt.Fprintf(b, "  %-7s %-36s %8d %10d  %s\n", c.Severity, c.Name, c.Findings, c.Migrations, c.Last.Statement.At())
	}
	for i, c := range g.Common {
		if i == 0 {
			b.WriteString("\nTold by their count alone, because they are of style or in most migrations:\n")
		}
		Hang(b, "  ", c.Name+": "+c.Holds)
		Hang(b, "    why  ", c.Why)
		Hang(b, "    fix  ", c.Last.Fix)
	}
	b.WriteString("\n")
}

func (m migrationGroup) writeText(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s: %s\n", m.File, m.Tally)
	for _, s := range m.Statements {
		b.WriteString(s.title() + "\n")
		for _, f := range s.Findings {
			f.WriteText(b)
		}
	}
	writeAccessChanges(b, m.Access)
	if m.Uncounted != "" {
		fmt.Fprintf(b, "  not counted on rows: %s\n", shortened(m.Uncounted))
	}
	writeTimeline(b, m.Locks)
}

// title is where the statement stands, and its beginning.
func (s statementGroup) title() string {
	if s.SQL == "" {
		return s.At
	}
	return s.At + ": " + shortened(s.SQL)
}

// StatementText is a finding of a migration behind the statement that it is about.
func (f Finding) StatementText() string {
	var b strings.Builder
	b.WriteString(statementGroup{At: f.Statement.At(), SQL: f.Statement.SQL}.title() + "\n")
	f.WriteText(&b)
	return strings.TrimRight(b.String(), "\n")
}

// writeAccessChanges tells who reaches what after the migration that did not before, and
// the other way round.
func writeAccessChanges(b *strings.Builder, changes []AccessChange) {
	const most = 8
	for i, c := range changes {
		if i == 0 {
			b.WriteString("  who reaches what\n")
		}
		if i == most {
			fmt.Fprintf(b, "  … and %d more\n", len(changes)-most)
			return
		}
		fmt.Fprintf(b, "  %-9s %s %s %s: %s → %s\n", c.Effect, c.Role, c.Command, c.Object, shortened(c.Before), shortened(c.After))
		for _, rows := range c.Rows {
			fmt.Fprintf(b, "            %s\n", rows)
		}
	}
}

// shortened is a statement on one line.
func shortened(sql string) string {
	const most = 100
	line := []rune(strings.Join(strings.Fields(visible(sql)), " "))
	if len(line) > most {
		return string(line[:most]) + " …"
	}
	return string(line)
}
