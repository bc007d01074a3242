package diagram

import "slices"

// item is a line of the legend: a sample, drawn at a place, and what it means.
type item struct {
	name string
	draw func(x, y float64)
}

// legend explains what the drawing uses, and nothing else, in as many lines as
// its width takes. It returns the size of the whole.
func (p *painter) legend(width, bottom float64) (w, h float64) {
	width = max(width, 460)
	x, y := margin, bottom+62
	p.put(`<g class="legend">`)
	for _, it := range append(p.lineItems(), p.markItems()...) {
		w := 40 + charWidth*float64(runes(it.name)) + 26
		if x > margin && x+w > width-margin+26 {
			x, y = margin, y+22
		}
		it.draw(x, y)
		p.put(`<text class="soft" x="%s" y="%s">%s</text>`, num(x+40), num(y+4), text(it.name))
		x += w
	}
	p.put(`</g>`)
	return width, y + 30
}

func (p *painter) lineItems() []item {
	used := map[kind]int{}
	for _, e := range p.g.edges {
		if _, ok := used[e.kind]; !ok {
			used[e.kind] = e.color
		}
	}
	var out []item
	for _, k := range []struct {
		kind kind
		name string
	}{
		{entry, "a row of the table owns what is in the box"},
		{tenancy, "belongs to a tenant of another level too"},
		{owning, "has its tenant from there"},
		{plain, "foreign key"},
		{pair, "polymorphic pair, held by nothing"},
		{shadowed, "polymorphic pair, held by a shadow key"},
		{subtype, "subtype of"},
	} {
		if color, ok := used[k.kind]; ok {
			out = append(out, item{k.name, func(x, y float64) { p.sample(k.kind, color, x, y) }})
		}
	}
	return out
}

func (p *painter) sample(k kind, color int, x, y float64) {
	if k == shadowed {
		p.put(`<path class="edge k-shadow" d="M%s %sh30"/>`, num(x), num(y))
	}
	p.put(`<path class="edge k-%s"%s d="M%s %sh30"/>`, kindClass[k], tint(k, color), num(x), num(y))
}

func (p *painter) markItems() []item {
	var out []item
	for _, m := range []struct{ shape, name string }{
		{"key", "primary key"}, {"tenant", "carries the tenant"}, {"pair", "type and id of a pair"}, {"type", "tells subtypes apart"},
	} {
		if found, ok := p.firstMark(m.shape); ok {
			out = append(out, item{m.name, func(x, y float64) { p.symbol(found, x+15, y) }})
		}
	}
	if n := p.firstOf(aggregate); n != nil {
		c := p.stripes(n)
		out = append(out, item{"aggregate: written inside, read from the level above", func(x, y float64) {
			p.put(`<rect x="%s" y="%s" width="15" height="4" style="fill:%s"/>`, num(x), num(y-2), levelColor(c[0]))
			p.put(`<rect x="%s" y="%s" width="15" height="4" style="fill:%s"/>`, num(x+15), num(y-2), levelColor(c[1]))
		}})
	}
	if slices.ContainsFunc(p.g.nodes, func(n *node) bool { return n.open }) {
		out = append(out, item{"row-level security is off", func(x, y float64) { p.lock(x+15, y, "--open") }})
	}
	if p.firstOf(undeclared) != nil && p.undeclared() == "undeclared" {
		out = append(out, item{"not declared in the model", func(x, y float64) {
			p.put(`<g class="undeclared"><rect class="card" x="%s" y="%s" width="28" height="12" rx="3"/></g>`, num(x+1), num(y-6))
		}})
	}
	return out
}

func (p *painter) firstMark(shape string) (mark, bool) {
	for _, n := range p.g.nodes {
		for _, r := range n.rows {
			for _, m := range r.marks {
				if m.shape == shape {
					return m, true
				}
			}
		}
	}
	return mark{}, false
}

func (p *painter) firstOf(r role) *node {
	for _, n := range p.g.nodes {
		if n.table != nil && n.role == r {
			return n
		}
	}
	return nil
}
