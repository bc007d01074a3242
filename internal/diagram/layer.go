package diagram

import (
	"cmp"
	"math"
	"slices"
)

// bundle is the lines of one kind that lead to one card, drawn as a tree that grows to the
// right from it. A line whose referencing card is not further right is a bundle of its own,
// with root and end swapped.
type bundle struct {
	kind     kind
	color    int
	root     *node // where it starts, at the left
	ends     []end
	reversed bool // root is the referencing card, the only end the referenced one
	row      int  // of root, where reversed
	titles   []string
	stops    map[int]*node // places where it passes layers
}

// end is where a bundle arrives: a row of a card, or its head.
type end struct {
	node *node
	row  int // -1: the head
}

// layering gives each card a layer, so that what it references is further left.
type layering struct {
	g       *drawing
	layers  [][]*node
	parents map[*node][]*node
	state   map[*node]int
	depth   map[*node]int
	closing map[[2]*node]bool // edges that close a circle, which do not count
}

func layered(g *drawing) *layering {
	l := &layering{g: g, parents: map[*node][]*node{}, state: map[*node]int{}, depth: map[*node]int{}, closing: map[[2]*node]bool{}}
	for _, e := range g.edges {
		if e.from.zone == e.to.zone && !slices.Contains(l.parents[e.from], e.to) {
			l.parents[e.from] = append(l.parents[e.from], e.to)
		}
	}
	for _, n := range g.nodes {
		l.rank(n)
	}
	for _, z := range g.zones {
		l.zone(z)
	}
	return l
}

// rank is the longest way to a card from one that references nothing; edges that
// close a circle do not count.
func (l *layering) rank(n *node) int {
	const entered, done = 1, 2
	if l.state[n] == done {
		return l.depth[n]
	}
	l.state[n] = entered
	for _, p := range l.parents[n] {
		if l.state[p] == entered {
			l.closing[[2]*node{n, p}] = true
			continue
		}
		l.depth[n] = max(l.depth[n], l.rank(p)+1)
	}
	l.state[n] = done
	return l.depth[n]
}

// zone lays the layers of a box out, after a layer for its gate. A layer holds no
// more than makes the drawing about as high as it is wide.
func (l *layering) zone(z *zone) {
	if z.level.Name != "" {
		l.gate(z)
	}
	var cards []*node
	for _, n := range l.g.nodes {
		if n.zone == z && n.table != nil {
			cards = append(cards, n)
		}
	}
	slices.SortStableFunc(cards, func(a, b *node) int {
		return cmp.Or(cmp.Compare(l.depth[a], l.depth[b]), -cmp.Compare(l.children(a), l.children(b)))
	})
	first, limit := len(l.layers), l.height()
	var heights []float64
	for _, n := range cards {
		i := 0
		for _, p := range l.parents[n] {
			if !l.closing[[2]*node{n, p}] {
				i = max(i, p.layer-first+1)
			}
		}
		for i < len(heights) && heights[i]+n.h > limit && heights[i] > 0 {
			i++
		}
		for len(heights) <= i {
			heights = append(heights, 0)
		}
		heights[i] += n.h + cardGap
		n.layer = first + i
	}
	for range heights {
		l.layers = append(l.layers, nil)
	}
	l.shorten(cards, first, heights, limit)
	for _, n := range cards {
		l.layers[n.layer] = append(l.layers[n.layer], n)
	}
}

func (l *layering) gate(z *zone) {
	g := &node{gate: true, own: z, zone: z, w: 1, h: 12, layer: len(l.layers), index: len(l.g.nodes)}
	l.g.nodes = append(l.g.nodes, g)
	l.layers = append(l.layers, []*node{g})
	for _, n := range l.g.nodes {
		if n.table != nil && n.own == z {
			l.g.edges = append(l.g.edges, edge{from: g, row: -1, to: n, kind: entry, color: z.color, title: "what belongs to one " + z.level.Name})
		}
	}
}

func (l *layering) children(n *node) int {
	c := 0
	for _, e := range l.g.edges {
		if e.to == n && e.from.zone == n.zone {
			c++
		}
	}
	return c
}

// height is how high a layer may grow.
func (l *layering) height() float64 {
	area, tallest := 0.0, 0.0
	for _, n := range l.g.nodes {
		if n.table != nil {
			area += (n.h + cardGap) * (n.w + 70)
			tallest = max(tallest, n.h)
		}
	}
	return max(tallest, 420, math.Sqrt(area/1.9))
}

// shorten moves each card as far right as there is room, up to the layer before the nearest
// card that references it: lines get shorter.
func (l *layering) shorten(cards []*node, first int, heights []float64, limit float64) {
	for i := len(cards) - 1; i >= 0; i-- {
		n := cards[i]
		nearest := math.MaxInt
		for _, e := range l.g.edges {
			if e.to == n && e.from.zone == n.zone && e.from != n {
				nearest = min(nearest, e.from.layer)
			}
		}
		for to := nearest - 1; nearest < math.MaxInt && to > n.layer; to-- {
			if heights[to-first]+n.h <= limit {
				heights[n.layer-first] -= n.h + cardGap
				heights[to-first] += n.h + cardGap
				n.layer = to
			}
		}
	}
}

// bundles groups the lines, and gives each a place in every layer that it passes.
func (l *layering) bundles() []*bundle {
	type key struct {
		to    *node
		kind  kind
		color int
		from  *node
		row   int
	}
	found := map[key]*bundle{}
	var out []*bundle
	for _, e := range l.g.edges {
		k := key{to: e.to, kind: e.kind, color: e.color}
		b := &bundle{kind: e.kind, color: e.color, root: e.to, stops: map[int]*node{}}
		if e.from.layer <= e.to.layer {
			k.from, k.row = e.from, e.row
			b.reversed, b.root, b.row = true, e.from, e.row
		}
		if found[k] == nil {
			found[k] = b
			out = append(out, b)
		}
		b = found[k]
		b.titles = append(b.titles, e.title)
		if b.reversed {
			b.ends = append(b.ends, end{e.to, -1})
		} else {
			b.ends = append(b.ends, end{e.from, e.row})
		}
	}
	for _, b := range out {
		l.pass(b)
		b.root.outputs = append(b.root.outputs, b)
	}
	return out
}

// pass places a bundle in the layers between its root and its furthest end.
func (l *layering) pass(b *bundle) {
	far := 0
	for _, e := range b.ends {
		far = max(far, e.node.layer)
	}
	for i := b.root.layer + 1; i < far; i++ {
		n := &node{through: b, layer: i, h: 8, zone: b.root.zone, index: len(l.g.nodes)}
		l.g.nodes = append(l.g.nodes, n)
		l.layers[i] = append(l.layers[i], n)
		b.stops[i] = n
	}
}
