package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Declaration says that what a finding is about is meant: in seedbed.yaml for the shell,
// in check.Options for a test. With its lines there the finding is gone.
type Declaration struct {
	// When it is the way out: "if every tenant may see its rows".
	When string
	// Section is a key of the Model, such as "scoped", or Exceptions.
	Section string
	// Entries of the section's list.
	Entries []Entry
}

// Exceptions is the Section for what no Model says: it stands beside the Model.
const Exceptions = "except"

// Entry of a list is one map of keys and values, or one value: a Field without a Key.
type Entry []Field

// Field is a key of an entry with its value: a string, a list of them, a bool or an Entry.
type Field struct {
	Key   string
	Value any
}

// Name is an entry that is one string.
func Name(text string) Entry { return Entry{{Value: text}} }

// flow writes the entry in one line of YAML: {table: invoices, columns: [payer_id]}. Fields
// without a value are left out.
func (e Entry) flow() string {
	var parts []string
	for _, f := range e {
		value := f.yaml()
		switch {
		case value == "":
		case f.Key == "":
			return value
		default:
			parts = append(parts, f.Key+": "+value)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// block writes the entry in a line for each field.
func (e Entry) block() string {
	var lines []string
	for _, f := range e {
		lines = append(lines, f.Key+": "+f.yaml())
	}
	return strings.Join(lines, "\n")
}

// yaml is the field's value. Empty: it has none.
func (f Field) yaml() string {
	switch v := f.Value.(type) {
	case string:
		if v != "" {
			return scalar(v)
		}
	case []string:
		var items []string
		for _, item := range v {
			items = append(items, scalar(item))
		}
		if len(items) > 0 {
			return "[" + strings.Join(items, ", ") + "]"
		}
	case Entry:
		return v.flow()
	case bool:
		if v {
			return "true"
		}
	}
	return ""
}

var plain = regexp.MustCompile(`^[a-z][a-z0-9_-]*([. ][a-z0-9_-]+)*$`)

// scalar writes a string as YAML: quoted where it could be read as something else.
func scalar(text string) string {
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
	return strings.Join(append(lines, line), "\n   ")
}

// intended are the rules that something may break on purpose, and when it does.
var intended = map[string]string{
	"policy-shares":         "where that is meant",
	"unique-without-tenant": "if the value is to be unique in the world, and tenants may know that it is taken",
	"reference-undeclared":  "if the column is no reference",
	"reference-orphan":      "if the column is no reference",
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
	return &Declaration{When: when, Section: Exceptions,
		Entries: []Entry{{{"rule", f.Rule}, {"object", f.Object}, {"reason", "write here why it is meant"}}}}
}

// Declaration are the lines of seedbed.yaml after which the finding and those of its
// rule that follow are gone. Empty: there are none.
func (f Finding) Declaration() string { return f.declaration(yamlNotation) }

func (f Finding) declaration(n notation) string {
	if f.Declare == nil {
		return ""
	}
	return n.write(f.declared())
}

// shownEntries is how many entries of a declaration a text shows.
const shownEntries = 10

// shortDeclaration is the declaration as a text shows it: of many exceptions the first.
func (f Finding) shortDeclaration(n notation) string {
	if f.Declare == nil {
		return ""
	}
	all := f.declared()
	more := len(all.Entries) - shownEntries
	if all.Section != Exceptions || more <= 0 {
		return n.write(all)
	}
	all.Entries = all.Entries[:shownEntries]
	return n.write(all) + fmt.Sprintf("%s and %d more, which a baseline accepts at once\n", n.comment, more)
}

// declared is the declaration of the finding and of those of its rule that follow.
func (f Finding) declared() Declaration {
	all := *f.Declare
	all.Entries = nil
	for _, x := range f.All() {
		if x.Rule == f.Rule && x.Declare != nil && x.Declare.Section == all.Section {
			all.Entries = append(all.Entries, x.Declare.Entries...)
		}
	}
	return all
}

// yaml is the section with each entry once.
func (d Declaration) yaml() string {
	head, indent, form := "model:\n  "+d.Section+":\n", "    ", func(e Entry) string { return foldFlow(e.flow()) }
	if d.Section == Exceptions {
		head, indent, form = d.Section+":\n", "  ", Entry.block
	}
	seen := map[string]bool{}
	for _, e := range d.Entries {
		if text := form(e); !seen[text] {
			seen[text] = true
			head += indent + "- " + strings.ReplaceAll(text, "\n", "\n"+indent+"  ") + "\n"
		}
	}
	return head
}
