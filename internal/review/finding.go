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
	Rule      string   `json:"rule"`
	File      string   `json:"file"`
	Line      int      `json:"line"`      // 1-based; 0 where no line is to blame
	Statement int      `json:"statement"` // as goose splits, from 0; -1 for the file as a whole
	Target    string   `json:"target"`    // schema.relation, or the object it is about
	Lock      string   `json:"lock"`      // the mode that was held on Target; empty: none, or not about one
	Severity  Severity `json:"severity"`
	Message   string   `json:"message"`
	Fix       string   `json:"fix"`

	SQLState string `json:"sqlstate,omitempty"` // of a statement that failed
	Version  int64  `json:"version"`
	Majors   []int  `json:"majors,omitempty"` // where several servers were asked and not all agreed
	Waived   string `json:"waived,omitempty"` // the reason given for keeping it
	Excerpt  string `json:"-"`                // the SQL it is about
}
