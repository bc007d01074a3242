package diagram

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// Mermaid writes the drawing as a Mermaid flowchart, which GitHub, GitLab and most
// wikis render: a subgraph for each level of tenancy, and lines that differ by kind.
func Mermaid(m seedbed.Model, cat *catalog.Catalog) string {
	w := &mermaid{g: build(m, cat), styles: map[string][]int{}}
	w.put("flowchart LR")
	w.zone(w.g.zones[0], "  ")
	for _, z := range w.g.zones[1:] {
		for _, n := range w.g.nodes {
			if n.own == z {
				w.line(z.color, entry, fmt.Sprintf("%s ==> z%d", id(n), z.color))
			}
		}
	}
	for _, e := range w.edges() {
		w.edge(e)
	}
	w.finish()
	return w.s.String()
}

type mermaid struct {
	g      *drawing
	s      strings.Builder
	lines  int
	styles map[string][]int // indexes of lines by their style
}

func (w *mermaid) put(format string, args ...any) { fmt.Fprintf(&w.s, format+"\n", args...) }

func id(n *node) string { return fmt.Sprintf("n%d", n.index) }

func (w *mermaid) zone(z *zone, indent string) {
	for _, n := range w.g.nodes {
		if n.zone == z {
			w.put(`%s%s["%s"]:::%s`, indent, id(n), label(n), [...]string{"undeclared", "global", "scoped", "aggregate", "tenant"}[n.role])
		}
	}
	for _, inner := range w.g.zones[1:] {
		if inner.parent == z {
			w.put(`%ssubgraph z%d["%s"]`, indent, inner.color, escape(strings.TrimSpace(inner.level.Name+" "+inner.level.Setting)))
			w.zone(inner, indent+"  ")
			w.put("%send", indent)
		}
	}
}

// label is the table and, small, the columns that say something.
func label(n *node) string {
	var notable []string
	for _, r := range n.rows {
		for _, m := range r.marks {
			if m.shape == "pair" || m.shape == "type" {
				notable = append(notable, r.text)
			}
		}
	}
	out := "<b>" + escape(n.name) + "</b>"
	for _, s := range notable {
		out += "<br/>" + escape(s)
	}
	if n.open {
		out += "<br/>no row-level security"
	}
	return out
}

// escape writes what Mermaid would read as syntax as entity codes of its own.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("\"#<>;&`{}[]()|\\", r) || r < ' ':
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// edges without the ones that say the same twice, such as two columns of one
// table that reference one other.
func (w *mermaid) edges() []edge {
	var out []edge
	for _, e := range w.g.edges {
		same := func(o edge) bool { return o.from == e.from && o.to == e.to && o.kind == e.kind && o.color == e.color }
		if !slices.ContainsFunc(out, same) {
			out = append(out, e)
		}
	}
	return out
}

func (w *mermaid) edge(e edge) {
	arrow := map[kind]string{plain: "-->", owning: "==>", tenancy: "-. tenant .->", pair: "-. pair .->", shadowed: "-. pair + shadow key .->", subtype: "-- subtype of --o"}[e.kind]
	w.line(e.color, e.kind, fmt.Sprintf("%s %s %s", id(e.from), arrow, id(e.to)))
}

func (w *mermaid) line(color int, k kind, text string) {
	tint := palette[color%len(palette)][0]
	style := map[kind]string{
		plain: "stroke:#8a97a6", owning: "stroke:" + tint + ",stroke-width:2px", tenancy: "stroke:" + tint, entry: "stroke:" + tint + ",stroke-width:4px",
		pair: "stroke:#8247c9", shadowed: "stroke:#d9822b,stroke-width:2.5px", subtype: "stroke:#c2417c",
	}[k]
	w.styles[style] = append(w.styles[style], w.lines)
	w.lines++
	w.put("  %s", text)
}

func (w *mermaid) finish() {
	for _, style := range sortedKeys(w.styles) {
		var numbers []string
		for _, n := range w.styles[style] {
			numbers = append(numbers, fmt.Sprint(n))
		}
		w.put("  linkStyle %s %s", strings.Join(numbers, ","), style)
	}
	for _, z := range w.g.zones[1:] {
		w.put("  style z%d fill:transparent,stroke:%s,stroke-width:2px", z.color, palette[z.color%len(palette)][0])
	}
	w.put("  classDef tenant font-weight:bold,stroke-width:3px")
	w.put("  classDef aggregate stroke-width:3px,stroke-dasharray:8 2")
	w.put("  classDef undeclared stroke-dasharray:3 3")
}

func sortedKeys(m map[string][]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
