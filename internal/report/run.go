package report

import (
	"encoding/json"
	"io"
	"slices"
)

// Run is what a command found, in the terms that code hosts and editors share.
type Run struct {
	Tool     string // such as "seedbed check"
	Database string // that the results' objects are in
	Rules    []RunRule
	Results  []Result
	// NoFile is the path of results without one, in formats that demand one.
	NoFile string
	// Notes are about the run itself, such as what could not be checked.
	Notes []string
}

// RunRule is a rule of a tool.
type RunRule struct {
	Name    string
	Short   string // in a sentence
	Full    string // with the reason; Empty: Short
	Urgency Severity
}

// Result is one thing found.
type Result struct {
	Rule    string
	Urgency Severity
	Message string
	// Object of the database that it is about. Empty: of none.
	Object string
	// File and Line to show it at, from 1. Empty: no file is to blame.
	File string
	Line int
	// Fingerprint tells it from others, in every run.
	Fingerprint string
	// Accepted is the reason for which it is accepted, and InSource that it stands beside
	// the code. Empty: it is not accepted.
	Accepted string
	InSource bool
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// object is a JSON object.
type object = map[string]any

var sarifLevel = map[Severity]string{Breach: "error", Risk: "warning", Advice: "note"}

// SARIF writes a run as SARIF 2.1.0. What was accepted is a suppressed result.
func (r Run) SARIF(w io.Writer) error {
	rules, results, notes := []object{}, []object{}, []object{}
	for _, rule := range r.Rules {
		full := rule.Full
		if full == "" {
			full = rule.Short
		}
		rules = append(rules, object{"id": rule.Name, "shortDescription": object{"text": rule.Short}, "fullDescription": object{"text": full},
			"defaultConfiguration": object{"level": sarifLevel[rule.Urgency]}})
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
		location["logicalLocations"] = []object{{"fullyQualifiedName": r.Database + "." + x.Object, "name": x.Object, "kind": "object"}}
	}
	if x.File != "" {
		location["physicalLocation"] = object{"artifactLocation": object{"uri": x.File}, "region": object{"startLine": max(1, x.Line)}}
	}
	out := object{"ruleId": x.Rule, "level": sarifLevel[x.Urgency], "message": object{"text": x.Message},
		"locations": []object{location}, "partialFingerprints": object{"seedbed/v1": x.Fingerprint}}
	if i := slices.IndexFunc(r.Rules, func(rule RunRule) bool { return rule.Name == x.Rule }); i >= 0 {
		out["ruleIndex"] = i
	}
	if x.Accepted != "" {
		kind := "external"
		if x.InSource {
			kind = "inSource"
		}
		out["suppressions"] = []object{{"kind": kind, "justification": x.Accepted}}
	}
	return out
}

var gitlabSeverity = map[Severity]string{Breach: "critical", Risk: "major", Advice: "minor"}

// GitLab writes a run as GitLab's Code Quality report, which follows Code Climate's.
// What was accepted is left out.
func (r Run) GitLab(w io.Writer) error {
	issues := []object{}
	for _, x := range r.Results {
		if x.Accepted != "" {
			continue
		}
		if x.File == "" {
			x.File = r.NoFile
		}
		issues = append(issues, object{"description": x.Message, "check_name": x.Rule, "fingerprint": x.Fingerprint, "severity": gitlabSeverity[x.Urgency],
			"location": object{"path": x.File, "lines": object{"begin": max(1, x.Line)}}})
	}
	return encode(w, issues)
}
