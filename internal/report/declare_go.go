package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A notation writes what a finding declares, for where its reader can say it.
type notation struct {
	place   string // where the lines go: "in seedbed.yaml"
	write   func(Declaration) string
	comment string // that begins a line of it
}

var (
	// yamlNotation is for the shell, which reads seedbed.yaml.
	yamlNotation = notation{"in seedbed.yaml", Declaration.yaml, "#"}
	// goNotation is for tests, which do not: they pass check.Options.
	goNotation = notation{"in the test", func(d Declaration) string { return d.golang(discovered) }, "//"}
	// goGivenNotation is for tests that give a Model of their own.
	goGivenNotation = notation{"in the test", func(d Declaration) string { return d.golang(given) }, "//"}
)

// The lines of a test before a Model is corrected, which say what the model is.
const (
	discovered = "found, err := seedbed.Discover(t.Context(), db)\nif err != nil {\n    t.Fatal(err)\n}\nmodel := found.Model.With("
	given      = "// model is the Model that the test gives to the check\nmodel = model.With("
)

// golang is the declaration as lines of a test, which end in the Options to pass. The lines of
// with begin a correction of the Model.
func (d Declaration) golang(with string) string {
	if d.Section == Exceptions {
		return "check.Options{Except: []check.Exception{\n" + d.golangEntries("    ") + "}}\n"
	}
	return with + "seedbed.Model{" + golangName(d.Section) + ": []" + modelTypes[d.Section] + "{\n" + d.golangEntries("    ") + "}})\n" +
		"check.Options{Model: &model}\n"
}

// modelTypes are the Go types of the entries of a Model's sections.
var modelTypes = map[string]string{
	"global":     "string",
	"scoped":     "seedbed.Scoped",
	"aggregates": "seedbed.Aggregate",
}

// golangEntries are the elements of a slice, each once, with its comma.
func (d Declaration) golangEntries(indent string) string {
	var lines []string
	for _, e := range d.Entries {
		line := indent + e.golang("", "") + ",\n"
		if len(line) > lineOfGo {
			line = indent + e.golang("\n"+indent+"    ", "\n"+indent) + ",\n"
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// lineOfGo is how long a line of Go may be before its fields get a line each.
const lineOfGo = 90

// golang writes the entry as an element of a slice, whose type need not be said:
// {Table: "invoices", Columns: []string{"payer_id"}}. Fields without a value are left out.
// Where before is not empty it precedes each field, and after follows the last.
func (e Entry) golang(before, after string) string {
	var parts []string
	for _, f := range e {
		value := f.golang()
		switch {
		case value == "":
		case f.Key == "":
			return value
		default:
			parts = append(parts, golangName(f.Key)+": "+value)
		}
	}
	if before == "" {
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "{" + before + strings.Join(parts, ","+before) + "," + after + "}"
}

// golang is the field's value. Empty: it has none.
func (f Field) golang() string {
	switch v := f.Value.(type) {
	case string:
		if v != "" {
			return strconv.Quote(v)
		}
	case []string:
		if len(v) > 0 {
			return fmt.Sprintf("%#v", v)
		}
	case Entry:
		return "seedbed.Ref" + v.golang("", "")
	case bool:
		if v {
			return "true"
		}
	}
	return ""
}

// golangName is the Go field of a key: AcrossColumns of across_columns.
func golangName(key string) string {
	name := ""
	for word := range strings.SplitSeq(key, "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}
