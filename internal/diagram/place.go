package diagram

import (
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Measures, in pixels. Text is monospaced, so that its width is known.
const (
	charWidth  = 7.3 // at 12 px
	headWidth  = 8.0 // at 13 px, bold
	headHeight = 30.0
	rowHeight  = 17.0
	rowPad     = 5.0
	portInset  = 11.0
	cardGap    = 20.0
	passGap    = 6.0
	minCard    = 132.0
	maxText    = 36 // characters, longer names are cut
	laneWidth  = 9.0
	channelPad = 20.0
	boxHead    = 34.0
	boxPad     = 14.0
	margin     = 28.0
)

// measure gives each card its size.
func (g *drawing) measure() {
	for _, n := range g.nodes {
		if n.table == nil {
			continue
		}
		width := headWidth*float64(runes(short(n.name))) + 44
		for _, r := range n.rows {
			width = max(width, charWidth*float64(runes(short(r.text)))+markWidth(r)+34)
		}
		n.w = max(minCard, width)
		n.h = headHeight
		if len(n.rows) > 0 || n.more > 0 {
			n.h += 2 * rowPad
		}
		n.h += rowHeight * float64(len(n.rows))
		if n.more > 0 {
			n.h += rowHeight
		}
	}
}

func markWidth(r row) float64 { return 14 * float64(max(1, len(r.marks))) }

// runes counts characters, those of double width twice.
func runes(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.So) {
			n++
		}
	}
	return n
}

// short cuts a long name in its middle, where it tells least.
func short(s string) string {
	r := []rune(s)
	if len(r) <= maxText {
		return s
	}
	return string(r[:maxText/2]) + "…" + string(r[len(r)-maxText/2+1:])
}

func gapOf(n *node) float64 {
	if n.table == nil {
		return passGap
	}
	return cardGap
}

// place finds heights: starting from stacks, layers are moved towards what they
// are joined with, as far as the order and the gaps allow.
func (l *layering) place(bundles []*bundle) {
	all := links(bundles, len(l.layers))
	for _, layer := range l.layers {
		total := 0.0
		for _, n := range layer {
			total += n.h + gapOf(n)
		}
		y := -total / 2
		for _, n := range layer {
			n.y = y
			y += n.h + gapOf(n)
		}
	}
	for round := range 25 {
		if round%2 == 0 {
			for i := 1; i < len(l.layers); i++ {
				settle(l.layers[i], preferences(all[i-1], nil))
			}
		} else {
			for i := len(l.layers) - 2; i >= 0; i-- {
				settle(l.layers[i], preferences(nil, all[i]))
			}
		}
	}
	l.squeeze()
}

// squeeze takes out the bands in which no layer has anything: groups of tables
// without lines between them drift apart.
func (l *layering) squeeze() {
	var all []*node
	for _, layer := range l.layers {
		all = append(all, layer...)
	}
	slices.SortStableFunc(all, func(a, b *node) int { return compareFloat(a.y, b.y) })
	bottom, shift := math.Inf(-1), 0.0
	for _, n := range all {
		if gap := n.y - bottom; gap > 2*cardGap && !math.IsInf(bottom, -1) {
			shift += gap - 2*cardGap
		}
		bottom = max(bottom, n.y+n.h)
		n.y -= shift
	}
}

// preference is where a node would like to be, and how much.
type preference struct{ sum, weight float64 }

func preferences(before, after []link) map[*node]preference {
	out := map[*node]preference{}
	add := func(n *node, y, weight float64) {
		w := out[n]
		out[n] = preference{w.sum + y*weight, w.weight + weight}
	}
	for _, k := range before {
		add(k.to, k.from.y+k.out-k.in, straight(k))
	}
	for _, k := range after {
		add(k.from, k.to.y+k.in-k.out, straight(k))
	}
	return out
}

// straight weighs a link: long lines should run straight.
func straight(k link) float64 {
	switch {
	case k.b.kind == entry:
		return 30
	case k.from.table == nil && k.to.table == nil:
		return 40
	case k.from.table == nil || k.to.table == nil:
		return 3
	}
	return 1
}

// gravity draws every card to where it would be if its layer were stacked around
// the middle.
const gravity = 0.04

// settle moves the nodes of a layer as near to their preferences as their order and
// gaps allow: least squares, by pooling neighbours that collide.
func settle(layer []*node, wanted map[*node]preference) {
	type pool struct {
		sum, weight float64
		count       int
	}
	var pools []pool
	total := 0.0
	for _, n := range layer {
		total += n.h + gapOf(n)
	}
	stack, offset := -total/2, 0.0
	offsets := make([]float64, len(layer))
	for i, n := range layer {
		offsets[i] = offset
		w := wanted[n]
		if n.table != nil || w.weight == 0 {
			w = preference{w.sum + (stack+offset)*gravity, w.weight + gravity}
		}
		pools = append(pools, pool{w.sum - offset*w.weight, w.weight, 1})
		for len(pools) > 1 {
			last, prev := pools[len(pools)-1], pools[len(pools)-2]
			if last.sum/last.weight >= prev.sum/prev.weight {
				break
			}
			pools = append(pools[:len(pools)-2], pool{last.sum + prev.sum, last.weight + prev.weight, last.count + prev.count})
		}
		gap := gapOf(n)
		if i+1 < len(layer) {
			gap = max(gap, gapOf(layer[i+1])*0.75)
		}
		offset += n.h + gap
	}
	i := 0
	for _, p := range pools {
		for range p.count {
			layer[i].y = math.Round(p.sum/p.weight + offsets[i])
			i++
		}
	}
}
