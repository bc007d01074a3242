package diagram

import (
	"fmt"
	"strings"
)

func (p *painter) card(n *node) {
	class := map[role]string{undeclared: p.undeclared(), global: "global", scoped: "scoped", aggregate: "aggregate", tenant: "tenant"}[n.role]
	p.put(`<g class="table %s" data-n="%d" transform="translate(%s %s)">`, class, n.index, num(n.x), num(n.y))
	p.put(`<title>%s</title>`, text(p.describe(n)))
	p.put(`<rect class="card" width="%s" height="%s" rx="7"/>`, num(n.w), num(n.h))
	p.head(n)
	for i, r := range n.rows {
		p.row(n, i, r)
	}
	if n.more > 0 {
		word := "columns"
		if n.more == 1 {
			word = "column"
		}
		y := headHeight + rowPad + rowHeight*float64(len(n.rows)) + 12.5
		p.put(`<text class="soft" x="12" y="%s">+ %d %s</text>`, num(y), n.more, word)
	}
	p.put(`</g>`)
}

// undeclared tables stand out, unless nothing is declared.
func (p *painter) undeclared() string {
	if len(p.g.zones) > 1 {
		return "undeclared"
	}
	return "global"
}

// head is the name on a band: in the colour of the level for tenants, with a
// stripe of both colours for aggregates.
func (p *painter) head(n *node) {
	h := headHeight
	round := fmt.Sprintf("M.5 %sV7.5a7 7 0 0 1 7 -7H%sa7 7 0 0 1 7 7V%sz", num(h), num(n.w-7.5), num(h))
	if len(n.rows) == 0 && n.more == 0 {
		round = fmt.Sprintf("M7.5 .5H%sa6.5 6.5 0 0 1 6.5 6.5V%sa6.5 6.5 0 0 1 -6.5 6.5H7.5a7 7 0 0 1 -7 -7V7.5a7 7 0 0 1 7 -7z", num(n.w-7), num(h-7))
	}
	switch n.role {
	case tenant:
		p.put(`<path d="%s" style="fill:%s"/>`, round, levelColor(n.own.color))
		p.put(`<text class="name" x="12" y="20" style="fill:var(--card)">%s</text>`, text(short(n.name)))
		if n.open {
			p.lock(n.w-18, 16, "--card")
		}
		return
	case aggregate:
		p.put(`<path class="head" d="%s"/>`, round)
		a := p.stripes(n)
		p.put(`<rect x="1" y="%s" width="%s" height="3" style="fill:%s"/>`, num(h-3), num(n.w/2-1), levelColor(a[0]))
		p.put(`<rect x="%s" y="%s" width="%s" height="3" style="fill:%s"/>`, num(n.w/2), num(h-3), num(n.w/2-1), levelColor(a[1]))
	default:
		p.put(`<path class="head" d="%s"/>`, round)
		if len(n.rows) > 0 || n.more > 0 {
			p.put(`<path class="rule" d="M0 %sh%s"/>`, num(h), num(n.w))
		}
	}
	p.put(`<text class="name" x="12" y="20">%s</text>`, text(short(n.name)))
	if n.open {
		p.lock(n.w-18, 16, "--open")
	}
}

// lock draws an open padlock.
func (p *painter) lock(x, y float64, color string) {
	p.put(`<path class="m-lock" style="--c:var(%s)" d="M%s %sh9v6h-9zm1.5 0v-3a3 3 0 0 1 5.6 -1.4"/>`, color, num(x-4.5), num(y-0.5))
}

// stripes are the colours of an aggregate: of who writes, and of who reads.
func (p *painter) stripes(n *node) [2]int {
	colors := [2]int{n.zone.color, n.zone.color}
	for _, r := range n.rows {
		for _, m := range r.marks {
			if m.shape == "tenant" && m.color != n.zone.color {
				colors[1] = m.color
			}
		}
	}
	return colors
}

func (p *painter) row(n *node, i int, r row) {
	mid := headHeight + rowPad + rowHeight*(float64(i)+0.5)
	x := 12.0
	for _, m := range r.marks {
		p.symbol(m, x+4, mid)
		x += 14
	}
	if len(r.marks) == 0 {
		x += 14
	}
	p.put(`<text x="%s" y="%s">%s</text>`, num(x), num(mid+4), text(short(r.text)))
	if r.self {
		x += charWidth*float64(runes(short(r.text))) + 12
		p.put(`<path class="loop" d="M%s %sa4.5 4.5 0 1 1 -4 -4m-2.5 -2.5l3 2.5l-2.5 3"><title>references its own table</title></path>`, num(x+4), num(mid+1))
	}
}

func (p *painter) symbol(m mark, x, y float64) {
	switch m.shape {
	case "key":
		p.put(`<circle class="m-key" cx="%s" cy="%s" r="3.4"/>`, num(x), num(y))
	case "tenant":
		p.put(`<path d="M%s %sl4.5 4.5l-4.5 4.5l-4.5 -4.5z" style="fill:%s"/>`, num(x), num(y-4.5), levelColor(m.color))
	case "pair":
		p.put(`<path class="m-pair" d="M%s %sh8v3h-8zm0 5h8v3h-8z"/>`, num(x-4), num(y-4))
	case "type":
		p.put(`<path class="m-type" d="M%s %sl4.5 8h-9z"/>`, num(x), num(y-4.2))
	}
}

// describe is what a reader sees who rests on a card.
func (p *painter) describe(n *node) string {
	out := []string{n.name}
	switch n.role {
	case tenant:
		out = append(out, "one row for each "+n.own.level.Name)
	case global:
		out = append(out, "global: belongs to no tenant")
	case aggregate:
		out = append(out, "aggregate: written per "+n.zone.level.Name+", read across them")
	case scoped:
		out = append(out, "belongs to one "+n.zone.level.Name)
	case undeclared:
		out = append(out, "not declared in the model")
	}
	if n.open {
		out = append(out, "row-level security is off, where other tables have it")
	}
	if c := n.table.Relation.Comment; c != "" {
		out = append(out, c)
	}
	return strings.Join(out, "\n")
}
