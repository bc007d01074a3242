package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

// transactionRules: what is visible in the words alone, of failed statements too.
func (j *evaluator) transactionRules(s *step) {
	switch {
	case s.transactionControl() && j.mig.Transactional:
		j.add(s, "transaction-control-in-migration", "", NoLock,
			fmt.Sprintf("%s ends or warns about the transaction around the migration: what follows is no longer undone when it fails", strings.ToUpper(s.Tokens[0].Text)),
			fmt.Sprintf("leave it out: %s begins and commits; or, where statements must commit one by one, %s", j.mig.Tool.Name, j.mig.Tool.Alone))
	case s.Starts("set", "local") && !j.mig.Transactional && s.said("SET LOCAL can only be used in transaction blocks"):
		j.add(s, "set-local-no-effect", "", NoLock, "SET LOCAL outside of a transaction block does nothing but warn",
			s.withSession()+" and RESET it at the end of the file")
	}
}

func (s *step) withSession() string {
	words := strings.Fields(s.Text)
	if len(words) < 3 {
		return "SET …;"
	}
	return "SET " + oneLine(strings.Join(words[2:], " ")) + ";"
}

func (s *step) said(text string) bool {
	for _, m := range s.notices {
		if strings.Contains(m.text, text) {
			return true
		}
	}
	return false
}

// settingRules: lock_timeout switched off.
func (j *evaluator) settingRules(s *step) {
	words := s.words
	for i, w := range words {
		switch {
		case i+2 >= len(words) || !strings.EqualFold(w.Text, "lock_timeout"): // a setting's name has no case, not even quoted
			continue
		case w.IsIdentifier() && (words[i+1].Is("=") || words[i+1].Is("to")) && zero(words[i+2]):
		case w.Kind == sqltext.String && words[i+1].Is(",") && zero(words[i+2]):
		default:
			continue
		}
		j.add(s, "lock-timeout-disabled", "", NoLock, "lock_timeout = 0 waits for ever, and every later session waits behind it",
			"SET LOCAL lock_timeout = '3s';")
	}
}

func zero(t sqltext.Token) bool {
	if t.Kind != sqltext.Number && t.Kind != sqltext.String {
		return false
	}
	digits := strings.TrimRight(strings.TrimSpace(t.Text), "abcdefghijklmnopqrstuvwxyz ")
	return digits != "" && strings.Trim(digits, "0.") == ""
}

// failureRules explain why a statement was refused.
func (j *evaluator) failureRules(s *step) {
	at := len(j.findings)
	j.explain(s)
	for i := at; i < len(j.findings); i++ {
		f := &j.findings[i]
		f.Statement.SQLState = s.err.Code
		if f.Rule == "fails" { // which quotes the server already
			f.Message += fmt.Sprintf(" (SQLSTATE %s)", s.err.Code)
			continue
		}
		f.Message += fmt.Sprintf(" (%s, SQLSTATE %s)", s.err.Message, s.err.Code)
	}
}

func (j *evaluator) explain(s *step) {
	target := namedTarget(s, j)
	switch {
	case s.err.Code == codeActiveTransaction && (strings.Contains(strings.ToUpper(s.err.Message), "CONCURRENTLY") || s.concurrently()):
		rule, why := "concurrent-in-transaction", "CONCURRENTLY cannot run inside the migration's transaction: the migration fails"
		if !j.mig.Transactional && !s.insideCode() {
			rule, why = "concurrent-in-multi-statement", "this is sent as one message, which Postgres runs as one transaction, with or without BEGIN: the migration fails"
		}
		fix := oneLine(s.Text) + "; " + j.mig.Tool.Alone + ", not together with other statements"
		j.add(s, rule, target, NoLock, why, fix)
	case s.err.Code == codeActiveTransaction:
		j.add(s, "nontransactional-in-transaction", target, NoLock, "this command cannot run inside a transaction: the migration fails",
			oneLine(s.Text)+"; "+j.mig.Tool.Alone)
	case s.err.Code == "55P04":
		j.add(s, "enum-value-used-in-tx", target, NoLock, "a new enum value cannot be used before the transaction that added it commits: the migration fails",
			"ALTER TYPE … ADD VALUE in one migration, its use in the next")
	case s.err.Code == codeInvalidTermination:
		j.add(s, "transaction-control-in-migration", target, NoLock, "COMMIT and ROLLBACK in a block cannot work inside the migration's transaction: the migration fails", j.mig.Tool.Alone)
	case s.err.Code == "42601" && (s.open != "" || j.torn(s)):
		what := s.open
		if what == "" {
			what = "another statement"
		}
		j.add(s, "goose-splits-statement", target, NoLock, "goose ends a statement at every line that ends in a semicolon; this one was cut inside "+what+": the migration fails",
			"-- +goose StatementBegin on the line before the statement and -- +goose StatementEnd after it")
	case s.err.Code == "23502" && s.Starts("alter", "table") && strings.Contains(s.err.Message, "contains null values") && sqltext.Index(s.Tokens, "add") >= 0:
		j.add(s, "add-column-required", target, NoLock, "the table has rows, for which the new column has no value: the migration fails",
			"ADD COLUMN … NOT NULL DEFAULT …; a constant default rewrites nothing")
	default:
		j.add(s, "fails", target, NoLock, "the migration does not apply: "+failure(s), "run it on a copy of the schema that it is meant for; "+hintOf(s))
	}
}

func failure(s *step) string {
	text := s.err.Message
	if s.err.Detail != "" {
		text += "; " + s.err.Detail
	}
	return text
}

func hintOf(s *step) string {
	if s.err.Hint != "" {
		return s.err.Hint
	}
	return "the server gives no hint"
}

// torn reports whether an earlier chunk or this one is part of a statement that
// goose cut: the rest of a file, put together, would be whole.
func (j *evaluator) torn(s *step) bool {
	for n := s.chunk; n < len(j.mig.Up); n++ {
		if sqltext.Split(j.mig.Up[n].SQL).Unclosed != "" {
			return true
		}
		if n > s.chunk+1 {
			break
		}
	}
	return false
}

// namedTarget is the first old relation that a failed statement names.
func namedTarget(s *step, j *evaluator) string {
	for i, w := range s.words {
		if !w.IsIdentifier() {
			continue
		}
		schema := ""
		if i >= 2 && s.words[i-1].Is(".") {
			schema = s.words[i-2].Text
		}
		if r := j.state.find(schema, w.Text); r != nil {
			return r.String()
		}
	}
	return ""
}

// all runs every rule over a migration that applies.
func (j *evaluator) all(end *state, leaked []string) {
	j.eachStep()
	j.ending(end)
	if !j.mig.Transactional {
		return
	}
	slices.Sort(leaked)
	for _, name := range leaked {
		j.leak(name)
	}
}

// leak blames the last statement that names the setting.
func (j *evaluator) leak(name string) {
	var last *step
	for _, s := range j.steps {
		if s.mentions(name) {
			last = s
		}
	}
	if last == nil {
		if len(j.steps) == 0 {
			return
		}
		last = j.steps[len(j.steps)-1]
	}
	fix := "SET LOCAL " + name + " = …;"
	if last.Starts("set") {
		fix = oneLine("SET LOCAL "+strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(last.Text[len("set"):]), "session"))) + ";"
	}
	j.add(last, "session-set-leak", "", NoLock,
		fmt.Sprintf("%s stays set on the connection after this migration, for every later one that runs on it", name), fix)
}

// mentions finds a setting's name, in SET, set_config or SET ROLE.
func (s *step) mentions(setting string) bool {
	whole := strings.ToLower(setting)
	parts := strings.Split(whole, ".")
	for i, w := range s.words {
		text := strings.ToLower(w.Text)
		if text == whole || whole == "timezone" && text == "zone" || whole == "role" && text == "authorization" {
			return true
		}
		if len(parts) == 2 && text == parts[0] && i+2 < len(s.words) && strings.EqualFold(s.words[i+2].Text, parts[1]) {
			return true
		}
	}
	return false
}
