package report

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Declaration says in seedbed.yaml that what a finding is about is meant. With its lines
// in the file the finding is gone.
type Declaration struct {
	// When it is the way out: "if every tenant may see its rows".
	When string
	// Section is a key of the Model, such as "scoped", or "except".
	Section string
	// Entry of the section's list, as YAML: see Entry.
	Entry string
}

// Field is a key of an entry with its value: a string, a list of them, a bool or
// Fields of its own.
type Field struct {
	Key   string
	Value any
}

// Entry writes an entry of a list in one line of YAML: {table: invoices, columns: [payer_id]}.
// Fields without a value are left out.
func Entry(fields ...Field) string {
	var parts []string
	for _, f := range fields {
		switch v := f.Value.(type) {
		case string:
			if v != "" {
				parts = append(parts, f.Key+": "+Scalar(v))
			}
		case []string:
			if len(v) > 0 {
				var items []string
				for _, item := range v {
					items = append(items, Scalar(item))
				}
				parts = append(parts, f.Key+": ["+strings.Join(items, ", ")+"]")
			}
		case []Field:
			parts = append(parts, f.Key+": "+Entry(v...))
		case bool:
			if v {
				parts = append(parts, f.Key+": true")
			}
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

var plain = regexp.MustCompile(`^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$`)

// Scalar writes a string as YAML: quoted where it could be read as something else.
func Scalar(text string) string {
	if plain.MatchString(text) && !slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, text) {
		return text
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// flowWidth is how long a line of a folded entry gets, about.
const flowWidth = 72

// foldFlow breaks a long entry after commas. YAML reads the lines as one; within a quoted
// text, too, the break and the indentation are one blank.
func foldFlow(entry string) string {
	lines, line := []string{}, ""
	for i, part := range strings.SplitAfter(entry, ", ") {
		if i > 0 && len(line)+len(part) > flowWidth {
			lines, line = append(lines, strings.TrimSuffix(line, " ")), ""
		}
		line += part
	}
	return strings.Join(append(lines, line), "\n         ")
}

// intended are the rules that something may break on purpose, and when it does.
var intended = map[string]string{
	"policy-shares":         "where that is meant",
	"unique-without-tenant": "if the value is to be unique in the world, and tenants may know that it is taken",
	"reference-undeclared":  "if the column is no reference",
	"definer-bypasses-rls":  "if every caller may have what the function gives",
	"view-security-invoker": "if every reader may have what the view shows",
	"table-without-key":     "if nothing needs to tell its rows apart",
}

// exception declares a finding of a rule that something may break on purpose.
func exception(f Finding) *Declaration {
	when := intended[f.Rule]
	if when == "" {
		return nil
	}
	return &Declaration{When: when, Section: "except",
		Entry: "rule: " + f.Rule + "\n    object: " + Scalar(f.Object) + "\n    reason: write here why it is meant"}
}

// Declaration are the lines of seedbed.yaml after which the finding and those of its
// rule that follow are gone. Empty: there are none.
func (f Finding) Declaration() string {
	if f.Declare == nil {
		return ""
	}
	var entries []string
	for _, x := range f.All() {
		if x.Rule == f.Rule && x.Declare != nil && x.Declare.Section == f.Declare.Section && !slices.Contains(entries, x.Declare.Entry) {
			entries = append(entries, x.Declare.Entry)
		}
	}
	for i, entry := range entries {
		entries[i] = foldFlow(entry)
	}
	if f.Declare.Section == "except" {
		return "except:\n  - " + strings.Join(entries, "\n  - ") + "\n"
	}
	return "model:\n  " + f.Declare.Section + ":\n    - " + strings.Join(entries, "\n    - ") + "\n"
}
