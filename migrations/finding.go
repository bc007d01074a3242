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

// Finding is a hazard of a migration for a database in use, a breach of policy, or advice.
type Finding struct {
	Rule      string   `json:"rule"`
	File      string   `json:"file"`
	Line      int      `json:"line"`      // from 1; 0 if it is about the whole file
	Statement int      `json:"statement"` // as goose splits them, from 0; -1 for the whole file
	Target    string   `json:"target"`    // schema.relation, or another object
	Lock      string   `json:"lock"`      // the mode that was held on Target, or ""
	Severity  Severity `json:"severity"`
	Message   string   `json:"message"` // what happens, and why it does harm
	Fix       string   `json:"fix"`

	SQLState string `json:"sqlstate,omitempty"` // of a failed statement
	Version  int64  `json:"version"`
	Majors   []int  `json:"majors,omitempty"` // the Postgres versions with the finding, if others do not have it
	Waived   string `json:"waived,omitempty"` // the reason for which it is accepted
	Excerpt  string `json:"-"`                // the SQL
}

// ReviewedMigration is a migration that was reviewed.
type ReviewedMigration struct {
	Version int64      `json:"version"`
	File    string     `json:"file"`
	Locks   []LockSpan `json:"locks"` // on relations that existed before, for which other sessions would wait
	Took    int64      `json:"ms"`    // duration of the review in milliseconds
	// Access are the changes of the rows that roles can reach.
	Access []AccessChange `json:"access,omitempty"`
	// Uncounted says why rows were not counted for some of Access. Empty: all were
	// counted, or ReviewOptions.Sessions is nil.
	Uncounted string `json:"uncounted,omitempty"`
}

// LockSpan is a lock that a migration holds on a relation, from one statement to another.
type LockSpan struct {
	Relation string `json:"relation"` // schema.relation
	Lock     string `json:"lock"`     // the mode, as LOCK TABLE spells it
	From     int    `json:"from"`     // the statement that took it, as goose splits them, from 0
	To       int    `json:"to"`       // the statement after which it was released
	Reads    bool   `json:"reads"`    // reads wait for it
	Writes   bool   `json:"writes"`   // writes wait for it
	DDL      bool   `json:"ddl"`      // other DDL waits for it
}

// AccessChange is a change of the rows of an object that a role can reach.
type AccessChange struct {
	Kind    string `json:"kind"` // "table", "view" or "function"
	Object  string `json:"object"`
	Role    string `json:"role"`
	Command string `json:"command"`
	Before  string `json:"before"` // "not granted", "no row", "every row", or the condition
	After   string `json:"after"`
	Effect  string `json:"effect"` // "narrowing", "widening", "neutral" if the counted rows are the same, or "changed" if it is unknown
	// Rows are the numbers of rows that sessions of the role reached. Empty: not counted.
	Rows []RowReach `json:"rows,omitempty"`
	// Helper is the function, called by policies, whose body alone has changed. Empty: the
	// condition or the privilege has changed.
	Helper string `json:"helper,omitempty"`
}

// RowReach is the number of rows that a session reached before and after a migration; -1
// if the statement was refused.
type RowReach struct {
	Tenant string `json:"tenant,omitempty"` // of the session, such as "org 7". Empty: no tenant
	Before int    `json:"before"`
	After  int    `json:"after"`
	Total  int    `json:"total"` // rows of the table
}

// String returns "under org 7: 3 of 6 rows before, 6 after".
func (r RowReach) String() string { return report.RowReach(r).String() }

// TenantSession is a session of one tenant, as [ReviewOptions.Sessions] prepares it.
type TenantSession struct {
	Table    string            // schema.table, as Sessions got it
	Tenant   string            // for messages, such as "org 7". Empty: the table's rows have no tenant
	Settings map[string]string // run-time settings by which policies know the tenant, such as app.org_id
}

// findingOf converts a finding of package report.
func findingOf(f report.Finding) Finding {
	at := f.Statement
	return Finding{Rule: f.Rule, File: at.File, Line: at.Line, Statement: at.Number, Target: f.Object, Lock: at.Lock, Severity: Severity(f.Severity),
		Message: f.Message, Fix: f.Fix, SQLState: at.SQLState, Version: at.Version, Majors: at.Majors, Waived: f.Excused, Excerpt: at.SQL}
}

// toReport converts the finding to package report's.
func (f Finding) toReport() report.Finding {
	return report.Finding{Rule: f.Rule, Severity: report.Severity(f.Severity), Object: f.Target, Message: f.Message, Fix: f.Fix, Excused: f.Waived,
		Statement: &report.Statement{File: f.File, Version: f.Version, Line: f.Line, Number: f.Statement, SQL: f.Excerpt, Lock: f.Lock, SQLState: f.SQLState, Majors: f.Majors}}
}

// reviewedOf converts a migration of package report.
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

// toReport converts the migration to package report's.
func (m ReviewedMigration) toReport() report.Migration {
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

// toReport converts the report, with its present findings, to package report's.
func (r *Report) toReport() *report.Review {
	out := &report.Review{Majors: r.Majors}
	if r.set != nil {
		out.Set, out.Total = r.set.String(), len(r.set.sources)
	}
	for _, m := range r.Migrations {
		out.Migrations = append(out.Migrations, m.toReport())
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, f.toReport())
	}
	for _, f := range r.Waived {
		out.Accepted = append(out.Accepted, f.toReport())
	}
	return out
}
