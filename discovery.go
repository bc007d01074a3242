package seedbed

import "strings"

// Discovery is a Model read from a catalog, and what it rests on.
type Discovery struct {
	Model
	// Evidence holds the reasons of each conclusion, in the Model's order.
	Evidence []Evidence
	// Doubts are what the catalog suggests without settling it, and what cannot be
	// concluded at all. A hand-written Model answers them.
	Doubts []string
}

// Evidence is what one conclusion rests on.
type Evidence struct {
	// Conclusion names the declaration, as in "scoped datasets".
	Conclusion string   `json:"conclusion"`
	Reasons    []string `json:"reasons"`
}

// String writes the Model, the reasons under each conclusion, and the doubts.
// Conclusions of one kind that rest on the same share one list of reasons.
func (d *Discovery) String() string {
	var b strings.Builder
	if b.WriteString(d.Model.String()); b.Len() == 0 {
		b.WriteString("nothing to declare\n")
	}
	for _, e := range grouped(d.Evidence) {
		b.WriteString("\n" + wrap(e.Conclusion+" because"))
		for _, reason := range e.Reasons {
			b.WriteString("  - " + reason + "\n")
		}
	}
	if len(d.Doubts) > 0 {
		b.WriteString("\ndoubts\n")
	}
	for _, doubt := range d.Doubts {
		b.WriteString("  - " + doubt + "\n")
	}
	return b.String()
}

// grouped writes conclusions of one kind with the same reasons as one: "scoped a, b".
func grouped(all []Evidence) []Evidence {
	var out []Evidence
	at := map[string]int{}
	for _, e := range all {
		kind, what, _ := strings.Cut(e.Conclusion, " ")
		key := kind + "\n" + strings.Join(e.Reasons, "\n")
		if i, ok := at[key]; ok {
			out[i].Conclusion += ", " + what
			continue
		}
		at[key] = len(out)
		out = append(out, e)
	}
	return out
}

// wrap breaks a text at blanks into indented lines of at most a hundred characters. A list
// of columns stays whole: it can be searched for.
func wrap(text string) string {
	var b strings.Builder
	width, open := 0, 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case open == 0 && width+1+len(word) > 100:
			b.WriteString("\n    ")
			width = 4
		default:
			b.WriteString(" ")
			width++
		}
		b.WriteString(word)
		width += len(word)
		open += strings.Count(word, "(") - strings.Count(word, ")")
	}
	return b.String() + "\n"
}

// Because returns the reasons of a conclusion, such as "scoped datasets".
func (d *Discovery) Because(conclusion string) []string {
	var out []string
	for _, e := range d.Evidence {
		if e.Conclusion == conclusion {
			out = append(out, e.Reasons...)
		}
	}
	return out
}
