package seedbed

import (
	"fmt"
	"strings"
)

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
func (d *Discovery) String() string {
	var b strings.Builder
	if b.WriteString(d.Model.String()); b.Len() == 0 {
		b.WriteString("nothing to declare\n")
	}
	for _, e := range d.Evidence {
		fmt.Fprintf(&b, "\n%s because\n", e.Conclusion)
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
