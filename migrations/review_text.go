package migrations

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the report for people: a summary, rules that fire in most
// migrations by their count, then each migration with each statement once, what was
// found of it, hazards first, and how long each table is closed.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	g := r.grouped()
	fmt.Fprintf(&b, "%s reviewed on Postgres %s: %s\n", r.reviewedWhat(), majors(r.Majors), r.summary())
	if len(r.Migrations) > fewMigrations {
		writeRules(&b, g)
	}
	for _, m := range g.Migrations {
		if len(m.Statements) > 0 || len(m.Access) > 0 {
			writeMigration(&b, m)
		}
	}
	for _, f := range r.Waived {
		fmt.Fprintf(&b, "%s: %s %s is accepted: %s\n", at(f.File, f.Line), f.Rule, f.Target, f.Waived)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reviewedWhat is "3 of 430 migrations", where others were only run.
func (r *Report) reviewedWhat() string {
	n := len(r.Migrations)
	if r.set == nil || n == len(r.set.sources) {
		return counted(n, "migration")
	}
	return fmt.Sprintf("%d of %s", n, counted(len(r.set.sources), "migration"))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func majors(all []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ", "), "[]")
}

func (r *Report) summary() string {
	if len(r.Findings) == 0 {
		return "nothing found"
	}
	return fmt.Sprintf("%s, %d against policy, %d of style", counted(r.Hazards(), "hazard"), r.Policies(), r.count(Style))
}

// writeRules is what a long history comes to, by rule; those that fire in most
// migrations, and style, are told nowhere else.
func writeRules(b *strings.Builder, g grouped) {
	fmt.Fprintf(b, "\n  %-7s %-36s %8s %10s  newest\n", "", "rule", "findings", "migrations")
	for _, c := range g.Rules {
		fmt.Fprintf(b, "  %-7s %-36s %8d %10d  %s\n", c.Severity, c.Name, c.Findings, c.Migrations, at(c.Last.File, c.Last.Line))
	}
	for i, c := range g.Common {
		if i == 0 {
			b.WriteString("\nTold by their count alone, because they are of style or in most migrations:\n")
		}
		fmt.Fprintf(b, "  %s: %s\n  fix: %s\n", c.Name, c.Summary, c.Last.Fix)
	}
	b.WriteString("\n")
}

func writeMigration(b *strings.Builder, m migrationGroup) {
	fmt.Fprintf(b, "\n%s: %s\n", m.File, m.counts())
	for _, st := range m.Statements {
		fmt.Fprintf(b, "%s:", at(st.File, st.Line))
		if st.SQL != "" {
			b.WriteString(" " + shortened(st.SQL))
		}
		b.WriteString("\n")
		for _, c := range st.Causes {
			writeCause(b, c)
		}
	}
	writeAccess(b, m.Access)
	if m.Uncounted != "" {
		fmt.Fprintf(b, "  not counted on rows: %s\n", shortened(m.Uncounted))
	}
	writeTimeline(b, m.ReviewedMigration)
}

// writeAccess tells who reaches what after the migration that did not before, and the
// other way round.
func writeAccess(b *strings.Builder, changes []AccessChange) {
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

func (m migrationGroup) counts() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{m.Hazards, "hazard"}, {m.Policies, "policy finding"}, {m.Styles, "style finding"}} {
		if p.n > 0 {
			parts = append(parts, counted(p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// shortened is a statement on one line.
func shortened(sql string) string {
	const most = 100
	line := []rune(strings.Join(strings.Fields(sql), " "))
	if len(line) > most {
		return string(line[:most]) + " …"
	}
	return string(line)
}

func writeCause(b *strings.Builder, c cause) {
	fmt.Fprintf(b, "  %s: %s", c.Severity, c.Rule)
	if where := c.Where(); where != "" {
		fmt.Fprintf(b, " on %s", where)
	}
	if c.Lock != "" {
		fmt.Fprintf(b, " (%s)", c.Lock)
	}
	if len(c.Majors) > 0 {
		fmt.Fprintf(b, " (only on Postgres %s)", majors(c.Majors))
	}
	if again := c.Again(); again != "" {
		fmt.Fprintf(b, " (%s)", again)
	}
	if c.Severity == Style {
		fmt.Fprintf(b, ": %s\n", c.Fix)
		return
	}
	fmt.Fprintf(b, "\n  why: %s\n  fix: %s\n", c.Message, c.Fix)
}

// writeTimeline draws which statements each table is closed for.
func writeTimeline(b *strings.Builder, m ReviewedMigration) {
	const most = 8
	n := 0
	for _, c := range m.Locks {
		if !c.Writes {
			continue
		}
		if n++; n > most {
			continue
		}
		if n == 1 {
			b.WriteString("  closed to others, by statement\n")
		}
		b.WriteString(timelineRow(c, m.Locks) + "\n")
	}
	if n > most {
		fmt.Fprintf(b, "  … and %d more\n", n-most)
	}
}

// mostColumns is how many statements fit beside each other on a screen.
const mostColumns = 60

func timelineRow(c LockSpan, all []LockSpan) string {
	last := 0
	for _, o := range all {
		last = max(last, o.To)
	}
	var bar strings.Builder
	scale := max(1, (last+mostColumns)/mostColumns)
	for i := 0; i <= last; i += scale {
		if i+scale > c.From && i <= c.To {
			bar.WriteRune('█')
		} else {
			bar.WriteRune('·')
		}
	}
	what := "writes, DDL"
	if c.Reads {
		what = "reads, writes, DDL"
	}
	return fmt.Sprintf("  %s %s: no %s (%s), statements %d to %d", bar.String(), c.Relation, what, c.Lock, c.From, c.To)
}
