package check

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/sqltext"
	"github.com/qarion/seedbed/internal/trace"
)

// repetitions finds N+1. What is sent in one batch is one round trip, and none.
func (b Budget) repetitions(statements []trace.Statement) []report.Finding {
	type key struct{ shape, path string }
	groups := map[key][]trace.Statement{}
	var order []key
	for i := range statements {
		st := statements[i]
		if st.Kind != trace.Query {
			continue
		}
		k := key{trace.Shape(st.SQL), strings.Join(st.Path(), " ")}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], st)
	}
	least := b.Repeats
	if least <= 0 {
		least = 2
	}
	var out []report.Finding
	for _, k := range order {
		group := groups[k]
		if site := group[0].Site(); len(group) >= least && !b.allows(k.shape, site) {
			out = append(out, report.Finding{Rule: "n-plus-one", Object: site, Rows: int64(len(group)),
				Message:  fmt.Sprintf("this line sent the same statement %d times", len(group)) + by(group[0].Path()),
				Evidence: append([]string{k.shape}, arguments(group)...), Fix: batched(group)})
		}
	}
	return out
}

// by names the calls that led to a line.
func by(path []string) string {
	if len(path) < 2 {
		return ""
	}
	return ", called by " + strings.Join(path[1:min(len(path), 4)], ", ")
}

func (b Budget) allows(shape, site string) bool {
	return slices.ContainsFunc(b.Allow, func(a Allowed) bool {
		file := site[:max(strings.LastIndex(site, ":"), 0)]
		return strings.Contains(shape, a.Contains) && (strings.HasSuffix(site, a.Site) || strings.HasSuffix(file, a.Site))
	})
}

// arguments of the first few.
func arguments(group []trace.Statement) []string {
	var out []string
	for i, st := range group {
		if i == 3 {
			return append(out, fmt.Sprintf("… and %d more", len(group)-i))
		}
		var args []string
		for n, a := range st.Args {
			args = append(args, fmt.Sprintf("$%d = %.60s", n+1, fmt.Sprint(a)))
		}
		if len(args) > 0 {
			out = append(out, strings.Join(args, ", "))
		}
	}
	return out
}

const joined = "load them at once, with a join or = ANY($1)"

// batched says how to send the statements as one.
func batched(group []trace.Statement) string {
	first := group[0]
	if strings.HasPrefix(strings.ToUpper(trace.Shape(first.SQL)), "INSERT") {
		return "send the rows in one statement: INSERT … SELECT * FROM unnest($1, …), a pgx.Batch, or CopyFrom"
	}
	if slices.ContainsFunc(group, func(st trace.Statement) bool { return st.SQL != first.SQL }) {
		return joined
	}
	varying := varyingArguments(group)
	if len(varying) == 0 {
		return "ask once, and keep the answer"
	}
	if sql, ok := withAny(first.SQL, varying); ok {
		return "load them at once: " + sql
	}
	return joined
}

// varyingArguments are the numbers of the parameters whose values differ.
func varyingArguments(group []trace.Statement) []string {
	var out []string
	for n, a := range group[0].Args {
		for _, st := range group[1:] {
			if n < len(st.Args) && !reflect.DeepEqual(st.Args[n], a) {
				out = append(out, fmt.Sprintf("$%d", n+1))
				break
			}
		}
	}
	return out
}

// withAny writes a condition "= $1", the only one with a parameter that varies, as "=
// ANY($1)". It returns false where that would not mean the same for each row: the
// parameter is used otherwise, or the statement limits or aggregates.
func withAny(sql string, varying []string) (string, bool) {
	tokens := sqltext.Tokens(sql)
	if len(varying) != 1 || slices.ContainsFunc(tokens, limits) {
		return "", false
	}
	at := -1
	for i, t := range tokens {
		if t.Kind == sqltext.Parameter && sql[t.Pos:t.End] == varying[0] {
			if at >= 0 {
				return "", false
			}
			at = i
		}
	}
	if at < 1 || !tokens[at-1].Is("=") || !slices.ContainsFunc(tokens[:at], func(t sqltext.Token) bool { return t.Is("where") }) {
		return "", false
	}
	end := at + castLen(tokens[at+1:])
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && t.Pos > tokens[i-1].End {
			b.WriteByte(' ') // without comments and line ends
		}
		if i == at {
			b.WriteString("ANY(")
		}
		b.WriteString(sql[t.Pos:t.End])
		if i == end {
			b.WriteString(map[bool]string{true: "[])", false: ")"}[end > at])
		}
	}
	return strings.TrimSuffix(b.String(), ";"), true
}

// limits reports words by which a statement says something about all its rows.
func limits(t sqltext.Token) bool {
	return slices.ContainsFunc([]string{"limit", "fetch", "offset", "group", "distinct", "count", "sum", "min", "max", "avg", "exists"}, t.Is)
}

// castLen is how many of the tokens are a cast, as in ::uuid, ::pg_catalog.text or
// ::numeric(10, 2).
func castLen(tokens []sqltext.Token) int {
	if len(tokens) < 2 || !tokens[0].Is("::") {
		return 0
	}
	n := 2
	for n+1 < len(tokens) && tokens[n].Is(".") {
		n += 2
	}
	for n < len(tokens) && slices.ContainsFunc([]string{"varying", "precision", "time", "zone", "with", "without"}, tokens[n].Is) {
		n++
	}
	if n < len(tokens) && tokens[n].Is("(") {
		n += sqltext.Closing(tokens[n:]) + 1
	}
	return n
}
