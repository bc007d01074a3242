package diagram

import (
	"fmt"
	"html"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// SVG draws the Model as a self-contained SVG document, which a page may as well
// hold inline.
func SVG(m seedbed.Model, cat *catalog.Catalog) string {
	g := build(m, cat)
	if len(g.nodes) == 0 {
		return emptySVG()
	}
	d := arrange(g)
	p := &painter{g: g}
	p.boxes(d.height)
	for _, b := range d.branches {
		p.branch(b)
	}
	p.tips(d.bundles)
	for _, n := range g.nodes {
		if n.table != nil {
			p.card(n)
		} else if n.gate {
			p.gate(n)
		}
	}
	width, height := p.legend(d.width, d.height)
	return document(width, height, title(g), p.s.String())
}

// arranged is a graph with places: nodes know theirs.
type arranged struct {
	bundles       []*bundle
	branches      []branch
	width, height float64
}

func arrange(g *drawing) arranged {
	g.measure()
	l := layered(g)
	bundles := l.bundles()
	l.reduceCrossings(bundles)
	l.place(bundles)
	l.drop()
	chans := channels(links(bundles, len(l.layers)))
	width := l.lay(chans)
	height := 0.0
	for _, n := range g.nodes {
		height = max(height, n.y+n.h)
	}
	return arranged{bundles, l.branches(bundles, chans), width, height}
}

func title(g *drawing) string {
	n := 0
	for _, node := range g.nodes {
		if node.table != nil {
			n++
		}
	}
	return fmt.Sprintf("%d tables, %d levels of tenancy", n, len(g.zones)-1)
}

func document(width, height float64, title, body string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="seedbed-diagram" viewBox="0 0 %[1]s %[2]s" width="%[1]s" height="%[2]s" role="img">
<title>%[3]s</title>
<style>%[4]s</style>
<rect class="paper" width="100%%" height="100%%"/>
%[5]s</svg>
`, num(math.Ceil(width)), num(math.Ceil(height)), html.EscapeString(title), style(), body)
}

func emptySVG() string {
	return document(360, 80, "no tables", `<text x="28" y="46" class="soft">There are no tables to draw.</text>`+"\n")
}

// drop moves everything down to where boxes leave room for their names.
func (l *layering) drop() {
	top, depth := math.Inf(1), 0
	for _, n := range l.g.nodes {
		top = min(top, n.y)
	}
	for _, z := range l.g.zones {
		depth = max(depth, z.depth)
	}
	for _, n := range l.g.nodes {
		n.y += margin + boxHead*float64(depth) - top
	}
}

type painter struct {
	g *drawing
	s strings.Builder
}

func (p *painter) put(format string, args ...any) { fmt.Fprintf(&p.s, format+"\n", args...) }

// text escapes what XML would read as markup, and replaces what it may not hold.
func text(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, s))
}

func levelColor(i int) string { return fmt.Sprintf("var(--t%d)", i%len(palette)) }

// boxes are drawn from the outer to the inner. Each reaches from its gate to the
// last card in it.
func (p *painter) boxes(bottom float64) {
	deepest := 0
	for _, z := range p.g.zones {
		deepest = max(deepest, z.depth)
	}
	for _, z := range p.g.zones[1:] {
		left, right := math.Inf(1), 0.0
		for _, n := range p.g.nodes {
			if n.gate && n.own == z {
				left = n.x
			}
			if (n.table != nil || n.gate) && n.zone.within(z.level.Name) {
				right = max(right, n.x+n.w)
			}
		}
		inset := float64(deepest - z.depth)
		right += boxPad + 10*inset
		y := margin + boxHead*float64(z.depth-1) - 6
		h := bottom + 16 + 10*inset - y
		c := levelColor(z.color)
		p.put(`<rect class="box" x="%s" y="%s" width="%s" height="%s" rx="12" style="fill:%s;stroke:%s"/>`, num(left), num(y), num(right-left), num(h), c, c)
		p.put(`<text class="boxname" x="%s" y="%s" style="fill:%s">%s</text>`, num(left+18), num(y+22), c, text(z.level.Name))
		if s := z.level.Setting; s != "" {
			p.put(`<text class="soft" x="%s" y="%s">%s</text>`, num(left+18+headWidth*float64(runes(z.level.Name))+12), num(y+22), text(s))
		}
	}
}

var kindClass = map[kind]string{plain: "plain", owning: "owning", tenancy: "tenancy", pair: "pair", shadowed: "shadowed", subtype: "subtype", entry: "entry"}

// tint gives the lines of tenancy the colour of their level.
func tint(k kind, color int) string {
	if k == owning || k == tenancy || k == entry {
		return fmt.Sprintf(` style="--c:%s"`, levelColor(color))
	}
	return ""
}

// branch draws a line; where a shadow key holds it, over a broader one.
func (p *painter) branch(b branch) {
	d := path(b.points)
	between := fmt.Sprintf(` data-a="%d" data-b="%d"`, b.b.root.index, p.otherEnd(b))
	if b.b.kind == shadowed {
		p.put(`<path class="edge k-shadow"%s d="%s"/>`, between, d)
	}
	p.put(`<path class="edge k-%s"%s%s d="%s"><title>%s</title></path>`, kindClass[b.b.kind], tint(b.b.kind, b.b.color), between, d, text(b.title))
}

func (p *painter) otherEnd(b branch) int {
	for i, t := range b.b.titles {
		if t == b.title {
			return b.b.ends[i].node.index
		}
	}
	return b.b.root.index
}

// tips mark the referenced end of lines: an arrow at the card, hollow for a base.
func (p *painter) tips(bundles []*bundle) {
	for _, b := range bundles {
		x, y, dir := b.root.x+b.root.w, b.root.y+b.root.output(b), 1.0
		if b.reversed {
			e := b.ends[0]
			x, y, dir = e.node.x, e.node.y+e.node.input(e.row), -1
		}
		class := "tip"
		switch b.kind {
		case entry:
			continue
		case subtype:
			class = "hollow"
		}
		p.put(`<path class="%s k-%s"%s d="M%s %sl%s -4.5v9z"/>`, class, kindClass[b.kind], tint(b.kind, b.color), num(x), num(y), num(8*dir))
	}
}

func (p *painter) gate(n *node) {
	p.put(`<path d="M%s %sl7 7l-7 7l-7 -7z" style="fill:%s"/>`, num(n.x), num(n.y+n.h/2-7), levelColor(n.own.color))
}
