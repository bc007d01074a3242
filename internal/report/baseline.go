package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Baseline is what a team knows and has accepted so far: what reports leave out. As text it is
// to be committed: JSON with one finding a line, in an order that merges. Nil: nothing is known.
type Baseline struct {
	// Reason that the findings in it are excused with.
	Reason string
	known  map[known]bool
}

// known is a finding of a baseline, or a part that is not checked.
type known struct {
	Rule   string `json:"rule"`
	Object string `json:"object"`
	// File and SQL are of a migration's statement: its text identifies it, so that edits
	// elsewhere in the file do not matter. Empty: the finding is about a database.
	File string `json:"file,omitempty"`
	SQL  string `json:"sql,omitempty"` // the first digits of a sha256
}

func knownOf(f Finding) known {
	k := known{Rule: f.Rule, Object: f.Object}
	if f.Statement != nil {
		k.File, k.SQL = f.Statement.File, f.Statement.Digest()
	}
	return k
}

func knownGap(g Gap) known { return known{Rule: NotChecked, Object: g.Part} }

// ReadBaseline reads what WriteBaseline wrote. Its error names the line at which the text is
// no baseline.
func ReadBaseline(text []byte, reason string) (*Baseline, error) {
	var file struct{ Accepted *[]known }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, notABaseline(text, err)
	}
	if file.Accepted == nil {
		return nil, errors.New(`this is no baseline: it has no list "accepted"`)
	}
	b := &Baseline{Reason: reason, known: map[known]bool{}}
	for _, k := range *file.Accepted {
		if k.Rule == "" || k.Object+k.File == "" {
			return nil, errors.New("an entry without rule or object, which would excuse everything")
		}
		b.known[k] = true
	}
	return b, nil
}

// notABaseline says where a text stops being a baseline, in the terms of JSON instead of Go.
func notABaseline(text []byte, err error) error {
	what, offset := err.Error(), int64(len(text))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = typ.Offset
		what = typ.Value + " where there is to be an object with a list \"accepted\""
		if typ.Field != "" {
			what = typ.Value + " as " + strings.ToLower(typ.Field)
		}
	}
	line := 1 + bytes.Count(text[:min(max(offset-1, 0), int64(len(text)))], []byte("\n"))
	return fmt.Errorf("line %d: this is no baseline: %s", line, what)
}

// WriteBaseline is the baseline in which findings are, with all that follow from them, and
// parts that were not checked.
func WriteBaseline(findings []Finding, gaps []Gap) []byte {
	var lines []string
	add := func(k known) {
		line, _ := json.Marshal(k) // strings only: cannot fail
		lines = append(lines, string(line))
	}
	for _, f := range findings {
		for _, x := range f.All() {
			add(knownOf(x))
		}
	}
	for _, g := range gaps {
		add(knownGap(g))
	}
	slices.Sort(lines)
	list := ""
	if lines = slices.Compact(lines); len(lines) > 0 {
		list = "\n    " + strings.Join(lines, ",\n    ") + "\n  "
	}
	return []byte("{\n  \"note\": \"findings that are known and accepted, written by seedbed\",\n  \"accepted\": [" + list + "]\n}\n")
}

// Has reports whether a finding is known: itself, whatever it follows from.
func (b *Baseline) Has(f Finding) bool { return b != nil && b.known[knownOf(f)] }

// HasGap reports whether it is known that a part is not checked.
func (b *Baseline) HasGap(g Gap) bool { return b != nil && b.known[knownGap(g)] }

// setAside takes what is known out of a finding and those that follow from it. What is new
// among these leads where the cause itself is known; fresh is nil where nothing is new.
func (b *Baseline) setAside(f Finding) (fresh *Finding, aside []Finding) {
	all := f.All()
	var rest []Finding
	for _, x := range all {
		if b.Has(x) {
			x.Excused = b.Reason
			aside = append(aside, x)
		} else {
			rest = append(rest, x)
		}
	}
	if len(rest) == 0 {
		return nil, aside
	}
	lead := rest[0]
	lead.Follows = rest[1:]
	if b.Has(all[0]) {
		lead.Cause = f.Cause
		lead.Evidence = append(slices.Clone(lead.Evidence), "it goes with "+f.title()+", which is "+b.Reason)
	}
	return &lead, aside
}
