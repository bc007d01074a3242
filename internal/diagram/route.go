package diagram

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// trunk is the upright part of a bundle between two layers.
type trunk struct {
	b      *bundle
	source float64   // height at which it comes from the left
	ends   []float64 // heights at which it leaves to the right
	lane   int
}

func (t *trunk) span() (top, bottom float64) {
	return min(t.source, slices.Min(t.ends)), max(t.source, slices.Max(t.ends))
}

// flat reports whether the bundle goes straight through, and needs no lane.
func (t *trunk) flat() bool {
	top, bottom := t.span()
	return bottom-top < 1
}

// channel is the room between two layers.
type channel struct {
	trunks []*trunk
	by     map[*bundle]*trunk
	lanes  int
	x      float64 // where it begins
	width  float64
}

// channels gives every upright a lane of its own, or shares one between those
// that are far enough apart.
func channels(all [][]link) []*channel {
	out := make([]*channel, len(all))
	for i, side := range all {
		c := &channel{by: map[*bundle]*trunk{}}
		for _, k := range side {
			t := c.by[k.b]
			if t == nil {
				t = &trunk{b: k.b, source: k.from.y + k.out}
				c.by[k.b] = t
				c.trunks = append(c.trunks, t)
			}
			t.ends = append(t.ends, k.to.y+k.in)
		}
		c.assign()
		out[i] = c
	}
	return out
}

func (c *channel) assign() {
	var bent []*trunk
	for _, t := range c.trunks {
		if !t.flat() {
			bent = append(bent, t)
		}
	}
	slices.SortStableFunc(bent, func(a, b *trunk) int { return compareFloat(a.source, b.source) })
	order := untangle(bent)
	for _, t := range order {
		t.lane = c.free(order, t)
		c.lanes = max(c.lanes, t.lane+1)
	}
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// free is the first lane right of every trunk that must stay left of t and
// overlaps with it: the order found by untangle is kept where it matters.
func (c *channel) free(order []*trunk, t *trunk) int {
	lane := 0
	top, bottom := t.span()
	for _, o := range order {
		if o == t {
			break
		}
		a, b := o.span()
		if a < bottom+10 && top < b+10 {
			lane = max(lane, o.lane+1)
		}
	}
	return lane
}

// untangle orders trunks from left to right so that they cross little, by
// swapping neighbours as long as that helps.
func untangle(order []*trunk) []*trunk {
	for range 3 * len(order) {
		swapped := false
		for i := 0; i+1 < len(order); i++ {
			a, b := order[i], order[i+1]
			if cuts(b, a) < cuts(a, b) {
				order[i], order[i+1] = b, a
				swapped = true
			}
		}
		if !swapped {
			break
		}
	}
	return order
}

// cuts counts the crossings of two trunks with l left of r; lines that would lie
// upon each other count more.
func cuts(l, r *trunk) int {
	n := 0
	top, bottom := r.span()
	for _, y := range l.ends {
		if y > top && y < bottom {
			n++
		}
		if math.Abs(y-r.source) < 4 {
			n += 4
		}
	}
	top, bottom = l.span()
	if r.source > top && r.source < bottom {
		n++
	}
	return n
}

// lay gives layers and channels their places from left to right.
func (l *layering) lay(chans []*channel) (width float64) {
	x := margin
	for i, layer := range l.layers {
		w := 0.0
		for _, n := range layer {
			w = max(w, n.w)
		}
		for _, z := range l.g.zones[1:] {
			if l.lastLayer(z) == i {
				w = max(w, z.left+z.headWidth()-x)
			}
		}
		for _, n := range layer {
			if n.gate {
				n.own.left = x
			}
			n.x = x
			if n.table != nil || n.through != nil {
				n.w = w
			}
		}
		x += w
		if i+1 < len(l.layers) {
			c := chans[i]
			c.x = x
			c.width = 2*channelPad + laneWidth*float64(max(0, c.lanes-1))
			x += c.width
		}
	}
	return x + margin
}

// lastLayer is where a box ends.
func (l *layering) lastLayer(z *zone) int {
	last := 0
	for _, n := range l.g.nodes {
		if (n.table != nil || n.gate) && n.zone.within(z.level.Name) {
			last = max(last, n.layer)
		}
	}
	return last
}

// headWidth is the room that the name of a box takes.
func (z *zone) headWidth() float64 {
	w := 18 + headWidth*float64(runes(z.level.Name))
	if z.level.Setting != "" {
		w += 12 + charWidth*float64(runes(z.level.Setting))
	}
	return w
}

func (c *channel) laneX(lane int) float64 { return c.x + channelPad + laneWidth*float64(lane) }

// branch is one line from a bundle's root to one of its ends.
type branch struct {
	b      *bundle
	points [][2]float64
	title  string
}

// branches traces every line through the channels.
func (l *layering) branches(bundles []*bundle, chans []*channel) []branch {
	var out []branch
	for _, b := range bundles {
		for i, e := range b.ends {
			out = append(out, branch{b: b, points: l.trace(b, e, chans), title: b.titles[i]})
		}
	}
	return out
}

func (l *layering) trace(b *bundle, e end, chans []*channel) [][2]float64 {
	y := b.root.y + b.root.output(b)
	points := [][2]float64{{b.root.x + b.root.w, y}}
	for i := b.root.layer; i < e.node.layer; i++ {
		t := chans[i].by[b]
		to := e.node.y + e.node.input(e.row)
		if i+1 < e.node.layer {
			stop := b.stops[i+1]
			to = stop.y + stop.h/2
		}
		if !t.flat() {
			x := chans[i].laneX(t.lane)
			points = append(points, [2]float64{x, y}, [2]float64{x, to})
		}
		y = to
	}
	return append(points, [2]float64{e.node.x, y})
}

// path rounds the corners of a line.
func path(points [][2]float64) string {
	points = simplify(points)
	var s strings.Builder
	fmt.Fprintf(&s, "M%s %s", num(points[0][0]), num(points[0][1]))
	for i := 1; i+1 < len(points); i++ {
		p, q, r := points[i-1], points[i], points[i+1]
		radius := min(7, length(p, q)/2, length(q, r)/2)
		a, b := towards(q, p, radius), towards(q, r, radius)
		fmt.Fprintf(&s, "L%s %sQ%s %s %s %s", num(a[0]), num(a[1]), num(q[0]), num(q[1]), num(b[0]), num(b[1]))
	}
	last := points[len(points)-1]
	fmt.Fprintf(&s, "L%s %s", num(last[0]), num(last[1]))
	return s.String()
}

// simplify drops points that lie on a straight line.
func simplify(points [][2]float64) [][2]float64 {
	out := points[:1:1]
	for i := 1; i < len(points); i++ {
		p := points[i]
		if i+1 < len(points) {
			prev, next := out[len(out)-1], points[i+1]
			if prev == p || prev[0] == p[0] && p[0] == next[0] || prev[1] == p[1] && p[1] == next[1] {
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

func length(a, b [2]float64) float64 { return math.Abs(a[0]-b[0]) + math.Abs(a[1]-b[1]) }

func towards(from, to [2]float64, by float64) [2]float64 {
	d := length(from, to)
	if d == 0 {
		return from
	}
	return [2]float64{from[0] + (to[0]-from[0])*by/d, from[1] + (to[1]-from[1])*by/d}
}

// num writes a coordinate with a decimal at most, the same on every machine.
func num(f float64) string {
	s := fmt.Sprintf("%.1f", f)
	return strings.TrimSuffix(s, ".0")
}
