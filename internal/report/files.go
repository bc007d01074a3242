package report

import (
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
	run := Run{Tool: "seedbed check", Database: p.Database, NoFile: "database/" + p.Database, Rules: DatabaseRules}
	for _, f := range slices.Concat(p.Audit.Findings, p.Audit.Excused) {
		file, line := files.find(f.Object)
		run.Results = append(run.Results, Result{f, file, line})
	}
	for _, gap := range p.Audit.Unchecked {
		run.Notes = append(run.Notes, "not checked: "+gap.String())
	}
	return run
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
