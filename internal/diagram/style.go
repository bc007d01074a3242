package diagram

import (
	"fmt"
	"strings"
)

// palette has the colours of levels of tenancy, light and dark; more levels than
// that begin again.
var palette = [][2]string{
	{"#0d7d6c", "#3ecfb6"}, // teal
	{"#2b6fd6", "#78aeff"}, // blue
	{"#a8700b", "#eab54c"}, // amber
	{"#6a8a12", "#b3d455"}, // olive
	{"#a83279", "#f089c4"}, // plum
}

// style is the drawing's own: everything is under .seedbed-diagram, so that a page
// can hold it beside other things.
func style() string {
	var light, dark strings.Builder
	for i, c := range palette {
		fmt.Fprintf(&light, "--t%d:%s;", i, c[0])
		fmt.Fprintf(&dark, "--t%d:%s;", i, c[1])
	}
	return strings.NewReplacer("LIGHT", light.String(), "DARK", dark.String()).Replace(css)
}

const css = `
.seedbed-diagram{--paper:#fbfcfd;--card:#ffffff;--line:#d5dbe3;--head:#eef1f5;--ink:#1c2530;--soft:#66727f;--fk:#8a97a6;--pair:#8247c9;--shadow:#f0a24a;--sub:#c2417c;--open:#b3261e;LIGHT
font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px}
@media (prefers-color-scheme:dark){.seedbed-diagram{--paper:#11161c;--card:#1a212a;--line:#35404d;--head:#242d38;--ink:#e4eaf1;--soft:#93a0ae;--fk:#73818f;--pair:#c39bff;--shadow:#c77f2e;--sub:#ff8ab8;--open:#ff9d94;DARK}}
.seedbed-diagram .paper{fill:var(--paper)}
.seedbed-diagram text{fill:var(--ink);white-space:pre}
.seedbed-diagram .box{stroke-width:1.5;fill-opacity:.055;stroke-opacity:.75}
.seedbed-diagram .boxname{font-weight:700;font-size:13px}
.seedbed-diagram .soft{fill:var(--soft)}
.seedbed-diagram .card{fill:var(--card);stroke:var(--line)}
.seedbed-diagram .head{fill:var(--head)}
.seedbed-diagram .rule{stroke:var(--line)}
.seedbed-diagram .name{font-weight:700;font-size:13px}
.seedbed-diagram .undeclared .card{stroke-dasharray:4 3}
.seedbed-diagram .edge{fill:none;stroke:var(--c);stroke-linejoin:round}
.seedbed-diagram .tip{fill:var(--c)}
.seedbed-diagram .k-plain{--c:var(--fk);stroke-width:1.3}
.seedbed-diagram .k-owning{stroke-width:2.2}
.seedbed-diagram .k-tenancy{stroke-width:2;stroke-dasharray:1.5 4;stroke-linecap:round}
.seedbed-diagram .k-entry{stroke-width:4}
.seedbed-diagram .k-pair,.seedbed-diagram .k-shadowed{--c:var(--pair);stroke-width:1.7;stroke-dasharray:6 4}
.seedbed-diagram .k-shadow{--c:var(--shadow);stroke-width:4.5;stroke-opacity:.5}
.seedbed-diagram .k-subtype{--c:var(--sub);stroke-width:1.6}
.seedbed-diagram .hollow{fill:var(--card);stroke:var(--c);stroke-width:1.6}
.seedbed-diagram .faded{opacity:.12}
.seedbed-diagram .m-key{fill:none;stroke:var(--soft);stroke-width:1.4}
.seedbed-diagram .m-pair{fill:var(--pair)}
.seedbed-diagram .m-type{fill:var(--sub)}
.seedbed-diagram .m-lock{fill:none;stroke:var(--c);stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.seedbed-diagram .loop{fill:none;stroke:var(--fk);stroke-width:1.3}
`
