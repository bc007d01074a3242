package seedbed

import (
	"context"
	"fmt"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
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
	Conclusion string
	Reasons    []string
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

func (d *Discovery) because(conclusion string, reasons ...string) {
	for i := range d.Evidence {
		if d.Evidence[i].Conclusion == conclusion {
			d.Evidence[i].Reasons = append(d.Evidence[i].Reasons, reasons...)
			return
		}
	}
	d.Evidence = append(d.Evidence, Evidence{conclusion, reasons})
}

func (d *Discovery) doubt(format string, args ...any) {
	d.Doubts = append(d.Doubts, fmt.Sprintf(format, args...))
}

// Discover reads a Model from a database that nobody has described. It looks at
// keys, foreign keys, policies, checks, generated columns and, last, at names;
// every conclusion comes with its reasons, and what stays open is among the
// Doubts. A schema without tenancy gives an empty Model, which is no error.
//
// Beside the catalog it reads, for polymorphic pairs whose types nothing in the
// schema lists, the type column of the first ten thousand rows, and the rows of
// small lookup tables that such a column references. It writes nothing. 150
// tables take about a tenth of a second.
func Discover(ctx context.Context, db DB) (*Discovery, error) {
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		return nil, fmt.Errorf("discover model: %w", err)
	}
	d := newDiscoverer(ctx, db, cat)
	d.levels()
	d.direct()
	if err := d.pairs(); err != nil {
		return nil, fmt.Errorf("discover model: %w", err)
	}
	d.via()
	d.subtypes()
	d.emit()
	d.schemaPerTenant()
	return d.out, nil
}
