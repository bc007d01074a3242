package migrations

import "github.com/qarion/seedbed/internal/report"

// Severity of a finding: [Hazard], [Policy] or [Style].
type Severity string

// The severities. Hazards and policies fail a build, style is advice.
const (
	Hazard Severity = "hazard"
	Policy Severity = "policy"
	Style  Severity = "style"
)

// Finding is one thing about a migration that would hurt a database in use.
type Finding struct {
	Rule      string   `json:"rule"`
	File      string   `json:"file"`
	Line      int      `json:"line"`      // 1-based; 0 where no line is to blame
	Statement int      `json:"statement"` // as goose splits, from 0; -1 for the file as a whole
	Target    string   `json:"target"`    // schema.relation, or the object it is about
	Lock      string   `json:"lock"`      // the mode that was held on Target; empty: none, or not about one
	Severity  Severity `json:"severity"`
	Message   string   `json:"message"` // why it hurts
	Fix       string   `json:"fix"`

	SQLState string `json:"sqlstate,omitempty"` // of a statement that failed
	Version  int64  `json:"version"`
	Majors   []int  `json:"majors,omitempty"` // where several servers were asked and not all agreed
	Waived   string `json:"waived,omitempty"` // the reason given for keeping it
	Excerpt  string `json:"-"`                // the SQL it is about
}

// ReviewedMigration is one migration that was looked at.
type ReviewedMigration struct {
	Version int64      `json:"version"`
	File    string     `json:"file"`
	Locks   []LockSpan `json:"locks"` // on relations that were there before, for which others would wait
	Took    int64      `json:"ms"`    // milliseconds of the review
	// Access is what the migration does to who reaches which rows.
	Access []AccessChange `json:"access,omitempty"`
	// Uncounted is why rows were not counted for some of Access. Empty: they were, or
	// there is no ReviewOptions.Sessions.
	Uncounted string `json:"uncounted,omitempty"`
}

// LockSpan is a relation that a migration keeps locked, from one statement to another.
type LockSpan struct {
	Relation string `json:"relation"` // schema.relation
	Lock     string `json:"lock"`     // the mode, as LOCK TABLE spells it
	From     int    `json:"from"`     // statement that took it, as goose splits, from 0
	To       int    `json:"to"`       // statement after which it was let go
	Reads    bool   `json:"reads"`    // reads wait for it
	Writes   bool   `json:"writes"`   // writes wait for it
	DDL      bool   `json:"ddl"`      // other DDL waits for it
}

// AccessChange is what a migration does to one role's reach.
type AccessChange struct {
	Kind    string `json:"kind"` // "table", "view" or "function"
	Object  string `json:"object"`
	Role    string `json:"role"`
	Command string `json:"command"`
	Before  string `json:"before"` // "not granted", "no row", "every row", or the condition
	After   string `json:"after"`
	Effect  string `json:"effect"` // "narrowing", "widening", "neutral" where the rows counted are the same, "changed" where none is certain
	// Rows are how many rows sessions of the role reached. Empty: they were not counted.
	Rows []RowReach `json:"rows,omitempty"`
	// Helper is the function that policies call and whose change is the only one. Empty:
	// the condition or the privilege has changed.
	Helper string `json:"helper,omitempty"`
}

// RowReach is how many rows one session reached before and after a migration; -1 where
// the statement was refused.
type RowReach struct {
	Tenant string `json:"tenant,omitempty"` // whose session it was, such as "org 7". Empty: of no tenant
	Before int    `json:"before"`
	After  int    `json:"after"`
	Total  int    `json:"total"` // rows that there were
}

// String is "under org 7: 3 of 6 rows before, 6 after".
func (r RowReach) String() string { return report.RowReach(r).String() }

// TenantSession is how policies know a session of one tenant: what
// [ReviewOptions.Sessions] makes.
type TenantSession struct {
	Table    string            // schema.table, as it was asked for
	Tenant   string            // for people, such as "org 7". Empty: the table's rows belong to no tenant
	Settings map[string]string // run-time settings, such as app.org_id
}

// findingOf and engine are the same finding, as users see it and as package report does.
func findingOf(f report.Finding) Finding {
	at := f.Statement
	return Finding{Rule: f.Rule, File: at.File, Line: at.Line, Statement: at.Number, Target: f.Object, Lock: at.Lock, Severity: Severity(f.Severity),
		Message: f.Message, Fix: f.Fix, SQLState: at.SQLState, Version: at.Version, Majors: at.Majors, Waived: f.Excused, Excerpt: at.SQL}
}

func (f Finding) engine() report.Finding {
	return report.Finding{Rule: f.Rule, Severity: report.Severity(f.Severity), Object: f.Target, Message: f.Message, Fix: f.Fix, Excused: f.Waived,
		Statement: &report.Statement{File: f.File, Version: f.Version, Line: f.Line, Number: f.Statement, SQL: f.Excerpt, Lock: f.Lock, SQLState: f.SQLState, Majors: f.Majors}}
}

// reviewedOf and engine are the same migration.
func reviewedOf(m report.Migration) ReviewedMigration {
	out := ReviewedMigration{Version: m.Version, File: m.File, Took: m.Took, Locks: []LockSpan{}, Uncounted: m.Uncounted}
	for _, span := range m.Locks {
		out.Locks = append(out.Locks, LockSpan(span))
	}
	for _, c := range m.Access {
		change := AccessChange{Kind: c.Kind, Object: c.Object, Role: c.Role, Command: c.Command, Before: c.Before, After: c.After, Effect: c.Effect, Helper: c.Helper}
		for _, rows := range c.Rows {
			change.Rows = append(change.Rows, RowReach(rows))
		}
		out.Access = append(out.Access, change)
	}
	return out
}

func (m ReviewedMigration) engine() report.Migration {
	out := report.Migration{Version: m.Version, File: m.File, Took: m.Took, Uncounted: m.Uncounted}
	for _, span := range m.Locks {
		out.Locks = append(out.Locks, report.LockSpan(span))
	}
	for _, c := range m.Access {
		change := report.AccessChange{Kind: c.Kind, Object: c.Object, Role: c.Role, Command: c.Command, Before: c.Before, After: c.After, Effect: c.Effect, Helper: c.Helper}
		for _, rows := range c.Rows {
			change.Rows = append(change.Rows, report.RowReach(rows))
		}
		out.Access = append(out.Access, change)
	}
	return out
}

// engine is the report as package report writes it: with the findings that it has now.
func (r *Report) engine() *report.Review {
	out := &report.Review{Majors: r.Majors}
	if r.set != nil {
		out.Set, out.Total = r.set.String(), len(r.set.sources)
	}
	for _, m := range r.Migrations {
		out.Migrations = append(out.Migrations, m.engine())
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, f.engine())
	}
	for _, f := range r.Waived {
		out.Accepted = append(out.Accepted, f.engine())
	}
	return out
}
