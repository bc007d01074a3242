package review

// Severity says how much a finding weighs.
type Severity string

// The severities. Hazards and policies can fail a build, style is advice.
const (
	Hazard Severity = "hazard"
	Policy Severity = "policy"
	Style  Severity = "style"
)

// Finding is one thing that would hurt, at one statement.
type Finding struct {
	Rule      string
	File      string
	Line      int    // 1-based; 0 where no line is to blame
	Statement int    // as goose splits, from 0; -1 for the file as a whole
	Target    string // schema.relation, or the object it is about
	Lock      string // the mode that was held on Target; empty: none, or not about one
	Severity  Severity
	Message   string
	Fix       string

	SQLState string // of a statement that failed
	Version  int64
	Excerpt  string // the SQL it is about
}
