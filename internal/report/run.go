package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Run is what a command found, in the terms that code hosts and editors share.
type Run struct {
	Tool     string // such as "seedbed check"
	Database string // that the results' objects are in. Empty: of none
	Rules    RuleSet
	Results  []Result
	// NoFile is the path of results without one, in formats that demand one.
	NoFile string
	// Notes are about the run itself, such as what could not be checked.
	Notes []string
}

// Result is a finding at the line that code hosts show it at.
type Result struct {
	Finding
	// File and Line, from 1. Empty: no file is to blame.
	File string
	Line int
}

// message is the finding in lines, from what is wrong to what to do about it.
func (r Result) message() string {
	var lines []string
	if r.Object != "" {
		lines = []string{r.Object + ": " + r.Message}
	} else {
		lines = []string{r.Message}
	}
	lines = slices.Concat(lines, r.Sample, r.Evidence, r.Statement.observed(), r.Consequences())
	if r.Fix != "" {
		lines = append(lines, "Fix: "+r.Fix)
	}
	if declared := r.Declaration(); declared != "" {
		lines = append(lines, "Or, "+r.Declare.When+", in seedbed.yaml:\n"+declared)
	}
	return strings.Join(lines, "\n")
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// object is a JSON object.
type object = map[string]any

// SARIF writes a run as SARIF 2.1.0. What was accepted is a suppressed result.
func (r Run) SARIF(w io.Writer) error {
	rules, results, notes := []object{}, []object{}, []object{}
	for _, rule := range r.Rules {
		full := rule.Holds + " " + rule.Why
		if known := Splinter[rule.Name]; known != nil {
			full += " (splinter: " + strings.Join(known, ", ") + ")"
		}
		rules = append(rules, object{"id": rule.Name, "shortDescription": object{"text": rule.Holds}, "fullDescription": object{"text": full},
			"defaultConfiguration": object{"level": rule.Severity.SARIF()}})
	}
	for _, x := range r.Results {
		results = append(results, r.sarif(x))
	}
	for _, note := range r.Notes {
		notes = append(notes, object{"level": "note", "message": object{"text": note}})
	}
	return encode(w, object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []object{{
			"tool":        object{"driver": object{"name": r.Tool, "informationUri": "https://github.com/qarion/seedbed", "rules": rules}},
			"invocations": []object{{"executionSuccessful": true, "toolExecutionNotifications": notes}},
			"results":     results,
		}},
	})
}

func (r Run) sarif(x Result) object {
	location := object{}
	if x.Object != "" {
		location["logicalLocations"] = []object{{"fullyQualifiedName": strings.TrimPrefix(r.Database+"."+x.Object, "."), "name": x.Object, "kind": "object"}}
	}
	if x.File != "" {
		location["physicalLocation"] = object{"artifactLocation": object{"uri": x.File}, "region": object{"startLine": max(1, x.Line)}}
	}
	out := object{"ruleId": x.Rule, "level": x.Severity.SARIF(), "message": object{"text": x.message()},
		"locations": []object{location}, "partialFingerprints": object{"seedbed/v1": x.fingerprint()}}
	if i := r.Rules.index(x.Rule); i >= 0 {
		out["ruleIndex"] = i
	}
	if x.Excused != "" {
		kind := "external"
		if x.Statement != nil { // the reason stands beside the code
			kind = "inSource"
		}
		out["suppressions"] = []object{{"kind": kind, "justification": x.Excused}}
	}
	return out
}

// GitLab writes a run as GitLab's Code Quality report, which follows Code Climate's.
// What was accepted is left out.
func (r Run) GitLab(w io.Writer) error {
	issues := []object{}
	for _, x := range r.Results {
		if x.Excused != "" {
			continue
		}
		if x.File == "" {
			x.File = r.NoFile
		}
		issues = append(issues, object{"description": x.message(), "check_name": x.Rule, "fingerprint": x.fingerprint(), "severity": x.Severity.GitLab(),
			"location": object{"path": x.File, "lines": object{"begin": max(1, x.Line)}}})
	}
	return encode(w, issues)
}

// GitHub writes a run as commands that GitHub's runners turn into comments at the lines
// of the diff. What was accepted is left out.
func (r Run) GitHub(w io.Writer) error {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	var b strings.Builder
	for _, x := range r.Results {
		if x.File == "" {
			x.File = r.NoFile
		}
		if x.Excused == "" {
			fmt.Fprintf(&b, "::%s file=%s,line=%d,title=%s::%s\n", x.Severity.GitHub(), escape.Replace(x.File), max(1, x.Line), x.Rule, escape.Replace(x.message()))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
