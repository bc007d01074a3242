package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/audit"
	"github.com/qarion/seedbed/internal/report"
)

// A baseline is what a team knows and has accepted so far: what check does not report
// again. It is a file to be committed, one line a finding, in an order that merges.
type baseline struct {
	Note     string  `json:"note"`
	Accepted []known `json:"accepted"`
}

// known is a finding by its rule and object, or a part that is not checked.
type known struct {
	Rule   string `json:"rule"`
	Object string `json:"object"`
}

const baselineNote = "written by seedbed check --update-baseline: findings that are known and accepted"

// readBaseline gives the exceptions that a baseline stands for.
func readBaseline(file string) ([]audit.Exception, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("--baseline: %v; --update-baseline writes it", err)
	}
	var b baseline
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, usagef("--baseline %s: %v", file, err)
	}
	var all []audit.Exception
	for _, k := range b.Accepted {
		if k.Rule == "" || k.Object == "" {
			return nil, usagef("--baseline %s: an entry without rule or object, which would excuse everything", file)
		}
		all = append(all, audit.Exception{Rule: k.Rule, Object: k.Object, Reason: "in the baseline " + file})
	}
	return all, nil
}

// writeBaseline accepts what a report has found and could not check.
func writeBaseline(file string, r *report.Report) error {
	b := baseline{Note: baselineNote, Accepted: []known{}}
	for _, cause := range r.Findings {
		for _, f := range cause.All() {
			b.Accepted = append(b.Accepted, known{f.Rule, f.Object})
		}
	}
	for _, g := range r.Unchecked {
		b.Accepted = append(b.Accepted, known{report.NotChecked, g.Part})
	}
	slices.SortFunc(b.Accepted, func(a, b known) int { return strings.Compare(a.Rule+"\x00"+a.Object, b.Rule+"\x00"+b.Object) })
	b.Accepted = slices.Compact(b.Accepted)
	text := strings.Builder{}
	fmt.Fprintf(&text, "{\n  \"note\": %q,\n  \"accepted\": [", b.Note)
	for i, k := range b.Accepted {
		line, err := json.Marshal(k)
		if err != nil {
			return err
		}
		text.WriteString(map[bool]string{true: "\n    ", false: ",\n    "}[i == 0])
		text.Write(line)
	}
	text.WriteString("\n  ]\n}\n")
	return writeAtomically(file, text.String())
}
