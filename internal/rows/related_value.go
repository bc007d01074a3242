package rows

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/infer"
)

// relatedValue returns what makes values that agree with those of other columns in the same
// row: an end after its start, paid_at where the status is paid, a total of quantity and
// price. own makes the column's values without regard to others; nil: none. It returns own
// where no column is related.
//
// A cell is a function of its seed, table, column and row, so the value of another column is
// made again from its cell.
func (maker *rowMaker) relatedValue(c *column, own func(*fake.Value) any) func(*fake.Value) any {
	if maker.hasFill || !maker.fillsOptional && own == nil || !c.Writable() || c.inReference || c.leftNull || c.mustDiffer || c.isStructural() || forbidsOverlap(c.Table) {
		return own
	}
	t := c.Type.Underlying()
	switch {
	case strings.HasPrefix(t.Name, "timestamp") || t.Name == "date":
		if end := maker.endValue(c, own); end != nil {
			return end
		}
		return maker.outcomeValue(c, own)
	case t.Category == "N" && own != nil:
		return maker.amountValue(c, own)
	case t.Category == "S" && !c.Required() && !c.Filled():
		return maker.outcomeValue(c, own)
	}
	return own
}

// valueOf returns the value that the current row has in another column: a made-up one, or
// the constant default; nil for NULL and for what Postgres computes.
func (maker *rowMaker) valueOf(c *column) func(*fake.Value) any {
	if infer := maker.inferrerOf(c); infer != nil {
		return func(v *fake.Value) any { return infer(fake.SwitchTo(v, c.name)) }
	}
	if c.hasConstantDefault {
		return func(*fake.Value) any { return c.constantDefault }
	}
	return func(*fake.Value) any { return nil }
}

// spans are words in the name of a moment that ends something, with the word in the name of
// the moment that begins it.
var spans = [][2]string{{"end", "start"}, {"ended", "started"}, {"finished", "started"}, {"until", "from"}, {"to", "from"}, {"arrival", "departure"},
	{"arrived", "departed"}, {"close", "open"}, {"out", "in"}, {"expire", "start"}, {"end", "begin"}}

// startOf returns the column with the beginning of what c is the end of, or nil.
func (t *table) startOf(c *column) *column {
	words := infer.SingularName(c.name)
	for i := range words {
		for _, span := range spans {
			if strings.TrimSuffix(words[i], "s") != span[0] {
				continue
			}
			want := slices.Clone(words)
			want[i] = span[1]
			for _, other := range t.columns {
				found := infer.SingularName(other.name)
				if len(found) == len(want) {
					found[i] = strings.TrimSuffix(found[i], "s")
				}
				if other != c && other.baseOID == c.baseOID && slices.Equal(found, want) {
					return other
				}
			}
		}
	}
	return nil
}

// longSpan matches names of spans of months, not of hours.
var longSpan = regexp.MustCompile(`valid|period|contract|subscription|trial|expire|effective|cover|licen|term`)

// endValue returns what makes the end of a span: some time after its start. nil: the column
// is no end.
func (maker *rowMaker) endValue(c *column, own func(*fake.Value) any) func(*fake.Value) any {
	start := maker.table.startOf(c)
	if start == nil || maker.table.startOf(start) != nil {
		return nil
	}
	startValue := maker.valueOf(start)
	length := maker.spanLength(c)
	return func(v *fake.Value) any {
		began, ok := asMoment(startValue(v))
		switch {
		case !ok && c.Required() && own != nil:
			return own(fake.SwitchTo(v, c.name))
		case !ok || !c.Required() && !fake.SwitchTo(v, c.name+" is set").Chance(0.8):
			return nil
		}
		end := began.Add(length(fake.SwitchTo(v, c.name)))
		if c.Type.Underlying().Name == "date" {
			return end.Format(time.DateOnly)
		}
		return end
	}
}

// spanLength returns how long the span of a row is: as long as its column of minutes says,
// or else some hours, days or months.
func (maker *rowMaker) spanLength(c *column) func(*fake.Value) time.Duration {
	const day = 24 * time.Hour
	isDate := c.Type.Underlying().Name == "date"
	for _, minutes := range maker.table.columns {
		if name := strings.ToLower(minutes.name); !isDate && strings.Contains(name, "minute") && minutes.Type.Underlying().Category == "N" {
			value := maker.valueOf(minutes)
			return func(v *fake.Value) time.Duration {
				if n, ok := asNumber(value(v)); ok && n > 0 {
					return time.Duration(n) * time.Minute
				}
				return time.Hour
			}
		}
	}
	switch {
	case longSpan.MatchString(strings.ToLower(c.name)):
		return func(v *fake.Value) time.Duration { return time.Duration(v.Int(1, 12)) * 30 * day }
	case isDate:
		return func(v *fake.Value) time.Duration { return time.Duration(fake.Spread(v, 1, 21)) * day }
	}
	return func(v *fake.Value) time.Duration {
		return time.Duration(someOf(30, 30, 45, 60, 90, 120)(v)) * time.Minute
	}
}

// asMoment reads a made-up moment or day.
func asMoment(x any) (time.Time, bool) {
	switch x := x.(type) {
	case time.Time:
		return x, true
	case string:
		return parseBoundTime(x)
	}
	return time.Time{}, false
}

// outcomes are the beginnings of words that say how a row has ended. Those after the empty
// text say that it came to nothing.
var outcomes = strings.Fields(`complet finish succe done ended clos resolv paid deliver ship dispatch approv publish accept sign sent process confirm arriv check verif
	activat settl collect submit refund archiv - cancel reject declin fail void revok suspend disabl terminat expir block banned return lost delet error`)

// outcomeOf returns the outcome that a word of a name stands for, and whether it came to
// nothing; "" for none.
func outcomeOf(name string) (outcome string, failed bool) {
	words := infer.SingularName(name)
	for at, word := range words {
		for i, o := range outcomes {
			if o == "-" || !strings.HasPrefix(word, o) {
				continue
			}
			if at > 0 && words[at-1] == "not" {
				return "", false
			}
			if slices.Contains(sameOutcomes, o) {
				o = sameOutcomes[0]
			}
			return o, i > slices.Index(outcomes, "-")
		}
	}
	return "", false
}

// sameOutcomes are words for one outcome.
var sameOutcomes = []string{"complet", "finish", "succe", "done", "ended"}

// isState reports whether the column says how far a row has come.
func (c *column) isState() bool {
	words := infer.SingularName(c.name)
	return len(words) > 0 && slices.Contains([]string{"status", "state", "stage", "phase"}, words[len(words)-1]) &&
		!c.inReference && c.isTextual() && c.baseOID != jsonOID && c.nameOfText() != "region"
}

// stateColumn returns the column that says how far a row has come, or nil: of several, the
// one that has a word for the outcome.
func (maker *rowMaker) stateColumn(outcome string) *column {
	var first *column
	for _, c := range maker.table.columns {
		if !c.isState() {
			continue
		}
		if slices.ContainsFunc(maker.stateWords(c), func(w string) bool { o, _ := outcomeOf(w); return o == outcome }) {
			return c
		}
		if first == nil {
			first = c
		}
	}
	return first
}

// likelyStates returns the words of a state column about which nothing is known: those that
// the table's moments are named for, as paid and cancelled of paid_at and cancelled_at. nil:
// the column is no such one, or no moment is.
func (c *column) likelyStates() []string {
	if c.Table == nil || !c.isState() {
		return nil
	}
	states := []string{"open"}
	for _, other := range c.Table.Columns {
		t := other.Type.Underlying()
		if outcome, _ := outcomeOf(other.Name); outcome == "" || outcome == "delet" || outcome == "expir" || !strings.HasPrefix(t.Name, "timestamp") && t.Name != "date" {
			continue
		}
		stem := momentSuffix.ReplaceAllString(strings.ToLower(other.Name), "")
		if stem != strings.ToLower(other.Name) && !slices.Contains(states, stem) {
			states = append(states, stem)
		}
	}
	if len(states) == 1 {
		return nil
	}
	return states
}

var momentSuffix = regexp.MustCompile(`(_at|_on|_date|_time|_datetime)$`)

// stateWords returns the words that a state column may have.
func (maker *rowMaker) stateWords(c *column) []string {
	if words := maker.vocabulary[c.index]; len(words) > 0 {
		return words
	}
	if r := c.rule(); len(r.choices) > 0 {
		return r.choices
	}
	if states := c.likelyStates(); states != nil && maker.inferrerOf(c) != nil {
		return states
	}
	return []string{c.constantDefault}
}

// outcomeValue returns what makes a moment or a text that says how a row has ended, as
// paid_at and cancellation_reason do: a value where the row's state says so, otherwise NULL.
// It returns own where the column says no such thing, or no column says the state.
func (maker *rowMaker) outcomeValue(c *column, own func(*fake.Value) any) func(*fake.Value) any {
	outcome, failed := outcomeOf(c.name)
	if outcome == "" || c.isState() || c.Required() || c.Filled() || !maker.fillsOptional {
		return own
	}
	if c.Type.Underlying().Category == "S" && (!failed || strings.Contains(strings.ToLower(c.name), "stack")) {
		return own
	}
	state := maker.stateColumn(outcome)
	if state == nil {
		return maker.outcomeWithoutState(c, outcome, failed, own)
	}
	words := maker.stateWords(state)
	if state == c || !slices.ContainsFunc(words, func(w string) bool { o, bad := outcomeOf(w); return o == outcome || o != "" && !bad && !failed }) {
		return own
	}
	value, valueOfState := inferValue(c), maker.valueOf(state)
	anyEnd := anyEndName.MatchString(c.name) // finished_at, of those that failed, too
	if c.Type.Underlying().Category == "S" {
		value = func(v *fake.Value) any { return fake.Reason(v) }
		if outcome == "fail" || outcome == "error" {
			value = func(v *fake.Value) any { return fake.Failure(v) }
		}
	}
	return func(v *fake.Value) any {
		now, ok := valueOfState(v).(string)
		if ok && (hasReached(words, now, outcome) || anyEnd && hasFailed(now)) {
			return value(fake.SwitchTo(v, c.name))
		}
		return nil
	}
}

// outcomeWithoutState is outcomeValue for a table without a state: a flag of the same
// outcome decides, as is_published does for published_at. Without one, half of the rows have
// come to a good end.
func (maker *rowMaker) outcomeWithoutState(c *column, outcome string, failed bool, own func(*fake.Value) any) func(*fake.Value) any {
	good := 0
	for _, other := range maker.table.columns {
		o, _ := outcomeOf(other.name)
		switch {
		case o == outcome && other.baseOID == boolOID:
			flag := maker.valueOf(other)
			return func(v *fake.Value) any {
				if x := flag(v); x == true || x == "true" {
					return inferValue(c)(fake.SwitchTo(v, c.name))
				}
				return nil
			}
		case o != "" && (strings.HasPrefix(other.Type.Underlying().Name, "timestamp") || other.Type.Underlying().Name == "date"):
			good++
		}
	}
	if own != nil || failed || good > 1 || c.Type.Underlying().Category == "S" {
		return own
	}
	return withNulls(0.5, inferValue(c))
}

var anyEndName = regexp.MustCompile(`(?i)finish|ended`)

// hasFailed reports whether a state says that the row has come to nothing.
func hasFailed(state string) bool {
	_, failed := outcomeOf(state)
	return failed
}

// firstState matches the first of a list of states that is in the order of time.
var firstState = regexp.MustCompile(`^(draft|pending|new|created|open|queued|booked|requested|scheduled|submitted|received|active|todo|planned|placed|registered)`)

// hasReached reports whether a row in the state now has come to an outcome: the state says
// so or, where the list of states is in the order of time, an earlier one does. An outcome
// that no state is named for has been reached in the last good one.
func hasReached(states []string, now, outcome string) bool {
	current, failed := outcomeOf(now)
	if current == outcome {
		return true
	}
	if failed || current == "" {
		return false
	}
	at := slices.IndexFunc(states, func(w string) bool { o, _ := outcomeOf(w); return o == outcome })
	if at < 0 {
		return !slices.ContainsFunc(states[slices.Index(states, now)+1:], func(w string) bool { o, failed := outcomeOf(w); return o != "" && !failed })
	}
	_, wantsFailure := outcomeOf(states[at])
	return !wantsFailure && firstState.MatchString(strings.ToLower(states[0])) && at < slices.Index(states, now)
}

// isMoney reports whether the type of a column may hold an amount.
func isMoney(t *catalog.Type) bool {
	return t.Name == "numeric" || t.Name == "int4" || t.Name == "int8"
}
