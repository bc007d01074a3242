package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/audit"
)

// Files are the migrations that a database was built from, so that a finding can
// point at a line: code hosts show nothing else.
type Files struct {
	FS     fs.FS
	Prefix string // directory of the files in the repository
}

type text struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID    string `json:"id"`
	Short text   `json:"shortDescription"`
	Full  text   `json:"fullDescription"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      text              `json:"message"`
	Locations    []any             `json:"locations"`
	Prints       map[string]string `json:"partialFingerprints"`
	Suppressions []any             `json:"suppressions,omitempty"`
}

// SARIF writes a report as SARIF 2.1.0. Findings that were excused are suppressed
// results; what could not be checked is a notification of the run.
func SARIF(w io.Writer, p Page, files *Files) error {
	rules := []sarifRule{}
	for _, r := range audit.Rules {
		rules = append(rules, sarifRule{r.Name, text{r.Holds}, text{r.Holds + " " + r.Why}})
	}
	results := []sarifResult{}
	for _, f := range p.Audit.Findings {
		results = append(results, p.result(f, files))
	}
	for _, f := range p.Audit.Excused {
		r := p.result(f, files)
		r.Suppressions = []any{map[string]any{"kind": "external", "justification": p.reason(f)}}
		results = append(results, r)
	}
	notes := []any{}
	for _, n := range p.Audit.Unchecked {
		notes = append(notes, map[string]any{"level": "note", "message": text{"not checked: " + n.String()}})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{map[string]any{
			"tool": map[string]any{"driver": map[string]any{
				"name": "seedbed check", "informationUri": "https://github.com/qarion/seedbed", "rules": rules}},
			"invocations": []any{map[string]any{"executionSuccessful": true, "toolExecutionNotifications": notes}},
			"results":     results,
		}},
	})
}

func (p Page) result(f audit.Finding, files *Files) sarifResult {
	message := []string{f.Object + ": " + f.Message}
	message = append(append(message, f.Sample...), f.Evidence...)
	if f.Fix != "" {
		message = append(message, "Fix: "+f.Fix)
	}
	location := map[string]any{"logicalLocations": []any{map[string]any{
		"fullyQualifiedName": p.Database + "." + f.Object, "name": f.Object, "kind": "object"}}}
	if file, line := files.find(f.Object); file != "" {
		location["physicalLocation"] = map[string]any{
			"artifactLocation": map[string]any{"uri": file}, "region": map[string]any{"startLine": line}}
	}
	rule, _ := audit.RuleNamed(f.Rule)
	return sarifResult{
		RuleID: f.Rule, RuleIndex: slices.IndexFunc(audit.Rules, func(r audit.Rule) bool { return r.Name == f.Rule }), Level: sarifLevel[rule.Severity],
		Message: text{strings.Join(message, "\n")}, Locations: []any{location},
		Prints: map[string]string{"seedbed/v1": fingerprint(f)},
	}
}

var sarifLevel = map[audit.Severity]string{audit.Breach: "error", audit.Risk: "warning", audit.Advice: "note"}

// fingerprint tells a finding from others, in every run.
func fingerprint(f audit.Finding) string {
	sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.Object))
	return hex.EncodeToString(sum[:16])
}

// find looks for the line of the migrations that an object is made in: the last part
// of its name that a file mentions, in the first file that does; else the first line
// of the first file.
func (f *Files) find(object string) (file string, line int) {
	if f == nil {
		return "", 0
	}
	names, _ := fs.Glob(f.FS, "*.sql")
	parts := strings.Split(object, ".")
	slices.Reverse(parts)
	for _, part := range parts {
		word := regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(part) + `\b`)
		for _, name := range names {
			content, err := fs.ReadFile(f.FS, name)
			if err != nil {
				continue
			}
			for i, text := range strings.Split(string(content), "\n") {
				if !strings.HasPrefix(strings.TrimSpace(text), "--") && word.MatchString(text) {
					return path.Join(f.Prefix, name), i + 1
				}
			}
		}
	}
	if len(names) == 0 {
		return "", 0
	}
	return path.Join(f.Prefix, names[0]), 1
}
