package migrations

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/review"
)

// grouped is a report as people read it: rules that fire nearly everywhere once, then
// each migration with its statements once, hazards first.
type grouped struct {
	Common     []ruleCount // told by a count alone
	Rules      []ruleCount // all rules that fired
	Migrations []migrationGroup
}

// ruleCount is how often a rule fired, and where it did last.
type ruleCount struct {
	Name, Summary        string
	Severity             Severity
	Findings, Migrations int
	Last                 Finding
}

// migrationGroup is one migration with what is to be told of it.
type migrationGroup struct {
	ReviewedMigration
	Statements                []statementGroup
	Hazards, Policies, Styles int
}

// statementGroup is one statement, or the file as a whole, with all that was found.
type statementGroup struct {
	File   string
	Line   int
	SQL    string
	Causes []cause
}

// cause is one thing to mend: findings of a rule that the same fix is for.
type cause struct {
	Finding
	Targets []string // of all of them, Finding.Target first
	Lines   []int    // of further statements
}

// onceEach are rules that one fix in a migration answers for all its statements.
var onceEach = map[string]bool{"lock-timeout-missing": true, "work-while-holding-lock": true, "exclusive-locks-on-multiple-tables": true}

// fewMigrations is up to how many migrations everything is told.
const fewMigrations = 10

func (r *Report) grouped() grouped {
	g := grouped{Rules: countRules(r.Findings)}
	for _, c := range g.Rules {
		many := len(r.Migrations) > fewMigrations
		if many && (c.Severity == Style || 2*c.Migrations > len(r.Migrations)) {
			g.Common = append(g.Common, c)
		}
	}
	common := func(f Finding) bool {
		return slices.ContainsFunc(g.Common, func(c ruleCount) bool { return c.Name == f.Rule })
	}
	byVersion := map[int64][]Finding{}
	for _, f := range r.Findings {
		if !common(f) {
			byVersion[f.Version] = append(byVersion[f.Version], f)
		}
	}
	seen := map[int64]bool{}
	for _, m := range r.Migrations {
		g.Migrations = append(g.Migrations, groupMigration(m, byVersion[m.Version]))
		seen[m.Version] = true
	}
	for _, f := range r.Findings { // of one that does not apply
		if !seen[f.Version] {
			seen[f.Version] = true
			g.Migrations = append(g.Migrations, groupMigration(ReviewedMigration{Version: f.Version, File: f.File}, byVersion[f.Version]))
		}
	}
	return g
}

func countRules(all []Finding) []ruleCount {
	var counts []ruleCount
	inMigration := map[string]bool{}
	for _, f := range all {
		i := slices.IndexFunc(counts, func(c ruleCount) bool { return c.Name == f.Rule })
		if i < 0 {
			i = len(counts)
			counts = append(counts, ruleNamed(f))
		}
		c := &counts[i]
		c.Findings++
		c.Last = f
		if key := fmt.Sprint(f.Rule, f.Version); !inMigration[key] {
			inMigration[key] = true
			c.Migrations++
		}
	}
	slices.SortStableFunc(counts, func(a, b ruleCount) int {
		return cmp.Or(cmp.Compare(severityOrder(a.Severity), severityOrder(b.Severity)), cmp.Compare(b.Findings, a.Findings))
	})
	return counts
}

func ruleNamed(f Finding) ruleCount {
	for _, r := range review.Rules() {
		if r.Name == f.Rule {
			return ruleCount{Name: r.Name, Summary: r.Summary, Severity: Severity(r.Severity)}
		}
	}
	return ruleCount{Name: f.Rule, Severity: f.Severity}
}

func severityOrder(s Severity) int { return slices.Index([]Severity{Hazard, Policy, Style}, s) }

func groupMigration(m ReviewedMigration, all []Finding) migrationGroup {
	g := migrationGroup{ReviewedMigration: m}
	for _, f := range all {
		switch f.Severity {
		case Hazard:
			g.Hazards++
		case Policy:
			g.Policies++
		case Style:
			g.Styles++
		}
		if c := g.causeOf(f); c != nil {
			c.add(f)
			continue
		}
		st := g.statement(f)
		st.Causes = append(st.Causes, cause{Finding: f, Targets: []string{f.Target}})
	}
	for _, st := range g.Statements {
		slices.SortStableFunc(st.Causes, func(a, b cause) int {
			return cmp.Compare(severityOrder(a.Severity), severityOrder(b.Severity))
		})
	}
	return g
}

// causeOf is what is known already and f only another case of.
func (g *migrationGroup) causeOf(f Finding) *cause {
	for i := range g.Statements {
		for k := range g.Statements[i].Causes {
			c := &g.Statements[i].Causes[k]
			if c.Rule == f.Rule && c.Severity == f.Severity && (onceEach[f.Rule] || c.Line == f.Line && c.Statement == f.Statement) {
				return c
			}
		}
	}
	return nil
}

func (g *migrationGroup) statement(f Finding) *statementGroup {
	for i := range g.Statements {
		if st := &g.Statements[i]; st.Line == f.Line && st.SQL == f.Excerpt {
			return st
		}
	}
	g.Statements = append(g.Statements, statementGroup{File: f.File, Line: f.Line, SQL: f.Excerpt})
	return &g.Statements[len(g.Statements)-1]
}

func (c *cause) add(f Finding) {
	if !slices.Contains(c.Targets, f.Target) {
		c.Targets = append(c.Targets, f.Target)
	}
	if f.Line != c.Line && !slices.Contains(c.Lines, f.Line) {
		c.Lines = append(c.Lines, f.Line)
	}
}

// Where are the relations, as far as they can be named in a line.
func (c cause) Where() string {
	const most = 3
	names := slices.DeleteFunc(slices.Clone(c.Targets), func(t string) bool { return t == "" })
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Again are the lines of further statements with the same cause.
func (c cause) Again() string {
	const most = 5
	if len(c.Lines) == 0 {
		return ""
	}
	lines := make([]string, 0, most)
	for _, l := range c.Lines[:min(most, len(c.Lines))] {
		lines = append(lines, fmt.Sprint(l))
	}
	text := "also at line " + strings.Join(lines, ", ")
	if len(c.Lines) > most {
		text += fmt.Sprintf(" and %d more", len(c.Lines)-most)
	}
	return text
}
