package migrations

import "github.com/qarion/seedbed/internal/review"

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
	Object  string `json:"object"`
	Role    string `json:"role"`
	Command string `json:"command"`
	Before  string `json:"before"` // "not granted", "no row", "every row", or the condition
	After   string `json:"after"`
	Effect  string `json:"effect"` // "narrowing", "widening", or "changed" where neither is certain
}

func findingOf(f review.Finding) Finding {
	return Finding{Rule: f.Rule, File: f.File, Line: f.Line, Statement: f.Statement, Target: f.Target, Lock: f.Lock,
		Severity: Severity(f.Severity), Message: f.Message, Fix: f.Fix, SQLState: f.SQLState, Version: f.Version, Excerpt: f.Excerpt}
}

func reviewedOf(all []review.Reviewed) []ReviewedMigration {
	out := []ReviewedMigration{}
	for _, m := range all {
		r := ReviewedMigration{Version: m.Version, File: m.File, Took: m.Took, Locks: []LockSpan{}}
		for _, c := range m.Timeline {
			r.Locks = append(r.Locks, LockSpan(c))
		}
		for _, c := range m.Access {
			r.Access = append(r.Access, AccessChange(c))
		}
		out = append(out, r)
	}
	return out
}
