package migrations

import (
	"encoding/json"
	"io"

	"github.com/qarion/seedbed/internal/review"
)

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID      string            `json:"id"`
	Short   sarifText         `json:"shortDescription"`
	Default map[string]string `json:"defaultConfiguration"`
}

type sarifResult struct {
	RuleID      string            `json:"ruleId"`
	Level       string            `json:"level"`
	Message     sarifText         `json:"message"`
	Locations   []any             `json:"locations"`
	Prints      map[string]string `json:"partialFingerprints"`
	Suppression []map[string]any  `json:"suppressions,omitempty"`
}

var sarifLevels = map[Severity]string{Hazard: "error", Policy: "warning", Style: "note"}

// WriteSARIF writes the report as SARIF 2.1.0, which code hosts and editors read.
// prefix is the directory of the files in the repository.
func (r *Report) WriteSARIF(w io.Writer, prefix string) error {
	var rules []sarifRule
	for _, rule := range review.Rules() {
		rules = append(rules, sarifRule{ID: rule.Name, Short: sarifText{rule.Summary}, Default: map[string]string{"level": sarifLevels[rule.Severity]}})
	}
	results := []sarifResult{}
	for _, f := range append(append([]Finding(nil), r.Findings...), r.Waived...) {
		results = append(results, sarifOf(f, prefix))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{map[string]any{
			"tool":    map[string]any{"driver": map[string]any{"name": "seedbed migrate review", "informationUri": "https://github.com/qarion/seedbed", "rules": rules}},
			"results": results,
		}},
	})
}

func sarifOf(f Finding, prefix string) sarifResult {
	s := sarifResult{
		RuleID: f.Rule, Level: sarifLevels[f.Severity], Message: sarifText{f.Message + "\n\nFix: " + f.Fix},
		Locations: []any{map[string]any{"physicalLocation": map[string]any{
			"artifactLocation": map[string]string{"uri": inRepository(prefix, f.File)},
			"region":           map[string]int{"startLine": max(1, f.Line)},
		}}},
		Prints: map[string]string{"seedbed/v1": knownOf(f).SQL + f.Target},
	}
	if f.Waived != "" {
		s.Suppression = []map[string]any{{"kind": "inSource", "justification": f.Waived}}
	}
	return s
}
