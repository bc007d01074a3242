package migrations

import (
	"regexp"
	"strings"

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

func readWaivers(src source) []waiver {
	var all []waiver
	lines := strings.Split(string(src.content), "\n")
	annotated := false
	for i, l := range lines {
		annotated = annotated || annotation(l) != ""
		m := waiveForm.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		w := waiver{file: src.Name(), rule: m[1], target: m[2], reason: m[3]}
		if annotated {
			w.from, w.to = i+1, statementEnd(src.sql.up.statements, i+1)
		}
		all = append(all, w)
	}
	return all
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
