package migrations

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/review"
)

// waiver is a comment that accepts the findings of a rule, for a reason:
//
//	-- seedbed: waive drop-table public.old: empty since release 7
//
// Above the first annotation it applies to the file, elsewhere to the statement that
// follows. The target is optional.
type waiver struct {
	file, rule, target, reason string
	from, to                   int // lines of findings; 0, 0: the whole file
}

var (
	waiveForm = regexp.MustCompile(`^\s*--\s*seedbed:\s*waive\s+([a-z0-9-]+)(?:\s+([^\s:]+))?\s*:\s*(\S.*?)\s*$`)
	serveForm = regexp.MustCompile(`^\s*--\s*seedbed:\s*serves\s+([^\s:]+)\s*:\s*(\S.*?)\s*;?\s*$`)
)

// waiveWord matches a comment that is meant as a waiver.
var waiveWord = regexp.MustCompile(`(?i)^\s*--\s*seedbed:\s*waive\b\s*(\S*)`)

// readWaivers returns the waivers of a file. It refuses one that would accept nothing:
// without a reason, or of a rule that there is not.
func readWaivers(src source) (all []waiver, err error) {
	refuse := func(line int, format string, args ...any) error {
		return &SourceError{File: src.Name(), Line: line, Err: fmt.Errorf("this waiver accepts nothing: "+format, args...)}
	}
	lines := strings.Split(string(src.content), "\n")
	annotated := false
	for i, l := range lines {
		annotated = annotated || annotation(l) != ""
		word := waiveWord.FindStringSubmatch(l)
		if word == nil {
			continue
		}
		m := waiveForm.FindStringSubmatch(l)
		rule := strings.TrimSuffix(word[1], ":")
		if _, known := report.MigrationRules.Named(rule); !known {
			return nil, refuse(i+1, "there is no rule %q%s", rule, catalog.Suggestion(rule, report.MigrationRules.Names()))
		}
		if m == nil {
			return nil, refuse(i+1, "write its reason after a colon, as in -- seedbed: waive %s: empty since release 7", rule)
		}
		w := waiver{file: src.Name(), rule: m[1], target: m[2], reason: m[3]}
		if annotated {
			w.from, w.to = i+1, statementEnd(src.sql.up.statements, i+1)
		}
		all = append(all, w)
	}
	return all, nil
}

// statementEnd returns the last line of the first statement that ends at line or after it.
func statementEnd(all []statement, line int) int {
	for _, st := range all {
		if end := st.line + strings.Count(st.sql, "\n"); st.line > 0 && end >= line {
			return end
		}
	}
	return 1 << 30
}

// waiverFor returns the reason for which a file accepts a finding.
func (r *Report) waiverFor(f Finding) (string, bool) {
	for _, w := range r.waivers {
		if w.file != f.File || w.rule != f.Rule || w.target != "" && w.target != f.Target {
			continue
		}
		if w.to == 0 || f.Line >= w.from && f.Line <= w.to {
			return w.reason, true
		}
	}
	return "", false
}

// serves returns the queries for which a file says that an index serves them:
//
//	-- seedbed: serves orders_by_day: select id from orders where day = '2026-01-01'
func serves(content string) []review.Serve {
	var all []review.Serve
	for i, l := range strings.Split(content, "\n") {
		if m := serveForm.FindStringSubmatch(l); m != nil {
			all = append(all, review.Serve{Index: m[1], Query: m[2], Line: i + 1})
		}
	}
	return all
}
