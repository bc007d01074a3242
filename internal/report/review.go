package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
)

// Review is what a review of migrations found.
type Review struct {
	// Set is the folder that the migrations lie in, as people call it, and Migrations
	// those of its Total that were reviewed.
	Set        string
	Total      int
	Migrations []Migration
	// Majors are the Postgres versions that were asked.
	Majors []int
	// Findings in the order of files and statements.
	Findings []Finding
	// Accepted findings have a reason in Excused.
	Accepted []Finding
}

// Migration is one that was reviewed.
type Migration struct {
	Version int64
	File    string
	// Locks on relations that were there before, for which others would wait.
	Locks []LockSpan
	// Took is the milliseconds of the review.
	Took int64
	// Access is what the migration does to who reaches which rows.
	Access []AccessChange
	// Uncounted is why rows were not counted for some of Access. Empty: they were, or
	// nothing makes sessions.
	Uncounted string
}

// LockSpan is a relation that a migration keeps locked, from one statement to another.
type LockSpan struct {
	Relation string // schema.relation
	Lock     string // the mode, as LOCK TABLE spells it
	From     int    // statement that took it, from 0
	To       int    // statement after which it was let go
	Reads    bool   // reads wait for it
	Writes   bool   // writes wait for it
	DDL      bool   // other DDL waits for it
}

// AccessChange is what a migration does to one role's reach.
type AccessChange struct {
	Kind    string // "table", "view" or "function"
	Object  string
	Role    string
	Command string
	Before  string // "not granted", "no row", "every row", or the condition
	After   string
	Effect  string // "narrowing", "widening", "neutral" where the rows tried are the same, or "changed" where none is certain
	// Rows are the rows that sessions of the role reached. Empty: they were not counted.
	Rows []RowReach
	// Helper is the function whose change is the only one: the condition is as it was.
	Helper string
}

// RowReach is how many rows a session of a role reached before and after a migration.
type RowReach struct {
	Tenant string // whose session it was; "" for a session without a tenant
	Before int    // Refused where the statement was
	After  int
	Total  int // rows that there were after it
}

// Refused stands for the rows of a statement that was refused.
const Refused = -1

// String is "under org 7: 3 of 6 rows before, 6 after".
func (r RowReach) String() string {
	session := "without a tenant"
	if r.Tenant != "" {
		session = "under " + r.Tenant
	}
	count := func(n int) string {
		if n == Refused {
			return "refused"
		}
		return fmt.Sprint(n)
	}
	if r.Before == Refused {
		return fmt.Sprintf("%s: refused before, %s of %d rows after", session, count(r.After), r.Total)
	}
	return fmt.Sprintf("%s: %d of %d rows before, %s after", session, r.Before, r.Total, count(r.After))
}

// onceEach are rules that one fix in a migration answers for all its statements.
var onceEach = []string{"lock-timeout-missing", "work-while-holding-lock", "exclusive-locks-on-multiple-tables"}

// fewMigrations is up to how many migrations everything is told.
const fewMigrations = 10

// grouped is a review as people read it: rules that fire nearly everywhere once, then
// each migration with its statements once, the gravest findings first.
type grouped struct {
	Common     []ruleCount // told by a count alone
	Rules      []ruleCount // all rules that fired
	Migrations []migrationGroup
}

// ruleCount is how often a rule fired, and where it did last.
type ruleCount struct {
	Rule
	Findings, Migrations int
	Last                 Finding
}

// migrationGroup is one migration with what is to be told of it.
type migrationGroup struct {
	Migration
	Statements []statementGroup
	Tally      string // empty: nothing was found
}

// Told reports whether there is something to tell of the migration.
func (m migrationGroup) Told() bool {
	return len(m.Statements)+len(m.Access)+len(m.Locks) > 0
}

// Told reports whether there is something to tell of any migration.
func (g grouped) Told() bool { return slices.ContainsFunc(g.Migrations, migrationGroup.Told) }

// statementGroup is one statement, or the file as a whole, with all that was found.
type statementGroup struct {
	At, SQL  string
	Findings []finding
}

func (r *Review) grouped() grouped {
	g := grouped{Rules: countRules(r.Findings)}
	for _, c := range g.Rules {
		if r.common(c) {
			g.Common = append(g.Common, c)
		}
	}
	byVersion := map[int64][]Finding{}
	for _, f := range r.Findings {
		if !slices.ContainsFunc(g.Common, func(c ruleCount) bool { return c.Name == f.Rule }) {
			byVersion[f.Statement.Version] = append(byVersion[f.Statement.Version], f)
		}
	}
	seen := map[int64]bool{}
	for _, m := range r.Migrations {
		g.Migrations = append(g.Migrations, groupMigration(m, byVersion[m.Version]))
		seen[m.Version] = true
	}
	for _, f := range r.Findings { // of one that does not apply
		if v := f.Statement.Version; !seen[v] {
			seen[v] = true
			g.Migrations = append(g.Migrations, groupMigration(Migration{Version: v, File: f.Statement.File}, byVersion[v]))
		}
	}
	return g
}

// common reports whether a rule is told by a count alone: in a long history, where it
// is style or fires in most migrations.
func (r *Review) common(c ruleCount) bool {
	return len(r.Migrations) > fewMigrations && (c.Severity == Style || 2*c.Migrations > len(r.Migrations))
}

func countRules(all []Finding) []ruleCount {
	var counts []ruleCount
	inMigration := map[string]bool{}
	for _, f := range all {
		i := slices.IndexFunc(counts, func(c ruleCount) bool { return c.Name == f.Rule })
		if i < 0 {
			rule, known := MigrationRules.Named(f.Rule)
			if !known {
				rule = Rule{Name: f.Rule, Severity: f.Severity}
			}
			i = len(counts)
			counts = append(counts, ruleCount{Rule: rule})
		}
		c := &counts[i]
		c.Findings++
		c.Last = f
		if key := fmt.Sprint(f.Rule, f.Statement.Version); !inMigration[key] {
			inMigration[key] = true
			c.Migrations++
		}
	}
	slices.SortStableFunc(counts, func(a, b ruleCount) int {
		return cmp.Or(a.Severity.Compare(b.Severity), cmp.Compare(b.Findings, a.Findings))
	})
	return counts
}

// fold makes one finding of those of a migration that the same fix is for.
func fold(all []Finding) []Finding {
	all = slices.Clone(all)
	for i, f := range all {
		f.Cause = fmt.Sprint(f.Rule, " ", f.Severity)
		if !slices.Contains(onceEach, f.Rule) {
			f.Cause += fmt.Sprint(" ", f.Statement.Line, " ", f.Statement.Number)
		}
		all[i] = f
	}
	return join(all)
}

func groupMigration(m Migration, all []Finding) migrationGroup {
	g := migrationGroup{Migration: m}
	if len(all) > 0 {
		g.Tally = Tally(all)
	}
	for _, f := range fold(all) {
		at := slices.IndexFunc(g.Statements, func(s statementGroup) bool {
			return s.At == f.Statement.At() && s.SQL == f.Statement.SQL
		})
		if at < 0 {
			at = len(g.Statements)
			g.Statements = append(g.Statements, statementGroup{At: f.Statement.At(), SQL: f.Statement.SQL})
		}
		g.Statements[at].Findings = append(g.Statements[at].Findings, finding{Finding: f, Title: f.title()})
	}
	for _, s := range g.Statements {
		slices.SortStableFunc(s.Findings, func(a, b finding) int { return a.Severity.Compare(b.Severity) })
	}
	return g
}

// Causes are the findings without style and without what the rules of a long history say
// of most migrations, those that one fix answers as one, in the order of a reader.
func (r *Review) Causes() (out []Finding) {
	for _, m := range r.grouped().Migrations {
		for _, s := range m.Statements {
			for _, f := range s.Findings {
				if f.Severity != Style {
					out = append(out, f.Finding)
				}
			}
		}
	}
	return out
}

// Run is the review's findings for code hosts and editors. prefix is the directory of the
// files in the repository, "" where they lie at its root.
func (r *Review) Run(prefix string) Run {
	return r.run(prefix, slices.Concat(r.Findings, r.Accepted))
}

// Comments is the review for comments at the lines of a diff: what one fix answers is one,
// and a rule that fires nearly everywhere is told once, where it did last.
func (r *Review) Comments(prefix string) Run {
	g := r.grouped()
	var all []Finding
	for _, c := range g.Common {
		c.Last.Message = fmt.Sprintf("%s (%d in %d migrations)", c.Why, c.Findings, c.Migrations)
		all = append(all, c.Last)
	}
	for _, m := range g.Migrations {
		for _, s := range m.Statements {
			for _, f := range s.Findings {
				all = append(all, f.Finding)
			}
		}
	}
	return r.run(prefix, all)
}

func (r *Review) run(prefix string, all []Finding) Run {
	run := Run{Tool: "seedbed migrate review", Rules: MigrationRules}
	for _, f := range all {
		run.Results = append(run.Results, Result{f, path.Join(prefix, f.Statement.File), f.Statement.Line})
	}
	return run
}
