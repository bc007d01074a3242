package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
)

// evaluator runs every rule over a migration that has been run and collects what they
// find.
type evaluator struct {
	*run
	findings []report.Finding
	seen     map[string]bool // rule, statement, target: each fires once
}

// stepRules look at one step; they are independent of each other.
var stepRules = []func(*evaluator, *step){
	(*evaluator).indexRules, (*evaluator).constraintRules, (*evaluator).columnRules, (*evaluator).domainRules,
	(*evaluator).partitionRules, (*evaluator).tableRules, (*evaluator).rewriteRules, (*evaluator).dropRules,
	(*evaluator).dataRules, (*evaluator).workRules, (*evaluator).exclusiveRules, (*evaluator).lockTimeoutRules, (*evaluator).statementTimeoutRules, (*evaluator).settingRules, (*evaluator).nameRules,
}

// evaluate returns what the rules find in the steps of a migration, if it applies or not.
func (r *run) evaluate() []report.Finding {
	j := &evaluator{run: r, seen: map[string]bool{}}
	j.eachStep()
	return j.findings
}

func (j *evaluator) eachStep() {
	for _, s := range j.steps {
		j.transactionRules(s)
		if s.err != nil {
			j.failureRules(s)
			continue
		}
		for _, rule := range stepRules {
			rule(j, s)
		}
	}
}

// finding is what a rule says of the migration's file as a whole.
func (m *Migration) finding(rule, target, message, fix string) report.Finding {
	return report.Finding{Rule: rule, Severity: report.MigrationRules.SeverityOf(rule), Object: target, Message: message, Fix: fix,
		Statement: &report.Statement{File: m.File, Version: m.Version, Number: -1}}
}

// add reports a finding about target at a step.
func (j *evaluator) add(s *step, rule, target string, lock Lock, message, fix string) {
	key := fmt.Sprint(rule, "\x00", s.chunk, "\x00", target)
	if j.seen[key] {
		return
	}
	j.seen[key] = true
	f := j.mig.finding(rule, target, message, fix)
	f.Statement.Line, f.Statement.Number, f.Statement.SQL, f.Statement.Lock = s.line, s.chunk, s.Text, lock.String()
	j.findings = append(j.findings, f)
}

// on reports a finding about a relation with the lock that the step holds on it.
func (j *evaluator) on(s *step, rule string, r *relation, message, fix string) {
	lock := s.lockOn(r.OID)
	if s.outsideTransaction && lock == NoLock {
		lock = directLock(s)
	}
	j.add(s, rule, j.name(r), lock, message, fix)
}

// name is what the relation was called before the migration, which is how running
// code calls it.
func (j *evaluator) name(r *relation) string {
	if old := j.start.rels[r.OID]; old != nil {
		return old.String()
	}
	return r.String()
}

// directLock is the lock of a command that ends its transactions itself; nothing is
// left to read when it is over.
func directLock(s *step) Lock {
	switch {
	case s.concurrently():
		return ShareUpdateExclusive
	case s.Starts("vacuum") && s.has("full"), s.Starts("cluster"):
		return AccessExclusive
	case s.Starts("reindex"):
		return Share
	case s.Starts("vacuum"):
		return ShareUpdateExclusive
	}
	return NoLock
}

// leads reports whether p is the highest of the tables of this step for which it
// makes sense to report: a partition's change follows from its parent's.
func (j *evaluator) leads(s *step, p pair, also func(pair) bool) bool {
	for _, up := range s.stateAfter.ancestors(p.new) {
		for _, q := range s.diff.same {
			if q.new.OID == up.OID && j.old(up.OID) && also(q) {
				return false
			}
		}
	}
	return true
}

// with is the statement with words put in after the first occurrence of a keyword,
// or a form of it where it is hidden in code.
func (s *step) with(after, words, otherwise string) string {
	if s.mayRunCode() {
		return otherwise
	}
	i := sqltext.Index(s.Tokens, after)
	if i < 0 {
		return otherwise
	}
	at := s.Tokens[i].Pos - s.Pos + len(after)
	if at < 0 || at > len(s.Text) {
		return otherwise
	}
	return oneLine(s.Text[:at]+" "+words+s.Text[at:]) + ";"
}

// oneLine squeezes white space, and cuts what is too long to read.
func oneLine(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	const most = 300
	if r := []rune(sql); len(r) > most {
		return string(r[:most]) + " …"
	}
	return sql
}

// quote is an identifier as SQL wants it.
func quote(name string) string {
	plain := name != "" && !(name[0] >= '0' && name[0] <= '9')
	for i := range len(name) {
		c := name[i]
		plain = plain && (c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// sql is the relation's name as SQL wants it.
func (r *relation) sql() string { return quote(r.Schema) + "." + quote(r.Name) }

func (r *relation) columnNames(nums []int16) []string {
	var all []string
	for _, n := range nums {
		if c, ok := r.columns[n]; ok {
			all = append(all, c.Name)
		}
	}
	return all
}

func quoted(names []string) string {
	all := slices.Clone(names)
	for i, n := range all {
		all[i] = quote(n)
	}
	return strings.Join(all, ", ")
}
