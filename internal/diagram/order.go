package diagram

import (
	"cmp"
	"math"
	"slices"
)

// link is a piece of a bundle between two neighbouring layers.
type link struct {
	from, to *node
	out, in  float64 // where it leaves and arrives, below the top of each
	b        *bundle
	row      int // of to; -1 is its head, or to is a passing place
}

// links cuts bundles at the layers: result[i] leads from layer i to the next.
func links(bundles []*bundle, layers int) [][]link {
	out := make([][]link, layers)
	for _, b := range bundles {
		far := 0
		for _, e := range b.ends {
			far = max(far, e.node.layer)
		}
		for i := b.root.layer; i < far; i++ {
			from := b.at(i)
			for _, e := range b.ends {
				if e.node.layer == i+1 {
					out[i] = append(out[i], link{from: from, to: e.node, out: from.output(b), in: e.node.input(e.row), b: b, row: e.row})
				}
			}
			if stop := b.stops[i+1]; stop != nil {
				out[i] = append(out[i], link{from: from, to: stop, out: from.output(b), in: stop.input(-1), b: b, row: -1})
			}
		}
	}
	return out
}

// at is the node from which the bundle leaves a layer.
func (b *bundle) at(layer int) *node {
	if layer == b.root.layer {
		return b.root
	}
	return b.stops[layer]
}

// output is how far below its top a bundle leaves a node: lines leave a card one below the other,
// from its head on; one that runs against the order leaves from its row.
func (n *node) output(b *bundle) float64 {
	if n.table == nil {
		return n.h / 2
	}
	if b.reversed {
		return n.input(b.row)
	}
	i := slices.Index(n.outputs, b)
	step := min(7, (n.h-2*portInset)/float64(max(1, len(n.outputs)-1)))
	return math.Round(portInset + float64(i)*step)
}

// input is where a line arrives at a row of a card.
func (n *node) input(row int) float64 {
	switch {
	case n.table == nil:
		return n.h / 2
	case row < 0:
		return headHeight / 2
	}
	return math.Floor(headHeight + rowPad + rowHeight*(float64(row)+0.5))
}

// sweeps is how often reduceCrossings goes over all layers, to and fro.
const sweeps = 24

// reduceCrossings orders each layer so that lines cross little: sweeps of the barycenter
// method, the best order seen is kept.
func (l *layering) reduceCrossings(bundles []*bundle) {
	all := links(bundles, len(l.layers))
	best := l.snapshot()
	fewest := l.crossings(all)
	for round := range sweeps {
		if round%2 == 0 {
			for i := 1; i < len(l.layers); i++ {
				l.sortLayer(i, all[i-1], true)
			}
		} else {
			for i := len(l.layers) - 2; i >= 0; i-- {
				l.sortLayer(i, all[i], false)
			}
		}
		if n := l.crossings(all); n < fewest {
			fewest, best = n, l.snapshot()
		}
	}
	l.layers = best
	pos := positions(l.layers)
	for _, layer := range l.layers {
		for _, n := range layer {
			slices.SortStableFunc(n.outputs, func(a, b *bundle) int { return cmp.Compare(arrival(a, pos), arrival(b, pos)) })
		}
	}
}

func (l *layering) snapshot() [][]*node {
	out := make([][]*node, len(l.layers))
	for i, layer := range l.layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// sortLayer orders a layer by the mean position of its neighbours on one side;
// what has none there keeps about its place.
func (l *layering) sortLayer(i int, side []link, neighboursLeft bool) {
	pos := positions(l.layers)
	sum, n := map[*node]float64{}, map[*node]float64{}
	for _, k := range side {
		at, other, offset := k.to, k.from, k.out
		if !neighboursLeft {
			at, other, offset = k.from, k.to, k.in
		}
		sum[at] += pos[other] + offset/1000 // rows of one card keep their order
		n[at]++
	}
	weights := map[*node]float64{}
	for _, v := range l.layers[i] {
		weights[v] = pos[v]
		if n[v] > 0 {
			weights[v] = sum[v] / n[v]
		}
	}
	slices.SortStableFunc(l.layers[i], func(a, b *node) int { return cmp.Compare(weights[a], weights[b]) })
}

// positions are the middles of nodes, with each layer centred on 0.
func positions(layers [][]*node) map[*node]float64 {
	out := map[*node]float64{}
	for _, layer := range layers {
		total := 0.0
		for _, n := range layer {
			total += n.h + gapOf(n)
		}
		y := -total / 2
		for _, n := range layer {
			out[n] = y + n.h/2
			y += n.h + gapOf(n)
		}
	}
	return out
}

func (l *layering) crossings(all [][]link) int {
	total := 0
	index := map[*node]int{}
	for _, layer := range l.layers {
		for i, n := range layer {
			index[n] = i
		}
	}
	for _, side := range all {
		for i, a := range side {
			for _, b := range side[i+1:] {
				if a.b != b.b && (index[a.from]-index[b.from])*(index[a.to]-index[b.to]) < 0 {
					total++
				}
			}
		}
	}
	return total
}

// arrival is the height at which a bundle arrives in the next layer, on average.
func arrival(b *bundle, pos map[*node]float64) float64 {
	next, sum, n := b.root.layer+1, 0.0, 0.0
	if stop := b.stops[next]; stop != nil {
		sum, n = pos[stop], 1
	}
	for _, e := range b.ends {
		if e.node.layer == next {
			sum += pos[e.node]
			n++
		}
	}
	return sum / max(1, n)
}
