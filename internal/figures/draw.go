package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// draw paints the ratios as bars on a logarithmic scale: a competitor is where it begins.
func draw(machine string, rows []row) string {
	const width, left, step, top = 900, 430, 34, 56
	widest := 3.0
	for _, r := range rows {
		widest = max(widest, math.Log10(r.ratio))
	}
	scale := (width - left - 200) / widest // a factor of ten
	var b strings.Builder
	height := top + step*len(rows) + 34
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" font-size="13">`+"\n", width, height, width, height)
	b.WriteString(`<style>
	text { fill: #1f2328 } .dim { fill: #59636e } .bar { fill: #2f6f4f } .line { stroke: #d1d9e0 } .ground { fill: #ffffff }
	@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .dim { fill: #9198a1 } .bar { fill: #57ab7c } .line { stroke: #3d444d } .ground { fill: #0d1117 } }
</style>
`)
	fmt.Fprintf(&b, `<rect class="ground" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="16" y="24" font-size="15" font-weight="600">How many times as fast as the other way, in the same run</text>`+"\n")
	for i, mark := range []string{"1×", "10×", "100×", "1000×"} {
		x := left + scale*float64(i)
		fmt.Fprintf(&b, `<line class="line" x1="%.0f" y1="%d" x2="%.0f" y2="%d"/><text class="dim" x="%.0f" y="%d" text-anchor="middle">%s</text>`+"\n", x, top-6, x, height-30, x, top-12, mark)
	}
	for i, r := range rows {
		y := top + step*i
		long := max(2, scale*math.Log10(r.ratio))
		fmt.Fprintf(&b, `<text x="16" y="%d">%s</text><text class="dim" x="16" y="%d" font-size="11">beside: %s</text>`+"\n", y+13, html.EscapeString(r.what), y+27, html.EscapeString(r.competitor))
		fmt.Fprintf(&b, `<rect class="bar" x="%d" y="%d" width="%.0f" height="16" rx="2"/><text x="%.0f" y="%d" font-weight="600">%s<tspan class="dim" dx="8" font-size="11" font-weight="400">%s</tspan></text>`+"\n", left, y+4, long, left+long+8, y+17, times(r.ratio), took(r))
	}
	fmt.Fprintf(&b, `<text class="dim" x="16" y="%d" font-size="11">%s · go run ./internal/figures</text>`+"\n</svg>\n", height-12, html.EscapeString(machine))
	return b.String()
}

// took is how long both ways took.
func took(r row) string {
	if r.took == 0 {
		return ""
	}
	return duration(r.took) + ", not " + duration(r.theirs())
}

func times(ratio float64) string {
	if ratio < 10 {
		return fmt.Sprintf("%.1f×", ratio)
	}
	return fmt.Sprintf("%.0f×", ratio)
}
