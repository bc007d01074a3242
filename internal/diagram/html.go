package diagram

import (
	"fmt"
	"html"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
)

// HTML is the drawing as a page that needs nothing else: it scrolls in both
// directions, fits the window (on a phone, at first) or shows its real size, and
// fades what a card that is pointed at has nothing to do with.
func HTML(m seedbed.Model, cat *catalog.Catalog, heading string) string {
	svg := SVG(m, cat)
	return strings.NewReplacer("{{heading}}", html.EscapeString(heading), "{{summary}}", html.EscapeString(summary(m, cat)), "{{svg}}", svg).Replace(page)
}

// summary is the Model in numbers.
func summary(m seedbed.Model, cat *catalog.Catalog) string {
	var out []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			out = append(out, "1 "+one)
		case n > 1:
			out = append(out, fmt.Sprintf("%d %s", n, many))
		}
	}
	count(len(build(m, cat).nodes), "table", "tables")
	count(len(m.Tenants), "level of tenancy", "levels of tenancy")
	count(len(m.Aggregates), "aggregate", "aggregates")
	count(len(m.Global), "global table", "global tables")
	count(len(m.Polymorphic), "polymorphic pair", "polymorphic pairs")
	count(len(m.Inheritance), "table with subtypes", "tables with subtypes")
	return strings.Join(out, " · ")
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{heading}}</title>
<style>
:root{color-scheme:light dark;--paper:#fbfcfd;--ink:#1c2530;--soft:#66727f;--line:#d5dbe3}
@media (prefers-color-scheme:dark){:root{--paper:#11161c;--ink:#e4eaf1;--soft:#93a0ae;--line:#35404d}}
*{box-sizing:border-box}
html,body{height:100%}
body{margin:0;display:flex;flex-direction:column;background:var(--paper);color:var(--ink);font:15px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline;padding:.7rem 1.2rem;border-bottom:1px solid var(--line)}
h1{font-size:1.05rem;margin:0}
p{margin:0;color:var(--soft);flex:1 1 16rem}
label{color:var(--soft);cursor:pointer;white-space:nowrap}
main{flex:1;overflow:auto}
main svg{display:block;margin:0 auto}
body:has(#fit:checked) main svg{max-width:100%;max-height:100%;width:100%;height:auto}
@media print{header label{display:none}}
</style>
</head>
<body>
<header><h1>{{heading}}</h1><p>{{summary}}</p><label><input type="checkbox" id="fit"> fit the window</label></header>
<main>
{{svg}}</main>
<script>
document.getElementById("fit").checked = innerWidth < 900;
for (const svg of document.querySelectorAll(".seedbed-diagram")) {
  const cards = [...svg.querySelectorAll("[data-n]")], lines = [...svg.querySelectorAll("[data-a]")];
  const show = n => {
    const near = new Set([n]);
    for (const l of lines) {
      const mine = l.dataset.a === n || l.dataset.b === n;
      if (mine) { near.add(l.dataset.a); near.add(l.dataset.b); }
      l.classList.toggle("faded", n !== null && !mine);
    }
    for (const c of cards) c.classList.toggle("faded", n !== null && !near.has(c.dataset.n));
  };
  for (const c of cards) {
    c.addEventListener("pointerenter", () => show(c.dataset.n));
    c.addEventListener("pointerleave", () => show(null));
  }
}
</script>
</body>
</html>
`
