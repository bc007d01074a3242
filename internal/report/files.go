package report

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Files are the migrations that a database was built from, so that a finding can
// point at a line: code hosts show nothing else.
type Files struct {
	FS     fs.FS
	Prefix string // directory of the files in the repository
}

// Run is the page's findings for code hosts and editors. A finding that no line of the
// migrations explains is placed in the database.
func (p Page) Run(files *Files) Run {
	run := Run{Tool: "seedbed check", Database: p.Database, NoFile: "database/" + p.Database}
	for _, r := range Rules {
		full := r.Holds + " " + r.Why
		if known := Splinter[r.Name]; known != nil {
			full += " (splinter: " + strings.Join(known, ", ") + ")"
		}
		run.Rules = append(run.Rules, RunRule{Name: r.Name, Short: r.Holds, Full: full, Urgency: r.Severity})
	}
	for _, f := range append(slices.Clone(p.Audit.Findings), p.Audit.Excused...) {
		run.Results = append(run.Results, p.result(f, files))
	}
	for _, gap := range p.Audit.Unchecked {
		run.Notes = append(run.Notes, "not checked: "+gap.String())
	}
	return run
}

func (p Page) result(f Finding, files *Files) Result {
	message := []string{f.Object + ": " + f.Message}
	message = append(append(append(message, f.Sample...), f.Evidence...), f.Consequences()...)
	if f.Fix != "" {
		message = append(message, "Fix: "+f.Fix)
	}
	if lines := f.Declaration(); lines != "" {
		message = append(message, "Or, "+f.Declare.When+", in seedbed.yaml:\n"+lines)
	}
	r := Result{Rule: f.Rule, Urgency: f.Severity, Message: strings.Join(message, "\n"), Object: f.Object,
		Fingerprint: fingerprint(f), Accepted: f.Excused}
	r.File, r.Line = files.find(f.Object)
	return r
}

// fingerprint tells a finding from others, in every run.
func fingerprint(f Finding) string {
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
